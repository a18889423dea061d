"""No document makes an item that DynamoDB refuses: chunk rows, document rows, transactions, messages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portfolio_rag.adapters.dynamodb.chunk_store import DynamoChunkStore, _item
from portfolio_rag.adapters.dynamodb.table import Table, item, item_bytes
from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import DocumentRejected, FailureReason, failure_of
from portfolio_rag.domain.identifiers import chunk_id_for, sha256_hex
from portfolio_rag.domain.messages import MAX_BYTES, embedding_messages
from portfolio_rag.domain.object_keys import MAX_LOGICAL_KEY_BYTES
from portfolio_rag.domain.sidecar import MAX_SIDECAR_BYTES, parse_sidecar
from portfolio_rag.settings.ingestion_rules import Rules
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument
from tests.simulation.world import World

MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
SQS_BYTES = 256 * 1024

VERSION = DocumentVersion(
    document_id="5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11",
    version=10**6,
    bucket="b" * 63,
    s3_key="incoming/a.md",
    s3_version_id="v" * 1024,
    source_version_id="v" * 1024,
    filename="a.md",
    upload_timestamp="2026-01-01T00:00:00.000000Z",
    file_size=1,
    file_type="md",
    status=DocumentStatus.PROCESSING,
    embedding_model="m",
)
LARGEST = Rules(chunk_size_tokens=2000, window_tokens=254)
SMALLEST_WINDOWS = Rules(chunk_size_tokens=2000, window_tokens=32)


class Greedy:
    """The tokenizer at its worst for sizes: a run of any length without a break is one piece, blanks of any kind none.

    BERT's own reads a run of more than 100 characters as one unknown piece, and control characters as nothing.
    """

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"[^\s\u200b!-/]+|[!-/]", text)]


RUN, BLANK, SIGN = "\U0001f600", "\u200b", "!"
UNITS = {"run": RUN, "long run": RUN * 5000, "a": "a", "sign": SIGN, "blanks": BLANK * 999, "quotes": '"\\' * 50}
# Described by name: the texts themselves are too long to be printed.
texts = st.tuples(
    st.lists(st.sampled_from(sorted(UNITS)), min_size=1, max_size=3),
    st.sampled_from([1, 5, 300]),
    st.sampled_from(["", " ", "\n"]),
)
headings = st.tuples(st.lists(st.sampled_from(sorted(UNITS)), min_size=1, max_size=1), st.just(200), st.just(""))
parts = st.one_of(
    st.tuples(st.integers(1, 60), headings), st.tuples(st.sampled_from(["paragraph", "code", "item"]), texts)
)


def text_of(described: tuple[list[str], int, str]) -> str:
    units, repeats, joint = described
    return joint.join(UNITS[unit] for unit in units * repeats)[:20_000]


def document(described: Sequence[tuple[int | str, str]], title: str = "") -> ExtractedDocument:
    builder = DocumentBuilder(max_characters=1_000_000)
    builder.paragraph("Begin.")
    for kind, text in described:
        if isinstance(kind, int):
            builder.heading(text, kind)
        else:
            getattr(builder, kind)(text)
    return builder.build("md", title)


def rows_of(described: Sequence[tuple[int | str, str]], rules: Rules) -> list[Chunk]:
    drafts = chunk(
        document(described, RUN * 500),
        Greedy(),
        size_tokens=rules.chunk_size_tokens,
        overlap_tokens=rules.chunk_overlap_tokens,
        window_tokens=rules.window_tokens,
    )
    return [
        Chunk(
            chunk_id=chunk_id_for(VERSION.document_id, VERSION.version, index, sha256_hex(draft.content)),
            document_id=VERSION.document_id,
            version=VERSION.version,
            chunk_index=index,
            content=draft.content,
            content_hash=sha256_hex(draft.content),
            token_count=draft.token_count,
            span=draft.span,
            windows=draft.windows,
            heading_path=draft.heading_path,
            parts=draft.parts,
            page_start=10**6,
            page_end=10**6,
            # As it stands after it is embedded.
            status=ChunkStatus.PENDING,
            embedding_vector_s3="s3://" + "b" * 63 + "/" + "k" * 1024,
            created_at=VERSION.upload_timestamp,
        )
        for index, draft in enumerate(drafts)
    ]


DEEP = [(level, RUN * 200) for level in range(1, 60)]
NARROW = [(1 + n % 2, "a") if n % 2 else ("paragraph", BLANK + "a") for n in range(3000)]
UNBROKEN = [("paragraph", RUN * 60_000)]


@pytest.mark.failure(13, 14)
@pytest.mark.parametrize("rules", [Rules(), LARGEST, SMALLEST_WINDOWS])
@pytest.mark.parametrize("described", [UNBROKEN, [*DEEP, *UNBROKEN], NARROW, [*DEEP, *NARROW]])
def test_the_worst_documents_fit(described: Sequence[tuple[int | str, str]], rules: Rules) -> None:
    all_fit(rows_of(described, rules))


@pytest.mark.failure(14)
def test_messages_of_the_largest_chunks_fit() -> None:
    all_fit(rows_of(UNBROKEN, LARGEST))


@pytest.mark.failure(13)
@given(st.lists(parts, min_size=1, max_size=10), st.sampled_from([Rules(), LARGEST, SMALLEST_WINDOWS]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document_fits(described: list[tuple[int | str, tuple[list[str], int, str]]], rules: Rules) -> None:
    # A heading of 200 characters is the longest that is one.
    parts = [(kind, text_of(text)[:200] if isinstance(kind, int) else text_of(text)) for kind, text in described]
    all_fit(rows_of(parts, rules))


def all_fit(rows: Sequence[Chunk]) -> None:
    assert rows
    assert max(item_bytes(_item(row)) for row in rows) < MAX_ITEM_BYTES / 2
    assert max(len(message.to_json().encode()) for message in embedding_messages(VERSION, rows)) <= MAX_BYTES + 1000
    assert MAX_BYTES + 1000 < SQS_BYTES
    calls = Transactions()
    DynamoChunkStore(Table(calls, "embedding_chunks"), "document_registry").create(
        VERSION, rows, expected=len(rows), now="now"
    )
    assert sum(len(puts) for puts in calls.puts) == len(rows)
    assert all(len(puts) < 100 and sum(map(item_bytes, puts)) < MAX_TRANSACTION_BYTES for puts in calls.puts)


class Transactions:
    """DynamoDB's client, as far as rows are created: keeps the items of each transaction."""

    def __init__(self) -> None:
        self.puts: list[list[dict[str, object]]] = []

    def transact_write_items(self, **request: list[dict[str, dict[str, dict[str, object]]]]) -> None:
        actions = request["TransactItems"]
        self.puts.append([action["Put"]["Item"] for action in actions if "Put" in action])


