"""What a request means by `as_of`: a moment, and perhaps one document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.filters import Condition, Filter, Group
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.versions import Publications, period_of

_AHEAD = timedelta(minutes=1)
"""Clocks differ: so far ahead is now."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """`moment`: in the form in which times are stored; None for what answers now."""

    moment: str | None
    where: Filter | None


def moment_of(text: str, now: datetime) -> str:
    """An ISO 8601 time; one without an offset is UTC, and a date alone means its end. Raises InvalidRequest."""
    try:
        moment = _read(text.strip())
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"as_of is {text!r:.60}: write a time such as 2026-11-01T09:30:00Z, a date such as 2026-11-01, or, with a "
            "document_id, the number of a version."
        ) from None
    if moment > now + _AHEAD and not (len(text.strip()) == _DATE_LENGTH and moment - timedelta(days=1) <= now):
        raise InvalidRequest(f"as_of is {text!r:.60}, which lies in the future. What will answer then is not known.")
    return iso(min(moment, now))


def resolve(
    as_of: str | int | None,
    document_id: str | None,
    publications: Publications,
    where: Filter | None,
    now: datetime,
) -> AsOf:
    """`publications` are those of the document where one is named.

    A version means the moment in which it began to answer. Raises InvalidRequest, and NotFound for a version that is
    not kept.
    """
    if document_id is not None:
        only = Condition("equals", "document_id", document_id)
        where = only if where is None else Group("andAll", (where, only))
    if as_of is None:
        return AsOf(None, where)
    if isinstance(as_of, str):
        return AsOf(moment_of(as_of, now), where)
    if document_id is None:
        raise InvalidRequest("as_of is the number of a version: name the document that it is of with document_id.")
    period = period_of(publications, as_of)
    if period is None:
        raise NotFound(f"Version {as_of} of {document_id} has never answered, or is not kept any more.")
    return AsOf(period.since, where)


_DATE_LENGTH = len("2026-11-01")


def _read(text: str) -> datetime:
    if len(text) == _DATE_LENGTH:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
