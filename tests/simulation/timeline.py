"""Which version of a document answered when, by what was written to its head and at what time: an oracle of its own.

The registry notes the time of a publication itself, a moment before the write, and a write may be tried again for
seconds: what is asked for a time within `TOLERANCE` of a change may find what was before and after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portfolio_rag.domain.identifiers import iso

from .dynamodb import TableModel

TOLERANCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Moment:
    """A question's time, the versions that an answer may come from, and whether one of them has to be found."""

    time: str
    allowed: frozenset[int]
    found: bool


class Timeline:
    """Of one document, since nothing answered last: a deletion takes all that was before it."""

    def __init__(self, registry: TableModel, document_id: str) -> None:
        self.changes: list[tuple[datetime, int]] = []
        for time, changed, live in registry.heads:
            if changed != document_id:
                continue
            if live == 0:
                self.changes = []
            elif not self.changes or self.changes[-1][1] != live:
                self.changes.append((time, live))

    def answering(self, start: datetime, end: datetime) -> set[int]:
        """Every version that answered for a moment between the two; 0 for none."""
        before = [live for time, live in self.changes if time <= start]
        return {before[-1] if before else 0, *(live for time, live in self.changes if start < time <= end)}

    def moments(self) -> Iterator[Moment]:
        """Before, amid and after all the changes."""
        times = [time for time, _ in self.changes]
        if not times:
            yield Moment(iso(datetime(2026, 6, 1, tzinfo=UTC)), frozenset(), found=False)
            return
        ends = [*times[1:], times[-1] + timedelta(hours=2)]
        middles = [start + (end - start) / 2 for start, end in zip(times, ends, strict=True)]
        for time in (times[0] - timedelta(days=1), *middles):
            possible = self.answering(time - TOLERANCE, time + TOLERANCE)
            yield Moment(iso(time), frozenset(possible - {0}), found=len(possible) == 1 and 0 not in possible)
