"""Where a command writes to: its result on standard output, for people or as JSON; what it is doing, beside it."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from portfolio_rag.cli.terminal import escaped_json

_PLAIN_WIDTH = 200


def screen() -> Console:
    """Standard output for people. A pipe or a file has no width: there, nothing is cut."""
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)


def progress(*, as_json: bool) -> Console:
    """Where to tell how far a command is: beside standard output when that holds JSON."""
    return Console(stderr=True) if as_json else screen()


def print_json(value: Any) -> None:
    """The result of a command as one JSON object."""
    print(escaped_json(json.dumps(value, indent=2, ensure_ascii=False)), flush=True)


def print_json_line(value: Any) -> None:
    """One object of many on a line of its own, for commands that go on until they are stopped."""
    print(escaped_json(json.dumps(value, ensure_ascii=False)), flush=True)


def print_error_json(kind: str, message: str) -> None:
    """What went wrong, on standard error: `kind` is for programs, `message` for people."""
    print(escaped_json(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=False)), file=sys.stderr)
