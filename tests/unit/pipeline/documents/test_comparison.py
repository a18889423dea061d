"""What two versions of a document have not in common, by section."""

from __future__ import annotations

import pytest

from portfolio_rag.domain.comparison import SectionChange, TextChange
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.documents import comparison
from portfolio_rag.pipeline.documents.comparison import VersionComparison
from tests.simulation.world import RAW, World

KEY = "a.md"
DOCUMENT = document_id_for(RAW, KEY)
OLD = (
    "# Queues\n\nA queue keeps messages. It keeps them for 4 days.\n\n## Limits\n\nOne size.\n\n"
    "## Prices\n\nNone yet.\n"
)
NEW = (
    "# Queues\n\nA queue keeps messages. It keeps them for 7 days.\n\n## Limits\n\nOne size.\n\n"
    "## Regions\n\nAll of them.\n"
)


def compared(*texts: str) -> VersionComparison:
    world = World()
    for text in texts:
        world.upload(KEY, text)
        world.run()
    return VersionComparison(world.container.registry, world.container.chunks)


def test_sections_that_came_went_and_changed() -> None:
    found = compared(OLD, NEW).compare(DOCUMENT, 1, 2)
    told = {section.heading_path[-1]: (section.change, section.changes) for section in found.sections}
    assert told == {
        "Queues": (
            SectionChange.CHANGED,
            (TextChange(("It keeps them for 4 days.",), ("It keeps them for 7 days.",)),),
        ),
        "Prices": (SectionChange.REMOVED, (TextChange(("None yet.",), ()),)),
        "Regions": (SectionChange.ADDED, (TextChange((), ("All of them.",)),)),
    }
    assert (found.unchanged, found.truncated) == (1, False)


def test_what_chunks_repeat_of_each_other_is_no_difference() -> None:
    long = "# Queues\n\n" + "\n\n".join(f"Paragraph {n} tells of queue {n} and what it keeps." for n in range(60))
    found = compared(long, long.replace("queue 30 ", "topic 30 ")).compare(DOCUMENT, 1, 2)
    (section,) = found.sections
    assert section.changes == (
        TextChange(
            ("Paragraph 30 tells of queue 30 and what it keeps.",),
            ("Paragraph 30 tells of topic 30 and what it keeps.",),
        ),
    )


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = compared(OLD, NEW)
    monkeypatch.setattr(comparison, "MAX_SECTIONS", 1)
    found = versions.compare(DOCUMENT, 1, 2)
    assert (len(found.sections), found.truncated) == (1, True)
    monkeypatch.setattr(comparison, "MAX_SECTIONS", 9)
    monkeypatch.setattr(comparison, "MAX_CHARACTERS", 10)
    found = versions.compare(DOCUMENT, 1, 2)
    texts = [text for section in found.sections for change in section.changes for text in change.removed + change.added]
    assert (sum(map(len, texts)), found.truncated) == (10, True)


def test_a_long_section_is_compared_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = compared(OLD, NEW)
    monkeypatch.setattr(comparison, "MAX_UNITS", 1)
    queues = next(section for section in versions.compare(DOCUMENT, 1, 2).sections if len(section.heading_path) == 1)
    assert queues.changes == (TextChange(("It keeps them for 4 days.",), ("It keeps them for 7 days.",)),)


def test_versions_that_cannot_be_compared() -> None:
    versions = compared(OLD, NEW)
    with pytest.raises(InvalidRequest):
        versions.compare(DOCUMENT, 1, 1)
    for number in (3, 9):
        with pytest.raises(NotFound, match=f"Version {number}"):
            versions.compare(DOCUMENT, 1, number)
    with pytest.raises(NotFound, match="no document"):
        versions.compare("00000000-0000-4000-8000-000000000000", 1, 2)
