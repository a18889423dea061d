"""Which collection answers: a name that a reindex moves from one collection to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.jobs import Job


@dataclass(frozen=True, slots=True)
class IndexAlias:
    """Which collection answers, and which one a reindex is building beside it (writes go to both).

    `changed_at`: when a reindex last began or ended.
    """

    live: str
    building: str | None = None
    changed_at: str | None = None

    @property
    def targets(self) -> list[str]:
        return [self.live, *([self.building] if self.building else [])]


class IndexAliases(Protocol):
    """The alias of one index, and the lease of the reindex that may move it; both live beside the jobs."""

    def current(self) -> IndexAlias: ...

    def begin_build(self, collection: str, owner: str, now: str, until: str) -> None:
        """Take the lease and name the collection being built. Raises Conflict while another holds the lease.

        The owner itself may do so again.
        """

    def renew_build(self, owner: str, until: str) -> None:
        """Keep the lease for longer. Raises ConditionFailed where it is no longer the owner's."""

    def end_build(self, owner: str) -> None:
        """Give the lease back: the collection is no longer written to. Fine where it is not the owner's any more."""

    def switch(self, job: Job, collection: str, now: str) -> Job:
        """That collection answers from this write on; the same transaction records it in the job and ends the lease.

        Raises ConditionFailed without the lease, without the job, or when somebody has asked to cancel it.
        """

    def abandon_build(self, now: str) -> bool:
        """Take the lease from an owner that has let it expire; its collection is no longer written to."""
