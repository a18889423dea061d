"""What Terraform would make, resource by resource, without any account: the plan of terraform/tests/planned.tftest.hcl.

`python -m tests.terraform.plan` writes it to planned.json, to be read in the review of a change. What must hold
whatever is recorded stands in invariants.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portfolio_rag.local.terraform import Terraform, plugin_environment

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("planned.json")

Plan = dict[str, dict[str, Any]]
"""Address of a resource -> what is configured of it; texts that hold JSON are decoded."""

_MOCKED = re.compile(r"[a-z0-9]{8}")
"""What a mocked provider gives for a value that AWS would choose: other letters each time."""

_UNREAD = frozenset({"id", "tags", "tags_all", "dashboard_body"})
_LINE_CHARACTERS = 120
_TYPES_UNREAD = frozenset({"aws_cloudwatch_dashboard"})


@contextmanager
def working_copy(change: Callable[[Path], None] = lambda _: None) -> Iterator[Terraform]:
    """The project's Terraform in a folder of its own, after `change` was made to it there."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        # Without what is this checkout's own: its state, its variables, the tags of its images.
        others = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "*.tfvars.json", "*_override.tf")
        shutil.copytree(ROOT / "terraform", source, ignore=others)
        change(source)
        terraform = Terraform(source, Path(folder) / "work", plugin_environment(dict(os.environ), ROOT))
        terraform.prepare(backend=False)
        yield terraform


def plan(terraform: Terraform) -> Plan:
    """The planned resources. Raises AssertionError with Terraform's words when there is no plan."""
    done = subprocess.run(
        ["terraform", "test", "-json", "-verbose", "-filter=tests/planned.tftest.hcl"],
        cwd=terraform.work,
        env=dict(terraform.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    plans = [message["test_plan"] for message in messages if message["type"] == "test_plan"]
    assert plans, done.stdout[-3000:] + done.stderr
    schemas = {
        name: schema
        for provider in plans[0]["provider_schemas"].values()
        for name, schema in provider.get("resource_schemas", {}).items()
    }
    changes = [change for change in plans[0]["resource_changes"] if change["mode"] == "managed"]
    names = {change["change"]["after"].get("id"): f"(id of {change['address']})" for change in changes}
    return {
        change["address"]: _configured(change["change"]["after"], schemas[change["type"]]["block"], names)
        for change in sorted(changes, key=lambda change: str(change["address"]))
        if change["type"] not in _TYPES_UNREAD
    }


def _configured(values: Mapping[str, Any], block: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    """Without what is unset or made up by the mock."""
    attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in _UNREAD or value in (None, "", [], {}):
            continue
        if name in blocks:
            inner = blocks[name]["block"]
            found[name] = [_configured(entry, inner, names) for entry in value]
        elif isinstance(value, str):
            if not (attributes[name].get("computed") and _MOCKED.fullmatch(value)):
                found[name] = names.get(value, _decoded(value))
        else:
            found[name] = value
    return found


def _decoded(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def statements(planned: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the address of its resource."""
    for address, values in planned.items():
        for name in ("policy", "assume_role_policy"):
            for statement in values.get(name, {}).get("Statement", []) if isinstance(values.get(name), dict) else []:
                yield address, statement


def differences(planned: Plan, recorded: Plan) -> list[str]:
    """One line for each attribute that is not as recorded."""
    lines = []
    for address in sorted(planned.keys() | recorded.keys()):
        now, then = planned.get(address), recorded.get(address)
        if now is None or then is None:
            lines.append(f"{address}: {'gone' if now is None else 'new'}")
            continue
        for name in sorted(now.keys() | then.keys()):
            if now.get(name) != then.get(name):
                lines.append(f"{address}.{name}: {json.dumps(now.get(name))} instead of {json.dumps(then.get(name))}")
    return lines


def written(value: Any, indent: str = "") -> str:
    """JSON in which whatever fits on a line stands on one, so that a change is seen beside what it belongs to."""
    flat = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(indent) + len(flat) <= _LINE_CHARACTERS or not isinstance(value, dict | list):
        return flat
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(name)}: {written(value[name], inner)}" for name in sorted(value)]
    else:
        parts = [inner + written(entry, inner) for entry in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "\n".join([opening, ",\n".join(parts), indent + closing])


if __name__ == "__main__":
    with working_copy() as copy:
        RECORD.write_text(written(plan(copy)) + "\n", encoding="utf-8")
