from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.adapters.sqlite.full_text_index import SqliteFullTextIndex
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.filters import matches, parse_filter
from tests.support.answers import chunk_of, document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lexical" / "index.sqlite"


def add(index: SqliteFullTextIndex, name: str, text: str, version: int = 1, **metadata: AttributeValue) -> str:
    """Index a document with one chunk; returns its id."""
    made = replace(document(name, version), metadata=metadata)
    index.index(made, [chunk_of(made, text, heading=("Guide",))])
    return made.document_id


def found(index: SqliteFullTextIndex, query: str, where: Mapping[str, Any] | None = None, limit: int = 10) -> list[str]:
    return [hit.document_id for hit in index.search(query, limit=limit, where=parse_filter(where))]


def test_the_window_with_the_words_is_found(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    made = document("a.md")
    chunk = chunk_of(made, "Queues keep messages.\n\nThe visibility timeout hides them.")
    index.index(made, [chunk])
    (hit,) = index.search("visibility timeouts", limit=5)
    assert (hit.chunk_id, hit.document_id, hit.version) == (chunk.chunk_id, made.document_id, 1)
    assert [window for window, _ in hit.windows] == [1]
    assert hit.score > 0


def test_the_overlap_of_a_chunk_is_found_in_the_chunk_before_only(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    made = document("a.md")
    content = "The visibility timeout hides them. Queues keep messages."
    start = content.index("Queues")
    overlapping = replace(chunk_of(made, content, heading=("Guide",)), windows=((start, len(content)),))
    index.index(made, [overlapping])
    assert index.search("visibility timeout", limit=5) == []
    (hit,) = index.search("keep messages", limit=5)
    assert [window for window, _ in hit.windows] == [0]


def test_how_many_chunks_there_are_follows_what_comes_and_goes(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    made = document("a.md")
    index.index(made, [chunk_of(made, "one", index=0), chunk_of(made, "two", index=1)])
    add(index, "b.md", "three")
    index.index(replace(made, version=2), [chunk_of(replace(made, version=2), "four")])
    index.remove([document("b.md").document_id])
    counted = index._file.connection().execute("SELECT chunks, windows FROM totals").fetchone()
    assert counted == (1, 1)


def test_best_first_and_rare_words_count_more(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    for n in range(20):
        add(index, f"{n}.md", f"Queue number {n} keeps messages for a while.")
    rare = add(index, "rare.md", "Queue with a dead-letter policy.")
    hits = index.search("queue dead letter", limit=30)
    assert hits[0].document_id == rare
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_headings_are_searched(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    one = add(index, "a.md", "It hides them.")
    assert found(index, "guide") == [one]


def test_a_new_version_takes_the_place_of_the_old(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    add(index, "a.md", "giraffes", version=2)
    assert found(index, "elephants") == []
    assert found(index, "giraffes") == [one]
    assert index.versions() == {one: 2}


def test_a_removed_document_is_gone(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    one = add(index, "a.md", "elephants", team="a")
    other = add(index, "b.md", "elephants", team="a")
    index.remove([one, "unknown"])
    assert found(index, "elephants") == [other]
    assert found(index, "elephants", {"equals": {"key": "team", "value": "a"}}) == [other]
    assert index.versions() == {other: 1}


def test_it_survives_a_restart(path: Path) -> None:
    one = add(SqliteFullTextIndex(path), "a.md", "elephants")
    assert found(SqliteFullTextIndex(path), "elephants") == [one]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be read as one" * 100])
def test_a_damaged_file_is_begun_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    index = SqliteFullTextIndex(path)
    assert index.versions() == {}
    add(index, "a.md", "elephants")
    assert len(found(index, "elephants")) == 1


def test_a_file_cut_short_is_begun_anew(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    for n in range(200):
        add(index, f"{n}.md", f"elephants and giraffes, number {n} " * 20)
    index._file.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index._file.connection().close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert SqliteFullTextIndex(path).versions() == {}


def test_a_failed_write_leaves_what_was_there(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    broken = document("a.md", 2)
    chunk = replace(chunk_of(broken, "giraffes"), chunk_id=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        index.index(broken, [chunk])
    assert found(index, "elephants") == [one]
    assert index.versions() == {one: 1}


@pytest.mark.parametrize(
    "query", ["", "the of and", "?!", '" OR', "NEAR(a b)", "text:elephants", "elephants*", "a AND NOT b", "x" * 5000]
)
def test_no_query_is_an_error(path: Path, query: str) -> None:
    index = SqliteFullTextIndex(path)
    add(index, "a.md", "elephants")
    assert len(found(index, query)) <= 1


def test_a_long_query_is_cut(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    assert found(index, "elephants " + " ".join(f"word{n}" for n in range(5000))) == [one]


def test_words_that_are_nearly_everywhere_are_left_out_of_a_query_with_rarer_ones(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    for n in range(20):
        add(index, f"{n}.md", f"Amazon service number {n}")
    one = add(index, "one.md", "Amazon elephants and giraffes")
    assert found(index, "Amazon elephants giraffes") == [one]
    assert len(found(index, "Amazon elephants", limit=30)) == 21
    assert len(found(index, "Amazon service", limit=30)) == 21


FILTERS: list[dict[str, Any]] = [
    {"equals": {"key": "team", "value": "storage"}},
    {"notEquals": {"key": "team", "value": "storage"}},
    {"equals": {"key": "year", "value": 2024}},
    {"equals": {"key": "year", "value": 2024.0}},
    {"equals": {"key": "final", "value": True}},
    {"equals": {"key": "final", "value": 1}},
    {"equals": {"key": "year", "value": "2024"}},
    {"greaterThan": {"key": "year", "value": 2023}},
    {"greaterThanOrEquals": {"key": "year", "value": 2024}},
    {"lessThan": {"key": "year", "value": 2024}},
    {"lessThanOrEquals": {"key": "year", "value": 2023.5}},
    {"in": {"key": "team", "value": ["storage", "compute"]}},
    {"in": {"key": "year", "value": [2023, 2024.5]}},
    {"notIn": {"key": "team", "value": ["storage", "compute"]}},
    {"listContains": {"key": "tags", "value": "beta"}},
    {"equals": {"key": "file_type", "value": "md"}},
    {"equals": {"key": "s3_key", "value": "b.md"}},
    {"equals": {"key": "team'; DROP TABLE texts; --", "value": "x"}},
    {"andAll": [{"equals": {"key": "team", "value": "storage"}}, {"greaterThan": {"key": "year", "value": 2023}}]},
    {"orAll": [{"equals": {"key": "team", "value": "compute"}}, {"lessThan": {"key": "year", "value": 2024}}]},
    {
        "andAll": [
            {"orAll": [{"equals": {"key": "team", "value": "compute"}}, {"equals": {"key": "year", "value": 2024}}]},
            {"notEquals": {"key": "final", "value": False}},
        ]
    },
]


@pytest.mark.parametrize("where", FILTERS)
def test_filters_mean_what_they_mean_in_chroma(path: Path, where: dict[str, Any]) -> None:
    index = SqliteFullTextIndex(path)
    metadata: list[dict[str, AttributeValue]] = [
        {"team": "storage", "year": 2024, "final": True},
        {"team": "compute", "year": 2023.5, "tags": ["alpha", "beta"]},
        {"team": "network", "year": 2023, "final": False, "tags": ["beta"]},
        {},
    ]
    versions = [replace(document(f"{name}.md"), metadata=one) for name, one in zip("abcd", metadata, strict=True)]
    for version in versions:
        index.index(version, [chunk_of(version, "elephants")])
    parsed = parse_filter(where)
    assert parsed is not None
    expected = {version.document_id for version in versions if matches(parsed, attributes_of(version))}
    assert set(found(index, "elephants", where)) == expected


def test_a_filter_applies_before_the_limit(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    for n in range(50):
        add(index, f"{n}.md", "elephants", team="many")
    one = add(index, "one.md", "elephants, and much else besides that makes this a weaker match", team="few")
    assert found(index, "elephants", {"equals": {"key": "team", "value": "few"}}, limit=1) == [one]


def test_readers_and_a_writer_at_once(path: Path) -> None:
    index = SqliteFullTextIndex(path)
    add(index, "a.md", "elephants")
    failures: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert found(index, "elephants")
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(30):
        add(index, f"more-{n}.md", "elephants")
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(index.versions()) == 31
