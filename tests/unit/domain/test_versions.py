"""Which version answered when, how long that is known, and what the id of an old window says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.versions import (
    HistoryRules,
    Period,
    Publication,
    history_window,
    known_versions,
    period_of,
    read_history_id,
    version_at,
    without_version,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DOCUMENT = "5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"


def day(number: float) -> str:
    return iso(START + timedelta(days=number))


ANSWERED = tuple(Publication(version, day(version * 10)) for version in (1, 2, 3))


@pytest.mark.parametrize(("moment", "version"), [(5, 0), (10, 1), (19.9, 1), (20, 2), (31, 3), (400, 3)])
def test_the_version_at_a_moment(moment: float, version: int) -> None:
    assert version_at(ANSWERED, day(moment)) == version


def test_periods_end_where_the_next_begins() -> None:
    assert period_of(ANSWERED, 2) == Period(day(20), day(30))
    assert period_of(ANSWERED, 3) == Period(day(30), None)
    assert period_of(ANSWERED, 7) is None


def test_a_version_that_is_taken_out_leaves_a_gap() -> None:
    left = without_version(ANSWERED, 2)
    assert known_versions(left) == {1, 3}
    assert [version_at(left, day(moment)) for moment in (15, 25, 35)] == [1, 0, 3]
    assert period_of(left, 1) == Period(day(10), day(20))


@pytest.mark.parametrize(
    ("rules", "now", "kept"),
    [
        (HistoryRules(10, 0), 4000, {1, 2, 3}),
        (HistoryRules(1, 0), 31, {2, 3}),
        (HistoryRules(0, 0), 31, {3}),
        (HistoryRules(10, 5), 24.9, {1, 2, 3}),
        (HistoryRules(10, 5), 25.1, {2, 3}),
        (HistoryRules(10, 5), 4000, {3}),
    ],
)
def test_what_is_kept(rules: HistoryRules, now: float, kept: set[int]) -> None:
    assert known_versions(rules.kept(ANSWERED, START + timedelta(days=now))) == kept


def test_when_the_first_expires() -> None:
    assert HistoryRules(10, 5).next_expiry(ANSWERED) == day(25)
    assert HistoryRules(10, 0).next_expiry(ANSWERED) is None
    assert HistoryRules(10, 5).next_expiry(ANSWERED[-1:]) is None


def test_the_id_of_an_old_window_says_when_it_answered_and_fits_chroma_cloud() -> None:
    window = history_window(f"{DOCUMENT}#12345", DOCUMENT, 123_456, Period(day(1), day(2)))
    assert read_history_id(window.id) == window
    assert len(window.id.encode()) <= 128
    assert [window.answered_at(window.since + step) for step in (-1, 0, 1)] == [False, True, True]
    assert not window.answered_at(window.until)
    with pytest.raises(ValueError, match="still answers"):
        history_window(f"{DOCUMENT}#0", DOCUMENT, 1, Period(day(1), None))


@pytest.mark.parametrize("text", ["", f"{DOCUMENT}#0", "a@b.c", "a@b.1.x.y", "a@b.1.2.3.4"])
def test_another_id_is_none_of_ours(text: str) -> None:
    assert read_history_id(text) is None
