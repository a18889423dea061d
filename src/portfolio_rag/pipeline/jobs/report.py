"""What a batch job did with each document, and why: JSON lines in S3, beside the job's row in `ingestion_jobs`.

    jobs/<job_id>/<part>.jsonl     up to PART_ENTRIES lines, in the order in which the job came to them

The row has the counts alone, so that it stays small whatever the number of documents; it stays when a lifecycle rule
has deleted the report of an old job. A part is written before its documents are driven and again with what came of it:
it is also the job's memory over crashes and invocations.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.ports.object_store import ObjectStore

JOBS = "jobs/"
PART_ENTRIES = 100
_PARTS_A_PAGE = 20
_REASON_CHARACTERS = 1000


class Outcome(StrEnum):
    """MODIFIED has other bytes or attributes than before; REINGESTED is as it was, under the rules in force now."""

    UNDER_WAY = "UNDER_WAY"
    NEW = "NEW"
    MODIFIED = "MODIFIED"
    REINGESTED = "REINGESTED"
    DELETED = "DELETED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    EMBEDDED = "EMBEDDED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a job. `source` tells the job where it found it; `version` is the one that it made."""

    key: str
    outcome: Outcome = Outcome.UNDER_WAY
    reason: str = ""
    document_id: str | None = None
    version: int | None = None
    source: int = 0


@dataclass(frozen=True, slots=True)
class ReportPage:
    """`cursor` is None at the end of what the job has recorded so far."""

    items: list[Entry]
    cursor: str | None


class JobReport:
    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def write(self, job_id: str, part: int, entries: Sequence[Entry]) -> None:
        """Put the part in the place of what it was."""
        lines = [json.dumps(_line(entry), ensure_ascii=False, separators=(",", ":")) for entry in entries]
        body = "".join(f"{line}\n" for line in lines).encode()
        self._store.put(self._bucket, _key(job_id, part), body, content_type="application/x-ndjson")

    def read(self, job_id: str, part: int) -> list[Entry] | None:
        """None where there is no such part."""
        try:
            body = self._store.get(ObjectRef(self._bucket, _key(job_id, part)))
        except NotFound:
            return None
        # Not splitlines(): a key may hold a character that it takes for the end of a line.
        return [_entry(line) for line in body.decode().split("\n") if line]

    def page(
        self, job_id: str, parts: int, *, limit: int, cursor: str | None = None, outcome: Outcome | None = None
    ) -> ReportPage:
        """Up to `limit` entries of the first `parts` parts; fewer, even none, do not mean that it is the last page.

        Raises InvalidRequest for a cursor that no page has given, and NotFound when a part is there no more.
        """
        part, line = _position(cursor)
        items: list[Entry] = []
        for number in range(part, min(parts, part + _PARTS_A_PAGE)):
            entries = self.read(job_id, number)
            if entries is None:
                raise NotFound(
                    f"The report of job {job_id} is there no more: reports are deleted when they are as old as "
                    "lifecycle_days.job_reports says, a year by default. The job itself still has its counts."
                )
            for at in range(line if number == part else 0, len(entries)):
                if len(items) == limit:
                    return ReportPage(items, f"{number}-{at}")
                if outcome in (None, entries[at].outcome):
                    items.append(entries[at])
        following = part + _PARTS_A_PAGE
        return ReportPage(items, f"{following}-0" if following < parts else None)


def shortened(reason: str) -> str:
    """As much of a reason as a line holds."""
    return reason if len(reason) <= _REASON_CHARACTERS else f"{reason[: _REASON_CHARACTERS - 1]}…"


def _key(job_id: str, part: int) -> str:
    return f"{JOBS}{job_id}/{part:06d}.jsonl"


def _line(entry: Entry) -> dict[str, object]:
    return {name: content for name, content in asdict(entry).items() if content not in (None, "")}


def _entry(line: str) -> Entry:
    content = json.loads(line)
    return Entry(**{**content, "outcome": Outcome(content["outcome"])})


def _position(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    part, dash, line = cursor.partition("-")
    if not (dash and part.isdecimal() and line.isdecimal()):
        raise InvalidRequest("The cursor is not valid here: use the one of the previous page, unchanged.")
    return int(part), int(line)
