"""Waiting until a process really answers, and showing its last words when it never will."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from portfolio_rag.local.errors import StackError
from portfolio_rag.local.programs import Program
from portfolio_rag.local.report import Step
from portfolio_rag.local.supervise import Supervisor

# No proxy: everything that is asked here listens on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def healthy(url: str) -> bool:
    """Whether the URL answers 2xx within two seconds."""
    try:
        with _OPENER.open(url, timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


def wait_until_ready(supervisor: Supervisor, program: Program, logs: Path, step: Step, *, timeout: float) -> None:
    """Return when the program's health URL answers.

    Raises StackError with the end of its log when it has died or `timeout` seconds have passed.
    """
    deadline = time.monotonic() + timeout
    while not healthy(program.health_url):
        info = supervisor.info(program.name)
        if info.dead:
            raise StackError(f"{program.title} died: {info.description}.\n{last_words(logs, program.name)}")
        if time.monotonic() > deadline:
            raise StackError(
                f"{program.title} did not answer at {program.health_url} within {timeout:.0f} s.\n"
                f"{last_words(logs, program.name)}"
            )
        step.update(f"{info.state.lower()}, waiting for {program.health_url}")
        time.sleep(0.2)


def last_words(logs: Path, name: str, lines: int = 15) -> str:
    """The end of a program's log, ready to print, and where the rest is."""
    path = logs / f"{name}.log"
    tail = tail_of(path, lines)
    if not tail:
        return f"It wrote nothing to {path}."
    return "\n".join([f"The end of {path}:", *(f"  {line}" for line in tail), f"See more with `rag logs {name}`."])


def tail_of(path: Path, lines: int) -> list[str]:
    """The last lines of a text file; none when it is missing."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip("\n") for line in deque(stream, maxlen=lines)]
    except FileNotFoundError:
        return []
