"""How long work tells what it is doing, without knowing whether a terminal or a test listens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Step(Protocol):
    def update(self, detail: str) -> None:
        """Say what the step is doing right now, in a few words."""

    def skip(self, reason: str) -> None:
        """Say that there was nothing to do, and why."""


class Reporter(Protocol):
    def step(self, title: str) -> AbstractContextManager[Step]:
        """One step of the work; leaving the block without an error ends it well."""

    def note(self, message: str) -> None:
        """Something that the user should know and that is no error."""
