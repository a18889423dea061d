"""What the follower of the full-text index still has to do: versions that answer and are not indexed, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MAX_TRIES = 10
"""Looks at a version whose chunks are not all to be seen; after that the next reconciliation tries."""

Key = tuple[str, int]


@dataclass(slots=True)
class _Waiting:
    version: int
    since: datetime
    not_before: datetime
    tries: int = 0


class UnindexedVersions:
    """At most one version a document; the one that was added first comes first."""

    def __init__(self, retry_after: timedelta) -> None:
        self._retry_after = retry_after
        self._waiting: dict[str, _Waiting] = {}
        self._given_up: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def versions(self) -> dict[str, int]:
        """All of them by document, those that were given up as well. Safe from another thread than the others."""
        waiting = list(self._waiting.items())
        return {**self._given_up.copy(), **{document_id: entry.version for document_id, entry in waiting}}

    @property
    def untried(self) -> int:
        """How many nobody has looked at yet."""
        return sum(waiting.tries == 0 for waiting in self._waiting.values())

    def since(self) -> datetime | None:
        """Since when the one that waits longest has waited. Safe from another thread than the others."""
        return min((waiting.since for waiting in list(self._waiting.values())), default=None)

    def add(self, document_id: str, version: int, now: datetime) -> None:
        known = self._waiting.get(document_id)
        if known is None or known.version != version:
            self._waiting[document_id] = _Waiting(version, since=now, not_before=now)

    def forget(self, document_id: str) -> None:
        self._waiting.pop(document_id, None)
        self._given_up.pop(document_id, None)

    def ready(self, now: datetime, limit: int) -> list[Key]:
        """At most `limit` to try now."""
        ready = ((id_, waiting.version) for id_, waiting in self._waiting.items() if waiting.not_before <= now)
        return [key for key, _ in zip(ready, range(limit), strict=False)]

    def failed(self, documents: Sequence[str], now: datetime) -> None:
        """To be tried again a little later, behind all others, unless that was the last time."""
        for document_id in documents:
            waiting = self._waiting.pop(document_id)
            waiting.tries += 1
            waiting.not_before = now + self._retry_after
            if waiting.tries < _MAX_TRIES:
                self._waiting[document_id] = waiting
            else:
                self._given_up[document_id] = waiting.version
