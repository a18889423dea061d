"""Steps on a terminal: a spinner while one works, a line when it has ended; plain lines where no terminal is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from portfolio_rag.cli.terminal import escape

_PLAIN_INTERVAL_SECONDS = 10.0


class _Step:
    def __init__(self, title: str, console: Console, status: Status) -> None:
        self._title = title
        self._console = console
        self._status = status
        self._last_plain = time.monotonic()
        self.detail = ""
        self.skipped = False

    def update(self, detail: str) -> None:
        self.detail = detail
        if self._console.is_terminal:
            self._status.update(f"{self._title} [dim]{escape(detail)}[/dim]")
        elif time.monotonic() - self._last_plain > _PLAIN_INTERVAL_SECONDS:
            self._last_plain = time.monotonic()
            self._console.print(f"  … {escape(detail)}", soft_wrap=True)

    def skip(self, reason: str) -> None:
        self.skipped = True
        self.detail = reason


class RichReporter:
    """`report.Reporter` for people."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[_Step]:
        started = time.monotonic()
        with self._console.status(title) as status:
            step = _Step(title, self._console, status)
            try:
                yield step
            except BaseException:
                self._line("[red]✗[/red]", title, step.detail, started)
                raise
        self._line("[green]✓[/green]", title, step.detail if step.skipped else "", started)

    def note(self, message: str) -> None:
        self._console.print(f"[yellow]![/yellow] {escape(message)}", soft_wrap=True)

    def _line(self, mark: str, title: str, detail: str, started: float) -> None:
        about = f": {escape(detail)}" if detail else ""
        seconds = time.monotonic() - started
        self._console.print(f"{mark} {escape(title)}{about} [dim]{seconds:.1f} s[/dim]", soft_wrap=True)
