"""What the measurement of the words fills the API's file with, and what it says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import words
from portfolio_rag.domain.chunks import Chunk
from tests.support.answers import document

TEXTS = ("The harbour opens at nine in spring.", "A mooring costs forty euros a night there.")


@pytest.fixture
def real() -> list[Chunk]:
    chunk = Chunk("", "", 1, 0, "", "", 8, (0, 8), ())
    return [replace(chunk, content=text, heading_path=(f"Harbour {n}",)) for n, text in enumerate(TEXTS)]


def test_each_size_is_filled_and_asked(real: list[Chunk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_SIZES", (6, 600))
    version = document("harbour.md")
    first, last = words.measure(30, real, version, ["When does the harbour open?"], tmp_path)
    assert (first["chunks"], last["chunks"]) == (6, 30)
    assert last["disk_mb"] >= first["words_disk_mb"] >= 0
    assert last["p50_ms"] > 0


def test_a_chunk_has_a_half_of_each_and_is_the_same_again(real: list[Chunk]) -> None:
    version = document("harbour.md")
    _, chunks = words.document(7, real, version)
    assert words.document(7, real, version)[1] == chunks
    halves = [words._half(text) for text in TEXTS]
    for chunk in chunks:
        (start, middle), (again, end) = chunk.windows
        assert (start, again, end) == (0, middle, len(chunk.content))
        assert chunk.content[:middle] in [first for first, _ in halves]
        assert chunk.content[middle:] in [second for _, second in halves]


def test_an_index_that_finds_nothing_is_told(real: list[Chunk], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="zeppelin"):
        list(words.measure(3, real, document("harbour.md"), ["zeppelin"], tmp_path))
