"""Which collection answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexPointer:
    """Which collection answers, and which one a reindex is building beside it (writes go to both).

    `changed_at`: when a reindex last began or ended.
    """

    live: str
    building: str | None = None
    changed_at: str | None = None

    @property
    def targets(self) -> list[str]:
        return [self.live, *([self.building] if self.building else [])]
