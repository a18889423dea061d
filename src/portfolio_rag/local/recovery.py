"""After an end of the emulator that was not orderly: its state is some seconds old, and everything else is not.

The emulator notices it when it starts (local/emulator.py) and starts the repair beside itself, so that it is done
though nobody is there; `make up` waits for it and tells what it did.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.health import healthy
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind

_READY_SECONDS = 120.0

_log = logging.getLogger(__name__)


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


def start_beside() -> None:
    """Repair in a process of its own, as soon as everything answers."""
    subprocess.Popen([sys.executable, "-m", "portfolio_rag.local.recovery"], stdin=subprocess.DEVNULL)


def recover(state: Path, parts: RepairParts) -> str:
    """Make the stores agree if that is due; what was done since somebody was told last, for people.

    Raises PortfolioRagError when a store does not answer: then it stays due.
    """
    marks = Marks(state)
    with (state / "recovery.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marks.unclean:
            since = datetime.fromtimestamp(marks.lost_since, UTC)
            found = Counter(difference.kind for difference in parts.lost_writes.run(since))
            with marks.report.open("a") as report:
                report.write(_told(since, found) + "\n")
            marks.lost.unlink()
        return marks.report.read_text().strip() if marks.report.exists() else ""


def _told(since: datetime, found: Counter[DifferenceKind]) -> str:
    done = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())) or "the stores agreed"
    return (
        f"The emulator had ended without saving: what it was told after {since:%Y-%m-%d %H:%M:%S} UTC was lost. "
        f"Repaired from S3, Chroma and the backup: {done}. docs/operating.md says what cannot come back."
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    environment = os.environ
    urls = [f"{environment['AWS_ENDPOINT_URL']}/_ministack/ready", f"{environment['CHROMA_URL']}/api/v2/heartbeat"]
    deadline = time.monotonic() + _READY_SECONDS
    starter = os.getppid()
    while not all(healthy(url) for url in urls):
        if os.getppid() != starter:
            sys.exit("The emulator has ended again.")
        if time.monotonic() > deadline:
            sys.exit("The stack does not answer: `make up` repairs it.")
        time.sleep(0.5)
    try:
        print(recover(Path(environment["STATE_DIR"]).parent, RepairParts.from_env()), flush=True)
    except PortfolioRagError as error:
        sys.exit(f"The repair failed, `make up` tries again: {error}")


if __name__ == "__main__":
    main()
