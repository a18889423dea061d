"""Where topics begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.text.chunking.topic_boundaries import Embed, topic_starts, units_of
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument

TOPICS = ("storage", "cooking", "music")


def embed(texts: Sequence[str]) -> Vectors:
    """One direction for each topic's word, and a little that is the sentence's own."""
    vectors = np.array(
        [[2.0 * text.count(topic) for topic in TOPICS] + [len(text) % 7 / 20] for text in texts], np.float32
    )
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def starts_of(made: ExtractedDocument, embed: Embed, *, percentile: int, buffer: int) -> list[int]:
    return topic_starts(made, embed, units_of(made), percentile=percentile, buffer=buffer)


def sentences(topic: str, number: int) -> str:
    return " ".join(f"Number {n} of {topic} is {'here ' * (n % 4)}now." for n in range(number))


def document(*paragraphs: str) -> ExtractedDocument:
    builder = DocumentBuilder(10**6)
    for paragraph in paragraphs:
        builder.paragraph(paragraph)
    return builder.build("txt")


def test_a_topic_begins_where_the_sentences_change_in_the_middle_of_a_paragraph() -> None:
    made = document(f"{sentences('storage', 20)} {sentences('cooking', 20)}", sentences("music", 20))
    starts = starts_of(made, embed, percentile=95, buffer=1)
    assert made.text.index("Number 0 of cooking") in starts
    assert made.text.index("Number 0 of music") in starts
    assert len(starts) == 3  # 5 % of 59 places


@pytest.mark.parametrize(("percentile", "places"), [(95, 5), (90, 10), (50, 50)])
def test_the_percentile_says_how_many(percentile: int, places: int) -> None:
    made = document(*(f"{word * (n + 1)} {'storage ' * (n % 13)}." for n, word in enumerate(["abc "] * 101)))
    rng = np.random.default_rng(1)

    def scattered(texts: Sequence[str]) -> Vectors:
        return rng.normal(size=(len(texts), 8)).astype(np.float32)

    assert len(starts_of(made, scattered, percentile=percentile, buffer=0)) == places


def test_a_buffer_bridges_one_odd_sentence() -> None:
    made = document(
        f"{sentences('storage', 10)} A word on music. {sentences('storage', 10)} {sentences('cooking', 10)}"
    )
    cooking, odd = made.text.index("Number 0 of cooking"), made.text.index("A word")
    # Two of thirty places are beyond the 94th percentile.
    assert starts_of(made, embed, percentile=94, buffer=0)[0] == odd
    assert cooking not in starts_of(made, embed, percentile=94, buffer=0)
    assert cooking in starts_of(made, embed, percentile=94, buffer=4)


@pytest.mark.parametrize("paragraphs", [("One.",), ("One. Two.",), ("Same. " * 30,)])
def test_what_is_short_or_all_alike_has_no_topics(paragraphs: Sequence[str]) -> None:
    assert starts_of(document(*paragraphs), embed, percentile=95, buffer=1) == []


def test_a_heading_begins_the_topic_of_what_is_below_it_and_tables_are_one_unit() -> None:
    builder = DocumentBuilder(10**6)
    builder.paragraph("First. Second.")
    builder.heading("Outer", 1)
    builder.heading("Inner", 2)
    builder.paragraph("Third. Fourth.")
    builder.table([["a", "b"], ["c", "d"]])
    builder.heading("Last", 1)
    made = builder.build("md")
    units = [made.text[start:end] for start, end in units_of(made)]
    assert units == ["First.", "Second.", "Outer\n\nInner\n\nThird.", "Fourth.", units[4], "Last"]
    assert "a" in units[4]
    assert "d" in units[4]
