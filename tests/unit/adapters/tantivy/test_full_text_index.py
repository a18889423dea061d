from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tantivy

from portfolio_rag.adapters.sqlite.file import FileInUse
from portfolio_rag.adapters.sqlite.filters import attributes_of
from portfolio_rag.adapters.sqlite.indexed_chunks import IndexedChunks
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.adapters.tantivy.word_index import ChunkTerms, WordIndex, WordIndexDamaged
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Condition, matches, parse_filter
from portfolio_rag.ports.vector_replica import PassingWindows
from tests.support.answers import chunk_of, document

EVERYTHING = Condition("notEquals", "team", "nobody")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lexical" / "index.sqlite"


def add(index: TantivyFullTextIndex, name: str, text: str, version: int = 1, **metadata: AttributeValue) -> str:
    """Index a document with one chunk; returns its id."""
    made = replace(document(name, version), metadata=metadata)
    index.index([(made, [chunk_of(made, text, heading=("Guide",))])])
    return made.document_id


def add_all(index: TantivyFullTextIndex, texts: Mapping[str, str], **metadata: AttributeValue) -> None:
    """Index documents of one chunk, by name."""
    made = [(replace(document(name), metadata=metadata), text) for name, text in texts.items()]
    index.index([(version, [chunk_of(version, text, heading=("Guide",))]) for version, text in made])


def found(
    index: TantivyFullTextIndex, query: str, where: Mapping[str, Any] | None = None, limit: int = 10
) -> list[str]:
    return [hit.document_id for hit in index.search(query, limit=limit, where=parse_filter(where))]


