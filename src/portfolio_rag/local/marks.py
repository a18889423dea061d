"""How the emulator has ended: the files beside its state that tell of it.

The emulator notices an end that was not orderly when it starts (local/emulator.py). Its state is some seconds old then,
and everything else is not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Marks:
    """The files in the folder `state` that tell how the emulator has ended, and what was repaired."""

    state: Path

    @property
    def running(self) -> Path:
        return self.state / "emulator-running"

    @property
    def lost(self) -> Path:
        return self.state / "emulator-lost"

    @property
    def report(self) -> Path:
        return self.state / "emulator-repaired"

    @property
    def unclean(self) -> bool:
        """Whether something may be lost that has not been made up for."""
        return self.lost.exists()

    def begin(self, *, snapshot_at: float | None) -> None:
        """The emulator starts from a snapshot of that moment (Unix seconds), or from nothing."""
        if self.running.exists():
            earlier = [self.lost_since] if self.unclean else []
            self.lost.write_text(json.dumps({"since": min([snapshot_at or 0.0, *earlier])}))
        self.running.touch()

    def end(self) -> None:
        """It has written its state and ends."""
        self.running.unlink(missing_ok=True)

    @property
    def lost_since(self) -> float:
        return float(json.loads(self.lost.read_text())["since"])
