"""What an upload through the API is allowed, and which sidecar it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.adapters.dynamodb import status_listing
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import NotFound, PayloadTooLarge
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.settings.ingestion_rules import INGESTION_RULES_KEY
from tests.simulation.world import CONFIG, RAW, World

LIST = {"Name": "board", "Type": "GROUP", "Access": "ALLOW"}


def sidecar(world: World, key: str) -> Any:
    return json.loads(world.s3.get_object(Bucket=RAW, Key=f"incoming/{key}.metadata.json")["Body"].read())


def test_a_presigned_upload_has_a_quarter_of_an_hour_and_the_size_of_the_rules(world: World) -> None:
    rules = {"max_file_size_bytes": 5000, "prefixes": {"small/": {"max_file_size_bytes": 100}}}
    world.s3.put_object(Bucket=CONFIG, Key=INGESTION_RULES_KEY, Body=json.dumps(rules).encode())
    for prefix, size in (("", 5000), ("small", 100)):
        upload = world.container.documents.presign("a.md", prefix=prefix)
        policy = json.loads(upload.fields["policy"])
        assert policy == {"conditions": [["content-length-range", 1, size]], "expires_in": 900}
        assert upload.expires_in_seconds == 900


def test_an_upload_beyond_the_rules_is_cut_off(world: World) -> None:
    rules = {"max_file_size_bytes": 100}
    world.s3.put_object(Bucket=CONFIG, Key=INGESTION_RULES_KEY, Body=json.dumps(rules).encode())
    with pytest.raises(PayloadTooLarge):
        world.container.documents.upload("a.md", BytesIO(b"x" * 101))
    assert world.s3.current_keys(RAW) == []
    assert world.container.documents.upload("a.md", BytesIO(b"x" * 100)).size == 100


def test_new_attributes_keep_the_list_and_a_new_document_is_its_owners(world: World) -> None:
    documents = world.container.documents
    documents.upload("own.md", BytesIO(b"# Own\n\nText.\n"), owner="ann")
    assert sidecar(world, "own.md") == {
        "metadataAttributes": {},
        "AccessControlList": [{"Name": "ann", "Type": "USER", "Access": "ALLOW"}],
    }
    world.upload("listed.md.metadata.json", json.dumps({"AccessControlList": [LIST]}))
    world.upload("listed.md", "# Listed\n\nText.\n")
    world.run()
    documents.upload("listed.md", BytesIO(b"# Listed\n\nMore.\n"), attributes={"year": 2026}, owner="ann")
    assert sidecar(world, "listed.md") == {"metadataAttributes": {"year": 2026}, "AccessControlList": [LIST]}
    documents.upload("plain.md", BytesIO(b"# Plain\n\nText.\n"), attributes={"year": 2026})
    assert sidecar(world, "plain.md") == {"metadataAttributes": {"year": 2026}}


def text_of(world: World, version: DocumentVersion, part: tuple[int, int] | None = None) -> bytes:
    return b"".join(world.container.documents.original(version, part))


def test_the_bytes_of_a_version_are_given_until_it_is_deleted(world: World) -> None:
    documents = world.container.documents
    for text in ("# One\n\nThe first text.\n", "# Two\n\nThe second text.\n"):
        world.upload("a.md", text)
        world.run()
    document_id = document_id_for(RAW, "a.md")
    second, first = documents.history(document_id).versions
    assert text_of(world, second) == b"# Two\n\nThe second text.\n"
    assert text_of(world, first) == b"# One\n\nThe first text.\n"
    assert text_of(world, first, (2, 4)) == b"One"
    documents.delete(document_id)
    world.run()
    with pytest.raises(NotFound, match="not kept any more"):
        documents.original(documents.history(document_id).versions[0])


def test_bytes_that_were_moved_since_the_row_was_read_are_found(world: World) -> None:
    world.upload("a.md", "# One\n\nThe first text.\n")
    world.run()
    (now,) = world.container.documents.history(document_id_for(RAW, "a.md")).versions
    before = replace(now, s3_key="incoming/a.md", s3_version_id="gone")
    assert text_of(world, before) == b"# One\n\nThe first text.\n"
    with pytest.raises(NotFound, match="not kept any more"):
        world.container.documents.original(replace(before, version=7))


def test_a_list_with_a_condition_is_paged_and_reads_only_so_much(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        world.upload(f"{'kites' if number % 3 == 0 else 'boats'}-{number}.md", f"# Number {number}\n\nA text.\n")
    world.run()
    documents = world.container.documents

    def pages(limit: int, status: DocumentStatus | None = None) -> list[list[str]]:
        cursor, found = None, []
        while True:
            page = documents.list(status, limit, cursor, DocumentQuery("KITES"))
            found.append([version.filename for version in page.items])
            cursor = page.cursor
            if cursor is None:
                return found

    def whole(*wanted: Any) -> list[str]:
        return [name for page in pages(*wanted) for name in page]

    kites = ["kites-6.md", "kites-3.md", "kites-0.md"]
    assert pages(10) == [kites]
    assert pages(2)[0] == kites[:2]
    assert whole(2) == whole(1, DocumentStatus.COMPLETED) == kites
    assert whole(5, DocumentStatus.FAILED) == []
    # However little passes, one call comes to its end.
    monkeypatch.setattr(status_listing, "MAX_READS", 1)
    monkeypatch.setattr(world.dynamo, "_page_size", 2)
    assert whole(10) == kites
    assert len(pages(10)) > 4


def test_names_and_attributes_of_what_answers_are_found_by_the_index(world: World, tmp_path: Path) -> None:
    def put(key: str, attributes: dict[str, Any], text: str = "# Kites\n\nA text.\n") -> None:
        body = json.dumps({"metadataAttributes": attributes}).encode()
        world.s3.put_object(Bucket=RAW, Key=f"incoming/{key}.metadata.json", Body=body)
        world.upload(key, text)
        world.run()

    for number in range(4):
        put(
            f"guides/Straße-{number}.md",
            {"team": "Bau", "year": 2020 + number, "hot": number > 1, "tags": ["a", "B:c"]},
        )
    put("guides/other.md", {"team": "x", "s3_key": "straße"})
    put("guides/strasse.md", {}, "")
    index = TantivyFullTextIndex(tmp_path / "index.sqlite")
    parts = world.container
    follower = FullTextFollower(index, parts.registry, parts.chunks, parts.clock)
    documents = Documents(
        parts.store, parts.registry, parts.chunks, parts.lifecycle, parts.config, parts.clock, RAW, follower
    )
    queries = [
        DocumentQuery("STRASSE"),
        DocumentQuery("guides/", ("team:bau",)),
        DocumentQuery("", ("year:2021",)),
        DocumentQuery("", ("hot:true", "tags:b:C")),
        DocumentQuery("other", ("file_type:MD",)),
        DocumentQuery("nothing"),
        DocumentQuery("", ("upload_timestamp:2026",)),
    ]

    def listed(query: DocumentQuery, limit: int, **wanted: Any) -> list[str]:
        names: list[str] = []
        cursor = None
        while True:
            page = documents.list(wanted.get("status"), limit, cursor, query, wanted.get("sees"))
            names += [f"{version.status} {version.filename}" for version in page.items]
            cursor = page.cursor
            if cursor is None:
                return names

    by_registry = [listed(query, 10) for query in queries]
    assert [len(names) for names in by_registry] == [5, 4, 1, 2, 1, 0, 0]
    counted = documents.counts()
    while not follower.whole:
        follower.step()
    # From now on the index answers for the status index.
    with status_reads(world) as reads:
        assert [listed(query, 10) for query in queries] == by_registry
        assert [listed(query, 1) for query in queries] == by_registry
        assert documents.counts() == counted
    assert DocumentStatus.COMPLETED not in reads
    assert listed(queries[0], 1, sees=lambda version: version.filename.endswith("0.md")) == ["COMPLETED Straße-0.md"]
    documents.delete(document_id_for(RAW, "guides/Straße-3.md"))
    assert "COMPLETED Straße-3.md" not in listed(queries[0], 10)
    index.close()


@contextmanager
def status_reads(world: World) -> Iterator[list[str]]:
    """The statuses whose versions are read from the status index meanwhile."""
    reads: list[str] = []
    query = world.dynamo.query

    def watched(**options: Any) -> dict[str, Any]:
        reads.append(options["ExpressionAttributeValues"][":status"]["S"])
        return query(**options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.dynamo, "query", watched)
        yield reads