def test_the_window_with_the_words_is_found(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    made = document("a.md")
    chunk = chunk_of(made, "Queues keep messages.\n\nThe visibility timeout hides them.")
    index.index([(made, [chunk])])
    (hit,) = index.search("visibility timeouts", limit=5)
    assert (hit.chunk_id, hit.document_id, hit.version) == (chunk.chunk_id, made.document_id, 1)
    assert [window for window, _ in hit.windows] == [1]
    assert hit.score > 0


def test_the_overlap_of_a_chunk_is_found_in_the_chunk_before_only(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    made = document("a.md")
    content = "The visibility timeout hides them. Queues keep messages."
    start = content.index("Queues")
    overlapping = replace(chunk_of(made, content, heading=("Guide",)), windows=((start, len(content)),))
    index.index([(made, [overlapping])])
    assert index.search("visibility timeout", limit=5) == []
    (hit,) = index.search("keep messages", limit=5)
    assert [window for window, _ in hit.windows] == [0]


def test_how_many_windows_there_are_follows_what_comes_and_goes(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    made, newer = document("a.md"), document("a.md", 2)
    index.index([(made, [chunk_of(made, "one", index=0), chunk_of(made, "two", index=1)])])
    add(index, "b.md", "three")
    index.index([(newer, [chunk_of(newer, "four")])])
    index.remove([document("b.md").document_id])
    index.replica.follow("live")
    assert index.replica.matches("live", EVERYTHING) is None
    (waiting,) = index.replica.waiting(limit=10)
    index.replica.store("live", {waiting[1]: np.ones((1, 4), np.float32)})
    assert index.replica.matches("live", EVERYTHING) == PassingWindows(1, 1)


def test_best_first_and_rare_words_count_more(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    add_all(index, {f"{n}.md": f"Queue number {n} keeps messages for a while." for n in range(20)})
    rare = add(index, "rare.md", "Queue with a dead-letter policy.")
    hits = index.search("queue dead letter", limit=30)
    assert hits[0].document_id == rare
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_address_behind_a_link_counts_as_one_word(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    linked = add(index, "linked.md", "Read on in the manual (https://www.pumps.example/valves/closing.html).")
    about = add(index, "about.md", "Close both valves before you clean the filter of the manual pump.")
    assert found(index, "valves") == [about]
    assert found(index, "html example") == []
    assert linked in found(index, "What leads to https://www.pumps.example/valves/closing.html?")


def test_an_address_that_is_text_itself_is_found_by_its_words(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    written = add(index, "written.md", "See https://pumps.example/valves for more.")
    assert found(index, "valves") == [written]


def test_headings_are_searched(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "It hides them.")
    assert found(index, "guide") == [one]


def test_a_new_version_takes_the_place_of_the_old(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    add(index, "a.md", "giraffes", version=2)
    assert found(index, "elephants") == []
    assert found(index, "giraffes") == [one]
    assert index.versions() == {one: 2}


def test_a_removed_document_is_gone(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants", team="a")
    other = add(index, "b.md", "elephants", team="a")
    index.remove([one, "unknown"])
    assert found(index, "elephants") == [other]
    assert found(index, "elephants", {"equals": {"key": "team", "value": "a"}}) == [other]
    assert index.versions() == {other: 1}


def test_it_survives_a_restart(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    index.close()
    again = TantivyFullTextIndex(path)
    assert not again.repair()
    assert found(again, "elephants") == [one]


def test_each_process_has_a_file_of_its_own(path: Path) -> None:
    first = TantivyFullTextIndex(path)
    with pytest.raises(FileInUse, match=r"index\.sqlite"):
        TantivyFullTextIndex(path)
    first.close()
    TantivyFullTextIndex(path).close()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be read as one" * 100])
def test_a_damaged_file_is_begun_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    index = TantivyFullTextIndex(path)
    assert index.versions() == {}
    add(index, "a.md", "elephants")
    assert len(found(index, "elephants")) == 1


def test_a_file_cut_short_is_begun_anew(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    add_all(index, {f"{n}.md": f"elephants and giraffes, number {n} " * 20 for n in range(200)})
    index._file.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index.close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = TantivyFullTextIndex(path)
    assert again.versions() == {}
    assert found(again, "elephants") == []
    assert len(list(path.parent.glob("*-words-*"))) == 1


def test_a_failed_write_leaves_what_was_there(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    broken = document("a.md", 2)
    chunk = replace(chunk_of(broken, "giraffes"), chunk_id=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        index.index([(broken, [chunk])])
    assert found(index, "elephants") == [one]
    assert index.versions() == {one: 1}


@pytest.mark.parametrize(
    "query", ["", "the of and", "?!", '" OR', "NEAR(a b)", "text:elephants", "elephants*", "a AND NOT b", "x" * 5000]
)
def test_no_query_is_an_error(path: Path, query: str) -> None:
    index = TantivyFullTextIndex(path)
    add(index, "a.md", "elephants")
    assert len(found(index, query)) <= 1


def test_a_long_query_is_cut(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    assert found(index, "elephants " + " ".join(f"word{n}" for n in range(5000))) == [one]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Merged as 9fceb02d0ae598e95dc970b74767f19372d61af8.", "9fceb02d0ae598e95dc970b74767f19372d61af8"),
        ("The key is " + "Ab3" * 300, "Ab3" * 300),
        ("An instance of type c5d.12xlarge.", "12xlarge"),
        ("An instance of type c5d.12xlarge.", "c5d.12xlarge"),
        ("Alarm B-102 rings.", "B102"),
        ("Alarm B102 rings.", "b-102"),
        ("Set max_receive_count to three.", "maxReceiveCount"),
        ("Un café à Orléans", "cafe"),
        ("Un cafe a Orleans", "ORLÉANS"),
        ("The ﬁle of ｆｕｌｌ width", "file full"),
        ("Die Straße ist gesperrt.", "STRASSE"),
        ("Studies of technology", "technologies"),
        ("Очередь хранит сообщения", "очередь"),
    ],
)
def test_a_text_is_found_by_its_words_however_they_are_written(path: Path, text: str, query: str) -> None:
    index = TantivyFullTextIndex(path)
    add(index, "other.md", "giraffes and elephants, 1.12 and 11.2")
    one = add(index, "a.md", text)
    assert found(index, query) == [one]


def test_two_numbers_with_a_dot_are_not_one(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one, other = add(index, "a.md", "release 1.12"), add(index, "b.md", "release 11.2")
    assert found(index, "1.12")[0] == one
    assert found(index, "11.2")[0] == other
    assert found(index, "112") == []


def test_the_window_is_named_where_its_text_has_accents_and_letters_that_grow(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    made = document("a.md")
    index.index([(made, [chunk_of(made, "ﬁﬁﬁ ÉÉÉ ßßß\n\nDer Schlüßel liegt dort.", heading=("Ｇｕｉｄｅ",))])])
    (hit,) = index.search("Schlüssel", limit=5)
    assert [window for window, _ in hit.windows] == [1]


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
    {"notIn": {"key": "year", "value": [2023, 2025]}},
    {"notIn": {"key": "tags", "value": ["beta"]}},
    {"notIn": {"key": "missing", "value": ["beta"]}},
    {"orAll": [{"notIn": {"key": "team", "value": ["storage"]}}, {"equals": {"key": "final", "value": True}}]},
    {"startsWith": {"key": "team", "value": "sto"}},
    {"startsWith": {"key": "team", "value": ""}},
    {"startsWith": {"key": "team", "value": "Sto"}},
    {"startsWith": {"key": "tags", "value": "be"}},
    {"startsWith": {"key": "s3_key", "value": "b"}},
    {"startsWith": {"key": "team", "value": "sto%"}},
    {"startsWith": {"key": "team", "value": "\U0010ffff"}},
    {"startsWith": {"key": "team", "value": "\ud7ff"}},
    {"stringContains": {"key": "team", "value": "o"}},
    {"stringContains": {"key": "tags", "value": "et"}},
    {"stringContains": {"key": "year", "value": "2"}},
    {"stringContains": {"key": "team", "value": "_"}},
    {"andAll": [{"startsWith": {"key": "team", "value": "s"}}, {"notEquals": {"key": "year", "value": 2023}}]},
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
def test_filters_mean_what_the_domain_says(path: Path, where: dict[str, Any]) -> None:
    index = TantivyFullTextIndex(path)
    metadata: list[dict[str, AttributeValue]] = [
        {"team": "storage", "year": 2024, "final": True},
        {"team": "compute", "year": 2023.5, "tags": ["alpha", "beta"]},
        {"team": "network", "year": 2023, "final": False, "tags": ["beta"]},
        {},
    ]
    versions = [replace(document(f"{name}.md"), metadata=one) for name, one in zip("abcd", metadata, strict=True)]
    index.index([(version, [chunk_of(version, "elephants")]) for version in versions])
    parsed = parse_filter(where)
    assert parsed is not None
    expected = {version.document_id for version in versions if matches(parsed, attributes_of(version))}
    assert set(found(index, "elephants", where)) == expected


def test_a_filter_applies_before_the_limit(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    add_all(index, {f"{n}.md": "elephants" for n in range(50)}, team="many")
    one = add(index, "one.md", "elephants, and much else besides that makes this a weaker match", team="few")
    assert found(index, "elephants", {"equals": {"key": "team", "value": "few"}}, limit=1) == [one]


def test_readers_and_a_writer_at_once(path: Path) -> None:
    index = TantivyFullTextIndex(path)
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
    for n in range(10):
        add(index, f"more-{n}.md", "elephants")
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(index.versions()) == 11


class Ended(BaseException):
    """The end of the process."""


def test_what_a_killed_process_had_not_committed_is_made_good_from_the_texts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = TantivyFullTextIndex(path)
    old, gone = add(index, "a.md", "elephants"), add(index, "b.md", "elephants")

    def killed(*_: object) -> None:
        raise Ended

    with monkeypatch.context() as patch:
        patch.setattr(WordIndex, "update", killed)
        with pytest.raises(Ended):
            add(index, "a.md", "giraffes", version=2)
        with pytest.raises(Ended):
            index.remove([gone])
    index.close()
    again = TantivyFullTextIndex(path)
    assert again.versions() == {old: 2}
    assert found(again, "elephants") == []
    assert again.repair()
    assert not again.repair()
    assert found(again, "giraffes") == [old]
    assert found(again, "elephants") == []


def test_what_was_committed_and_not_noted_is_done_again_to_the_same_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = TantivyFullTextIndex(path)

    def killed(*_: object) -> None:
        raise Ended

    with monkeypatch.context() as patch:
        patch.setattr(IndexedChunks, "mark_indexed", killed)
        with pytest.raises(Ended):
            add(index, "a.md", "elephants")
    index.close()
    again = TantivyFullTextIndex(path)
    assert again.repair()
    assert len(found(again, "elephants")) == 1


def test_words_that_the_file_lost_in_a_power_cut_are_forgotten(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    add(index, "a.md", "elephants")
    add(index, "b.md", "okapis")
    with index._file.transaction() as database:
        for table in ("documents", "chunks", "texts", "attributes", "waiting", "unindexed", "sqlite_sequence"):
            database.execute(f"DELETE FROM {table}")
    index.close()
    again = TantivyFullTextIndex(path)
    made = document("c.md")
    again.index([(made, [chunk_of(made, "giraffes"), chunk_of(made, "zebras", index=1)])])
    # Its chunks bear the numbers of the lost ones.
    assert found(again, "elephants okapis") == []
    assert found(again, "giraffes") == [made.document_id]
    assert again._words.count() == 2


@pytest.mark.parametrize("extension", ["idx", "term", "fast", "fieldnorm", "meta.json"])
@pytest.mark.parametrize("damage", ["cut short", "changed", "gone"])
def test_damaged_words_are_built_again_from_the_texts(path: Path, extension: str, damage: str) -> None:
    index = TantivyFullTextIndex(path)
    made = [document(f"{n}.md") for n in range(300)]
    index.index([(version, [chunk_of(version, f"elephants of herd {version.filename}")]) for version in made])
    index.close()
    (folder,) = path.parent.glob("*-words-*")
    for damaged in folder.glob(f"*{extension}"):
        content = bytearray(damaged.read_bytes())
        if damage == "changed":
            content[len(content) // 4] ^= 0x55
        damaged.write_bytes(content[: len(content) // 2] if damage == "cut short" else content)
        if damage == "gone":
            damaged.unlink()
    again = TantivyFullTextIndex(path)
    assert again.versions() == index_versions(made)
    if extension != "meta.json" or damage != "changed":
        assert found(again, "elephants") == []  # rather than some of them
    while again.repair():
        pass
    assert len(found(again, "elephants", limit=1000)) == 300


def test_words_of_another_schema_are_built_again(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")
    index.close()
    (folder,) = path.parent.glob("*-words-*")
    shutil.rmtree(folder)
    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("other")
    tantivy.Index(builder.build(), str(folder))
    again = TantivyFullTextIndex(path)
    while again.repair():
        pass
    assert found(again, "elephants") == [one]


def index_versions(made: list[DocumentVersion]) -> dict[str, int]:
    return {version.document_id: version.version for version in made}


def test_words_that_fail_while_they_are_used_are_opened_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")

    def broken(*_: object, **__: object) -> None:
        raise WordIndexDamaged("It panicked.")

    with monkeypatch.context() as patch:
        patch.setattr(WordIndex, "search", broken)
        assert found(index, "elephants") == []
    (folder,) = path.parent.glob("*-words-*")
    next(folder.glob("*.idx")).unlink()
    while index.repair():
        pass
    assert found(index, "elephants") == [one]


def test_words_that_are_damaged_inside_are_not_opened(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    made = [document(f"{n}.md") for n in range(300)]
    index.index([(version, [chunk_of(version, f"elephants of herd {version.filename}")]) for version in made])
    index.close()
    for postings in index._file.words_folder.glob("*.idx"):
        content = bytearray(postings.read_bytes())
        content[len(content) // 4] ^= 0x55
        postings.write_bytes(content)
    again = TantivyFullTextIndex(path)
    assert found(again, "elephants") == []
    while again.repair():
        pass
    assert len(found(again, "elephants", limit=1000)) == 300


def test_a_write_that_fails_half_way_leaves_nothing_of_it(path: Path) -> None:
    index = TantivyFullTextIndex(path)
    one = add(index, "a.md", "elephants")

    def half() -> Iterator[ChunkTerms]:
        yield ChunkTerms(7, 7, ["giraff"], [])
        raise Ended

    with pytest.raises(Ended):
        index._words.update([1], half())
    other = add(index, "b.md", "okapis")
    assert found(index, "elephants") == [one]
    assert found(index, "okapis") == [other]
    assert index._words.count() == 2


def test_a_process_killed_at_any_moment_leaves_an_index_that_opens(path: Path) -> None:
    """SIGKILL in the middle of indexing, several times: whatever is there is found, and nothing twice."""
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", _ENDLESS, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        index = TantivyFullTextIndex(path)
        while index.repair():
            pass
        known = set(index.versions())
        hits = found(index, "elephants", limit=10_000)
        assert len(hits) == len(known) >= 3
        assert set(hits) == known
        index.close()


_ENDLESS = """
import sys
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from tests.support.answers import chunk_of, document
index = TantivyFullTextIndex(sys.argv[1])
while index.repair():
    pass
first = len(index.versions())
for n in range(first, first + 100_000):
    made = document(f"{n}.md")
    index.index([(made, [chunk_of(made, f"elephants number {n}")])])
    print(n, flush=True)
"""
