"""Every decision record has a status and a date, and the index says the same."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.support.pages import DOCS, rows

RECORDS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
_STATUS = re.compile(r"# (\d{4}) – .+\n\nStatus: (proposed|accepted|superseded)\. Date: (\d{4}-\d{2}-\d{2})\.\n")


def status_of(text: str) -> tuple[str, str, str]:
    """Number, status and date."""
    found = _STATUS.match(text)
    assert found, text[:100]
    return found[1], found[2], found[3]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_a_status_a_date_and_the_three_parts(record: object) -> None:
    text = record.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    number, _, day = status_of(text)
    assert record.name.startswith(number)  # type: ignore[attr-defined]
    assert date.fromisoformat(day)
    assert re.findall(r"^## (.+)$", text, flags=re.M) == ["Situation", "Decision", "What follows"]


def test_no_number_is_used_twice() -> None:
    assert len({record.name[:4] for record in RECORDS}) == len(RECORDS)


def test_the_index_lists_them_with_status_and_date() -> None:
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    expected = []
    for record in RECORDS:
        number, status, day = status_of(record.read_text(encoding="utf-8"))
        expected.append((f"[{number}]({record.name})", status, day))
    assert [(cells[0], cells[2], cells[3]) for cells in rows(index)] == expected
