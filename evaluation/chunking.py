"""How much of an answer's exact span lies in the first 1,250 tokens of context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np

from evaluation.datasets import EvalDocument, EvalSet, rows
from evaluation.workbench import build, search_of
from portfolio_rag.answering.generation.context_window import build_context
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.settings.ingestion_rules import Rules

BUDGET_TOKENS = 1250
Span = tuple[str, int, int]
Spans = list[Span]
"""(document id, start, end), counting the characters of the document that are not blank: extraction trims blanks."""


@dataclass
class Covered:
    """The share, 0 to 1, for each question: of the spans as annotated, and of any copy of their text."""

    as_written: list[float] = field(default_factory=list)
    shipped: list[float] = field(default_factory=list)
    as_written_any_copy: list[float] = field(default_factory=list)
    shipped_any_copy: list[float] = field(default_factory=list)
    copied: list[bool] = field(default_factory=list)
    """Whether a span of the question's has its text elsewhere, too."""

    def figures(self) -> dict[str, float]:
        return {
            "questions": float(len(self.shipped)),
            "one vector per chunk": float(np.mean(self.as_written)),
            "shipped": float(np.mean(self.shipped)),
            "questions with copies": float(sum(self.copied)),
            "one vector per chunk, any copy": float(np.mean(self.as_written_any_copy)),
            "shipped, any copy": float(np.mean(self.shipped_any_copy)),
        }


def measure_chunking(directory: Path, embedder: Embedder, tokenizer: Tokenizer, rules: Rules | None = None) -> Covered:
    """All texts of the set lie in one index. Read as plain text, they lose the marks of headings alone."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((directory / "chunking").glob("*.md"))}
    documents = [EvalDocument(f"{name}.txt", text.encode(), name) for name, text in texts.items()]
    bench = build(EvalSet("chunking", documents, []), embedder, tokenizer, rules)
    search = search_of(bench)
    ids = {name.removesuffix(".txt"): document_id for document_id, name in bench.corpus.names.items()}
    raw = {ids[name]: _places(text) for name, text in texts.items()}
    extracted = bench.corpus.extracted
    made = {ids[name]: places_in(text, extracted[ids[name]]) for name, text in texts.items()}

    def shown(chunk: Chunk, start: int, end: int) -> tuple[str, int, int]:
        places = made[chunk.document_id]
        return chunk.document_id, places[chunk.span[0] + start], places[chunk.span[0] + end]

    stripped = {ids[name]: "".join(text.split()) for name, text in texts.items()}
    chunks = list(bench.corpus.chunks.values())
    vectors = embedder.embed([chunk.content for chunk in chunks])
    result = Covered()
    for row in rows(directory / "chunking" / "questions.jsonl"):
        document = ids[row["corpus"]]
        places = raw[document]
        wanted = [(document, places[one["start_index"]], places[one["end_index"]]) for one in row["references"]]
        shipped: Spans = []
        for source in build_context(search.search(row["question"]), budget_tokens=BUDGET_TOKENS):
            shipped += [shown(source.passage.chunk, start, end) for start, end in source.spans]
        plain: Spans = []
        left = BUDGET_TOKENS
        for index in np.argsort(-(vectors @ embedder.embed([row["question"]])[0]), kind="stable"):
            chunk = chunks[index]
            share = min(1.0, left / chunk.token_count)
            plain.append(shown(chunk, 0, int(share * len(chunk.content))))
            left -= chunk.token_count
            if left <= 0:
                break
        result.shipped.append(share_of(wanted, shipped))
        result.as_written.append(share_of(wanted, plain))
        copies = [copies_of(span, stripped) for span in wanted]
        result.copied.append(any(len(places) > 1 for places in copies))
        result.shipped_any_copy.append(share_of(best_copies(copies, shipped), shipped))
        result.as_written_any_copy.append(share_of(best_copies(copies, plain), plain))
    bench.close()
    return result


def copies_of(span: Span, texts: Mapping[str, str]) -> Spans:
    """Where the text of the span stands in the `texts` of all documents, which have no blanks: itself first."""
    document, start, end = span
    wanted, copies = texts[document][start:end], [span]
    for other, text in texts.items():
        found = text.find(wanted)
        while found >= 0:
            if (place := (other, found, found + len(wanted))) != span:
                copies.append(place)
            found = text.find(wanted, found + 1)
    return copies


def best_copies(copies: Sequence[Spans], shown: Spans) -> Spans:
    """Of each span that copy of which most is shown; of equal ones the first."""
    return [max(places, key=lambda place: share_of([place], shown)) for places in copies]


def share_of(wanted: Sequence[tuple[str, int, int]], shown: Sequence[tuple[str, int, int]]) -> float:
    """The share of the wanted characters that are shown; none is counted twice."""
    needed = {(document, place) for document, start, end in wanted for place in range(start, end)}
    given = {
        (document, place)
        for document, start, end in shown
        for own, first, last in wanted
        if own == document
        for place in range(max(start, first), min(end, last))
    }
    return len(needed & given) / len(needed)


def places_in(original: str, extracted: str) -> list[int]:
    """For each position of the extracted text, and its end: the characters before it in the original, less blanks.

    Raises ConfigurationError where it is not the original with characters left out.
    """
    found: list[int] = []
    place = 0
    characters = enumerate(one for one in original if not one.isspace())
    for wanted in extracted:
        if wanted.isspace():
            found.append(place)
            continue
        at = next((at for at, one in characters if one == wanted), None)
        if at is None:
            raise ConfigurationError("Extraction changed the text of the chunking set: its positions do not fit.")
        found.append(at)
        place = at + 1
    return [*found, place]


def _places(text: str) -> list[int]:
    """For each position of the text, and its end, how many characters before it are not blank."""
    return list(accumulate((not one.isspace() for one in text), initial=0))
