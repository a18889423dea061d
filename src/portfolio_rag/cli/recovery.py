"""`python -m portfolio_rag.cli.recovery`: make the stores agree after an end of the emulator that was not orderly.

The emulator starts this beside itself, so that it is done though nobody is there; `make up` waits for it and tells what
it did.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.health import healthy
from portfolio_rag.local.marks import Marks
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind

_READY_SECONDS = 120.0


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
