"""Cold starts: from the start of a function's process to the end of its first invocation, and what it imports.

As on AWS each is a Python of its own (the local stack forks them from one that is warm), and as in the local stack they
run against an emulator and a Chroma that are up, on a real event, with buckets, tables and queues of their own, so that
the stack's own functions are not woken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.cold_containers import measure_containers
from bench.cold_resources import OwnResources
from bench.measure import ROOT, keeping_bytecode, summary
from bench.plots import bars
from bench.report import table
from bench.section import Options, Result
from bench.stack import RunningStack, running_api, running_stack
from bench.targets import Target, number
from portfolio_rag.local.functions import Function, discover
from portfolio_rag.local.lambda_environment import Deployed, Environment, Invocation
from portfolio_rag.local.lambda_processes import FreshProcess

NAME = "cold_starts"
TITLE = "Cold starts"
PLOT = "performance-cold-starts.svg"

LIGHT = ("document-intake", "document-processor", "batch-reindex", "check-health")
EMBEDDING = "embedding-generator"
LIGHT_S, EMBEDDING_S = 0.6, 1.0
_TRIED = (
    "Beside other programs on the same cores everything takes longer: at a load of 15 `check-health` took 1.68 s and "
    "`embedding-generator` 2.34 s, and with nothing beside it 0.33 and 0.50 s, on the same machine (2026-11-27 and 28)."
)
_TIMEOUT_S = 60.0
_MEMORY_MB = 1769
_TOP = 6


def measure(options: Options) -> Result:
    functions = {function.name: function for function in discover(ROOT / "images")}
    seconds: dict[str, list[float]] = {name: [] for name in (*LIGHT, EMBEDDING)}
    api: list[dict[str, float]] = []
    with (
        running_stack(options.work / "load", samples=True) as stack,
        OwnResources(stack) as own,
        _bytecode_kept(),
    ):
        for number_ in range(-1, options.rounds):  # the first one fills the page cache and is thrown away
            taken = _round(functions, own, number_)
            if number_ >= 0:
                for name, one in taken.items():
                    seconds[name].append(one)
        api = [_api(stack) for _ in range(2 if options.quick else 5)]
    return {
        "functions": {name: summary(values) for name, values in seconds.items()},
        "api": {key: summary([one[key] for one in api]) for key in api[0]},
        "imports": {name: imports(function.handler) for name, function in functions.items()},
        "containers": measure_containers(options.rounds),
    }


def _round(functions: Mapping[str, Function], own: OwnResources, number_: int) -> dict[str, float]:
    """One document through the pipeline, every function in a process of its own that has just started."""
    found = {}

    def cold(name: str, event: Any) -> None:
        found[name] = _cold(functions[name], own.variables, event)

    cold("document-intake", own.uploaded(number_))
    cold("document-processor", own.received("ingestion"))
    cold(EMBEDDING, own.received("embedding"))
    cold("batch-reindex", {"job_type": "BATCH", "source_s3_prefix": "nothing/"})
    cold("check-health", {})
    return found


def _cold(function: Function, variables: Mapping[str, str], event: Any) -> float:
    """Seconds; raises RuntimeError with what the function said when it failed."""
    printed: list[str] = []
    started = time.perf_counter()
    deployed = Deployed(variables, _MEMORY_MB)
    environment = Environment(function, deployed, lambda _, __, line: printed.append(line), FreshProcess)
    try:
        result = environment.invoke(
            Invocation("cold", function.name, "$LATEST", deadline=time.time() + _TIMEOUT_S, event=event)
        )
        elapsed = time.perf_counter() - started
    finally:
        environment.kill()
    if result.error or (isinstance(result.payload, dict) and result.payload.get("batchItemFailures")):
        raise RuntimeError("\n".join([f"{function.name}: {result.payload}", *printed[-20:]]))
    return elapsed


@contextmanager
def _bytecode_kept() -> Iterator[None]:
    """For environments that are started meanwhile: they inherit this process's variables."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(keeping_bytecode())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _api(stack: RunningStack) -> dict[str, float]:
    """Seconds to the first answer at all, and to the first search."""
    started = time.perf_counter()
    with running_api(stack, PYTHONDONTWRITEBYTECODE="") as (url, _):
        live = time.perf_counter() - started
        question = {"query": "How long is a message kept?"}
        httpx.post(f"{url}/api/search", json=question, trust_env=False, timeout=_TIMEOUT_S).raise_for_status()
        return {"live_s": live, "search_s": time.perf_counter() - started}


def imports(handler: Path) -> Result:
    """Modules that importing the handler loads, and the packages in which most of the time goes, in milliseconds."""
    program = f"import sys; sys.path.insert(0, {str(handler.parent)!r}); import handler"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        cwd=ROOT,
        env=keeping_bytecode(),
        capture_output=True,
        text=True,
        check=True,
    )
    own: Counter[str] = Counter()
    modules = 0
    for line in done.stderr.splitlines():
        fields = line.removeprefix("import time:").split("|")
        if len(fields) == 3 and fields[0].strip().isdecimal():
            own[fields[2].strip().partition(".")[0]] += int(fields[0])
            modules += 1
    heaviest = {name: spent / 1000 for name, spent in own.most_common(_TOP)}
    return {"modules": modules, "total_ms": own.total() / 1000, "heaviest_ms": heaviest}


def targets(result: Mapping[str, Any]) -> list[Target]:
    found = result["functions"]
    return [
        Target(f"`{name}`, process start to first result", bound, found[name]["median"], "s", "lower", _TRIED)
        for name, bound in [*((name, LIGHT_S) for name in LIGHT), (EMBEDDING, EMBEDDING_S)]
    ]


def render(result: Mapping[str, Any], plots: Path) -> str:
    found, api = result["functions"], result["api"]
    (plots / PLOT).write_text(
        bars(
            "Process start to first result",
            "s",
            {**{name: one["median"] for name, one in found.items()}, "API, first search": api["search_s"]["median"]},
        ),
        encoding="utf-8",
    )
    rows = [
        [f"`{name}`", _seconds(one), f"{result['imports'][name]['modules']:,}", _heaviest(result["imports"][name])]
        for name, one in found.items()
    ]
    parts = [
        "A new process, a real event, the emulator and Chroma up. One document is "
        "uploaded and goes through all of them, each cold. Files are in the page cache.\n",
        f"![Process start to first result]({PLOT})\n",
        table(["", "to the first result", "modules loaded", "where the import goes"], rows),
        f"The API answers after {_seconds(api['live_s'])}, with its model loaded, and has answered a search after "
        f"{_seconds(api['search_s'])}.\n",
        _containers(result["containers"]),
    ]
    return "\n".join(parts)


def _containers(found: Mapping[str, Any]) -> str:
    if "skipped" in found:
        return f"In containers: not measured here, {found['skipped']}.\n"
    rows = [
        [f"`{name}`", _seconds(one["inside_s"]), _seconds(one["outside_s"])] for name, one in found["images"].items()
    ]
    columns = ["In a container, to the handler loaded", "from the interpreter's start", "from `docker run`"]
    return table(columns, rows) + "\nWith the model, and a first vector, where the image has one.\n"


def _heaviest(found: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{name} {spent:.0f}" for name, spent in found["heaviest_ms"].items())
    return f"{found['total_ms']:.0f} ms: {parts}"


def _seconds(found: Mapping[str, float]) -> str:
    return f"{number(found['median'])} s [{number(found['min'])}–{number(found['max'])}]"
