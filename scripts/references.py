"""Write docs/reference/: the command line from its parser, the API's OpenAPI document, Terraform's inputs and outputs.

`--check` writes nothing, and exits with 1 when a file is out of date.
"""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
from typer.cli import get_docs_for_click
from typer.core import TyperGroup
from typer.main import get_command

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
sys.path.insert(0, str(ROOT))  # `api` is no part of the installed package

_LINE = 80
_EMPTY = "\0"
"""Stands for `{}`, which stays on its line."""

_WHOLE = 1000
"""Characters of a summary: all of them."""


def command_line() -> str:
    """Every command with its arguments and options, by Typer's own generator."""
    from portfolio_rag.cli.main import app

    group = get_command(app)
    text = get_docs_for_click(obj=group, ctx=_context(group), name="rag", title="The command line")
    for command in _commands(group):
        # It cuts summaries as if a page were a terminal.
        cut = command.get_short_help_str()
        text = text.replace(f"* `{command.name}`: {html.escape(cut)}\n", f"* `{command.name}`: {_summary(command)}\n")
    return f"<!-- Written by `make references`. -->\n\n{html.unescape(text).rstrip()}\n"


def _context(group: Any) -> Any:
    return group.make_context("rag", [], resilient_parsing=True)


def _commands(group: Any) -> Iterator[Any]:
    for command in group.commands.values():
        yield command
        if isinstance(command, TyperGroup):
            yield from _commands(command)


def _summary(command: Any) -> str:
    return html.escape(command.get_short_help_str(_WHOLE))


def openapi() -> str:
    """The API's OpenAPI document, as /openapi.json serves it, but laid out to be read and compared."""
    from api.main import create_app
    from portfolio_rag.settings.environment import Settings

    return json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False) + "\n"


def terraform() -> str:
    """The root module's variables and outputs, from its files."""
    lines = [
        "<!-- Written by `make references`. -->",
        "",
        "# Terraform",
        "",
        "What the root module, `terraform/`, takes and gives. [AWS](../aws.md) says which of it a deployment needs.",
        "",
        "## Inputs",
    ]
    for name, variable in _blocks("variable"):
        lines += ["", f"### `{name}`", "", _text(variable["description"]), ""]
        lines += ["```hcl", f"type    = {_expression(variable['type'])}"]
        lines += [f"default = {_expression(variable['default'])}"] if "default" in variable else ["# required"]
        lines += ["```"]
        rules = [_text(rule["error_message"]) for rule in variable.get("validation", [])]
        lines += ["", *(f"- {rule}" for rule in rules)] if rules else []
    lines += ["", "## Outputs", "", "| Output | What it is |", "|---|---|"]
    lines += [f"| `{name}` | {_text(output['description'])} |" for name, output in _blocks("output")]
    return "\n".join(lines) + "\n"


def _blocks(kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The blocks of a kind in the root module, in the order of its files."""
    for path in sorted((ROOT / "terraform").glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            for block in hcl2.load(file).get(kind, []):
                for name, body in block.items():
                    yield _text(name), body


def _text(quoted: str) -> str:
    """The text of a quoted string, as the parser gives it: in its quotes, with its escapes."""
    return str(json.loads(quoted))


def _expression(value: Any) -> str:
    """A value as it is written in HCL: the parser gives expressions as `${…}`, and literals as Python's own."""
    if isinstance(value, list):
        return f"[{', '.join(map(_expression, value))}]"
    if isinstance(value, str):
        expression = value.removeprefix("${").removesuffix("}") if value.startswith("${") else value
        return _laid_out(expression) if len(expression) > _LINE else expression
    return json.dumps(value)


def _laid_out(expression: str) -> str:
    """A type of many attributes with each on a line of its own."""
    laid_out, open_brackets, quoted = "", "", False
    for character in expression.replace("{}", _EMPTY):
        quoted ^= character == '"'
        indent = "\n" + "  " * (open_brackets.count("{") + (character == "{") - (character == "}"))
        if quoted or character not in "({[]}),":
            # The blank that stood behind a comma.
            laid_out += "" if character == " " and laid_out.endswith("  ") else character
        elif character == "{":
            laid_out += character + indent
        elif character == "}":
            laid_out += indent + character
        else:
            laid_out += indent if character == "," and open_brackets.endswith("{") else character
        if not quoted and character in "({[":
            open_brackets += character
        elif not quoted and character in "]})":
            open_brackets = open_brackets[:-1]
    return laid_out.replace(_EMPTY, "{}")


REFERENCES: Mapping[str, Callable[[], str]] = {
    "cli.md": command_line,
    "openapi.json": openapi,
    "terraform.md": terraform,
}


def main() -> None:
    stale = []
    for name, generate in REFERENCES.items():
        path, text = FOLDER / name, generate()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"docs/reference is out of date ({', '.join(stale)}): run `make references`.")
    print(f"docs/reference: {', '.join(stale) or 'nothing'} changed")


if __name__ == "__main__":
    main()