def test_the_item_of_a_chunk_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(one: Chunk) -> dict[str, Any]:
        made.append(one.chunk_id)
        return _item(one)

    monkeypatch.setattr("portfolio_rag.adapters.dynamodb.chunk_store._item", counted)
    world = World()
    document_id = world.upload(
        "a.md", "# Queues\n\n" + "\n\n".join(f"Queue {n} keeps its messages." for n in range(40))
    )
    world.run()
    with world.faults.quiet():
        assert len(made) == world.version(document_id, 1).chunk_count
    assert len(set(made)) == len(made) > 1


def test_sizes_are_counted_as_the_service_counts_them() -> None:
    # "DynamoDB item sizes and formats": names and texts in UTF-8, 3 bytes a list or map and 1 an entry, 1 a boolean.
    assert item_bytes(item({"a": "\u00e9"})) == 3
    assert item_bytes(item({"a": True, "b": [], "c": {"d": "x"}})) == (1 + 1) + (1 + 3) + (1 + 3 + 1 + 1 + 1)
    assert item_bytes(item({"n": 12345})) >= 1 + 4
    assert item_bytes(item({"n": -0.125})) >= 1 + 4


attributes = st.dictionaries(
    st.text(min_size=1, max_size=40),
    st.one_of(st.text(max_size=200), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=3))),
    max_size=80,
)


@pytest.mark.failure(13)
@given(attributes)
@settings(max_examples=150, deadline=None)
@example({"n": float("inf")})
@example({"n": float("nan")})
@example({"n": 5e-324})
@example({"n": 10**40})
@example({"\ud800": "a"})
@example({"a": ["\udfff"]})
@example({"a": [""] * 3000})
@example({"a": "\U0001f600" * 2500})
def test_whatever_a_sidecar_may_say_is_stored_or_refused(said: dict[str, object]) -> None:
    body = json.dumps({"metadataAttributes": said})
    if len(body.encode()) > MAX_SIDECAR_BYTES:
        return
    try:
        accepted = parse_sidecar(json.loads(body))
        message = None
    except DocumentRejected as refused:
        accepted, message = {}, str(refused)
    key = "\U0001f600" * (MAX_LOGICAL_KEY_BYTES // 4)
    row = {**asdict(VERSION), "metadata": accepted, "error_message": message, "s3_key": key, "filename": key}
    stored = item(row)
    assert item_bytes(stored) < MAX_ITEM_BYTES / 2
    json.dumps(stored, ensure_ascii=False).encode()


@pytest.mark.failure(13)
def test_reasons_are_bounded() -> None:
    rejected = DocumentRejected(FailureReason.MALFORMED, RUN * 200_000)
    for message in (str(rejected), failure_of(ValueError(RUN * 200_000))[1], failure_of(rejected)[1]):
        assert len(message.encode()) < MAX_ITEM_BYTES / 2


@pytest.mark.failure(13)
@pytest.mark.parametrize(
    "sidecar",
    ['{"metadataAttributes": {"n": 1e999}}', '{"metadataAttributes": {"a": "\\ud800"}}', "[" * 9000,
     '{"metadataAttributes": {"n": 123456789012345678901234567890123456789012345678901234567890}}'],
)  # fmt: skip
def test_a_sidecar_that_no_store_takes_fails_its_document(sidecar: str) -> None:
    world = World()
    world.upload("a.md.metadata.json", sidecar)
    document_id = world.upload("a.md", "# A\n\nText.")
    world.rest()
    ended = world.version(document_id, 1)
    assert (ended.status, ended.error_code) == (DocumentStatus.FAILED, "BAD_METADATA")


@pytest.mark.failure(13)
def test_a_document_of_one_unbroken_string_is_ingested() -> None:
    world = World()
    document_id = world.upload("a.md", f"# {RUN * 190}\n\n" + "\u65e5" * 150_000)
    world.rest()
    world.check()
    assert world.live(document_id) == 1
    assert len(world.texts(document_id)) > 150_000
