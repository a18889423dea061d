"""What `as_of` of a request means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portfolio_rag.answering.retrieval.as_of import moment_of, resolve
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.filters import Condition, Group
from portfolio_rag.domain.versions import Publication

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ANSWERED = (Publication(1, "2026-01-01T00:00:00.000000Z"), Publication(2, "2026-02-01T00:00:00.000000Z"))
TEAM = Condition("equals", "team", "storage")
ONLY = Condition("equals", "document_id", "d")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T09:30:00Z", "2026-05-01T09:30:00.000000Z"),
        ("2026-05-01T09:30:00+02:00", "2026-05-01T07:30:00.000000Z"),
        ("2026-05-01T09:30", "2026-05-01T09:30:00.000000Z"),
        (" 2026-05-01 ", "2026-05-01T23:59:59.999999Z"),
        ("2026-06-15", "2026-06-15T12:00:00.000000Z"),
        ("2026-06-15T12:00:30Z", "2026-06-15T12:00:00.000000Z"),
    ],
)
def test_times_and_days(text: str, moment: str) -> None:
    assert moment_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-06-16", "2026-06-15T12:05:00Z", "9999-12-31", "1"])
def test_what_is_no_time_or_has_not_come(text: str) -> None:
    with pytest.raises(InvalidRequest, match="as_of is"):
        moment_of(text, NOW)


def test_a_version_means_when_it_began_to_answer_and_its_document_alone() -> None:
    wanted = resolve(2, "d", ANSWERED, TEAM, NOW)
    assert wanted.moment == ANSWERED[1].at
    assert wanted.where == Group("andAll", (TEAM, ONLY))
    with pytest.raises(NotFound, match="Version 3"):
        resolve(3, "d", ANSWERED, None, NOW)
    with pytest.raises(InvalidRequest, match="document_id"):
        resolve(2, None, (), None, NOW)


def test_nothing_asked_changes_nothing() -> None:
    wanted = resolve(None, None, (), TEAM, NOW)
    assert (wanted.moment, wanted.where) == (None, TEAM)
    assert resolve(None, "d", (), None, NOW).where == ONLY
