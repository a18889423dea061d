"""`rag logs`: the end of the stack's logs, and what is added to them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Protocol

import typer

from portfolio_rag.cli.output import print_json, print_json_line
from portfolio_rag.cli.terminal import neutral_but_coloured
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.health import tail_of

_POLL_SECONDS = 0.5
_COLOURS = (typer.colors.CYAN, typer.colors.MAGENTA, typer.colors.GREEN, typer.colors.YELLOW, typer.colors.BLUE)


def show(name: str | None, *, follow: bool, lines: int, as_json: bool = False) -> None:
    """Print the last lines of one log or of all, each line with its log's name in front when there are several.

    As JSON it is one object, or with `follow` one for each line.
    """
    folder = StackConfig.load().logs_dir
    paths = sorted(folder.glob("*.log"))
    if name is not None:
        names = ", ".join(path.stem for path in paths) or "none yet"
        paths = [path for path in paths if path.stem == name]
        if not paths:
            raise StackError(f"There is no log of {name!r}; there are: {names}.")
    if not paths:
        raise StackError(f"There are no logs in {folder} yet. `make up` starts the stack.")
    printers: dict[Path, _Printer] = {
        path: _JsonPrinter(path.stem) if as_json else _TextPrinter(path.stem if len(paths) > 1 else "", n)
        for n, path in enumerate(paths)
    }
    positions = {path: path.stat().st_size for path in paths}
    if as_json and not follow:
        print_json({"lines": [{"log": path.stem, "line": line} for path in paths for line in tail_of(path, lines)]})
        return
    for path, printer in printers.items():
        for line in tail_of(path, lines):
            printer.line(line)
    with contextlib.suppress(KeyboardInterrupt):
        while follow:
            time.sleep(_POLL_SECONDS)
            for path, printer in printers.items():
                positions[path] = _follow(path, positions[path], printer)


class _Printer(Protocol):
    def line(self, text: str) -> None: ...


class _JsonPrinter:
    def __init__(self, log: str) -> None:
        self._log = log

    def line(self, text: str) -> None:
        print_json_line({"log": self._log, "line": text})


class _TextPrinter:
    def __init__(self, label: str, n: int) -> None:
        self._label = typer.style(f"{label:<11} ", fg=_COLOURS[n % len(_COLOURS)]) if label else ""

    def line(self, text: str) -> None:
        typer.echo(f"{self._label}{neutral_but_coloured(text)}")


def _follow(path: Path, position: int, printer: _Printer) -> int:
    """Print the whole lines behind `position` and return where they end. A log that was rotated starts anew."""
    try:
        with path.open("rb") as stream:
            if path.stat().st_size < position:
                position = 0
            stream.seek(position)
            added = stream.read()
    except FileNotFoundError:
        return 0
    whole = added[: added.rfind(b"\n") + 1]
    for line in whole.decode("utf-8", "replace").splitlines():
        printer.line(line)
    return position + len(whole)
