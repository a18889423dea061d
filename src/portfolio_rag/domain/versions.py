"""Which version of a document answered when: the publications that its head records, and for how long they are kept.

A version begins to answer with one conditional write and is followed by another one, so it answers in one period: from
its own publication to the next one. It never answers a second time: a rollback publishes a new version that has the
chunks of the old one (docs/decisions/0029-versions-as-of.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from portfolio_rag.domain.identifiers import iso


@dataclass(frozen=True, slots=True)
class Publication:
    """From `at` (ISO 8601, as it is stored) on, `version` answered. 0: what did has been lost, and nothing answers."""

    version: int
    at: str


Publications = tuple[Publication, ...]
"""Oldest first; the last one is that of the version that answers now."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`; None: still."""

    since: str
    until: str | None


def publications_of(stored: Iterable[Mapping[str, Any]]) -> Publications:
    """From the attribute of a head: `asdict` of each."""
    return tuple(Publication(int(entry["version"]), str(entry["at"])) for entry in stored)


def version_at(publications: Publications, moment: str) -> int:
    """The version that answered at that moment; 0 for none that is known."""
    return next((entry.version for entry in reversed(publications) if entry.at <= moment), 0)


def known_versions(publications: Publications) -> set[int]:
    """Those that answer, or answered and are kept."""
    return {entry.version for entry in publications if entry.version}


def period_of(publications: Publications, version: int) -> Period | None:
    """When the version answered; None where that is not known (any more)."""
    for entry, following in pairwise((*publications, None)):
        if entry is not None and entry.version == version:
            return Period(entry.at, following.at if following is not None else None)
    return None


def without_version(publications: Publications, version: int) -> Publications:
    """The same with a gap where that version answered."""
    return tuple(Publication(0, entry.at) if entry.version == version else entry for entry in publications)


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """How many versions of a document that were replaced stay searchable, and for how many days after that.

    No `versions`: none. No `days`: for ever.
    """

    versions: int
    days: int

    def kept(self, publications: Publications, now: datetime) -> Publications:
        """Those that are kept now: the newest ones, and always the one that answers."""
        oldest = iso(now - timedelta(days=self.days)) if self.days else ""
        first = max(0, len(publications) - 1 - self.versions)
        while first < len(publications) - 1 and publications[first + 1].at < oldest:
            first += 1
        return publications[first:]

    def next_expiry(self, publications: Publications) -> str | None:
        """When the first of them will be kept no longer; None: never by the passing of time alone."""
        if not self.days or len(publications) < 2:
            return None
        return iso(datetime.fromisoformat(publications[1].at) + timedelta(days=self.days))


# --- the index of versions that were replaced

_SUFFIX = ".history"


def history_collection(collection: str) -> str:
    """Where the windows of replaced versions stand that belong to that collection: beside it, so that no question
    about what is live can meet them."""
    return collection + _SUFFIX


def live_collection(name: str) -> str:
    """The collection that one of either kind belongs to."""
    return name.removesuffix(_SUFFIX)


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """A window of a replaced version, as its id tells it: no metadata need be read to know whether it answered.

    `since` and `until` in microseconds since 1970. The id has at most 120 bytes; Chroma Cloud allows 128.
    """

    window_id: str
    document_id: str
    version: int
    since: int
    until: int

    @property
    def id(self) -> str:
        return f"{self.window_id}@{self.document_id}.{self.version}.{self.since:x}.{self.until:x}"

    def answered_at(self, moment: int) -> bool:
        return self.since <= moment < self.until


def history_window(window_id: str, document_id: str, version: int, period: Period) -> HistoryWindow:
    """Of a version that was replaced. Raises ValueError for one that still answers."""
    if period.until is None:
        raise ValueError(f"Version {version} of {document_id} still answers.")
    return HistoryWindow(window_id, document_id, version, microseconds(period.since), microseconds(period.until))


def read_history_id(id_: str) -> HistoryWindow | None:
    """The reverse of `HistoryWindow.id`; None for another text."""
    window_id, _, owner = id_.partition("@")
    try:
        document_id, version, since, until = owner.split(".")
        return HistoryWindow(window_id, document_id, int(version), int(since, 16), int(until, 16))
    except ValueError:
        return None


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def microseconds(moment: str) -> int:
    """Since 1970."""
    return (datetime.fromisoformat(moment) - _EPOCH) // timedelta(microseconds=1)
