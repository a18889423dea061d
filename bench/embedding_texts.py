"""What is embedded: pieces of real documents, cut to lengths in word pieces of the model, and real questions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT
from evaluation.datasets import load
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.settings.ingestion_rules import Rules
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here

SPECIAL = 2
"""[CLS] and [SEP], which the model reads around each text."""

CHUNK, OVERLAP, READ = 1000, 200, 256
"""One vector for each chunk (docs/decisions/0002-windows.md), and how much of a text the model reads."""

_QUESTIONS = (
    "How long does a message stay in a queue?",
    "What does a dead-letter queue do?",
    "Which storage class suits rarely read objects?",
    "How do I restrict access to a bucket?",
)


@dataclass(frozen=True, slots=True)
class Texts:
    """`groups`: name -> texts that are timed; `documents`: whole ones."""

    groups: Mapping[str, list[str]]
    documents: list[str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Some documents, embedded with one vector for each chunk and as this project does, and the word pieces in them."""

    naive: list[str]
    windows: list[str]
    pieces: int
    naive_pieces: int


def texts(data: Path | None, tokenizer: Tokenizer, count: int) -> Texts:
    """`count` of each group; from the AWS guides of `data`, or without it from the samples of this project."""
    draw = random.Random(6)  # noqa: S311
    if data:
        guides = load("aws_qa_fifth", data)
        documents = [one.data.decode(errors="replace") for one in guides.documents if len(one.data) > 6000]
        documents = draw.sample(documents, min(len(documents), max(count, 40)))
        questions = [one.text for one in guides.questions]
    else:
        documents = [path.read_text() for path in sorted((ROOT / "samples").rglob("*.md"))]
        questions = list(_QUESTIONS)
    groups = {f"windows of {size}": _pieces(documents, tokenizer, [size] * count) for size in (64, 128, 250)}
    mixed = [draw.randint(8, 250) for _ in range(count)]
    groups["mixed lengths"] = _pieces(documents, tokenizer, mixed)
    groups["queries"] = (questions * count)[:count]
    return Texts(groups, documents)


def coverage(documents: list[str], tokenizer: Tokenizer, count: int) -> Coverage:
    """Of the first `count` documents. A chunk beyond what the model reads is only read to there."""
    rules = Rules()
    limits = ExtractionLimits(frozenset({"md"}), 5000, 20_000_000, 35, 1024)
    naive: list[str] = []
    windows: list[str] = []
    pieces = naive_pieces = 0
    for document in documents[:count]:
        extracted = extract_here(document.encode(), "document.md", limits)
        offsets = tokenizer.offsets(extracted.text)
        pieces += len(offsets)
        for start in range(0, max(1, len(offsets) - OVERLAP), CHUNK - OVERLAP):
            end = min(start + CHUNK, len(offsets))
            naive.append(extracted.text[offsets[start][0] : offsets[end - 1][1]])
            naive_pieces += min(end - start, READ - SPECIAL)
        for draft in chunk(
            extracted,
            tokenizer,
            size_tokens=rules.chunk_size_tokens,
            overlap_tokens=rules.chunk_overlap_tokens,
            window_tokens=rules.window_tokens,
        ):
            # As Chunk.window_texts: the heading path is embedded with each window.
            head = "".join([" > ".join(draft.heading_path), "\n"] if draft.heading_path else [])
            windows += [head + draft.content[first:last] for first, last in draft.windows]
    return Coverage(naive, windows, pieces, naive_pieces)


def _pieces(documents: list[str], tokenizer: Tokenizer, lengths: list[int]) -> list[str]:
    """A piece of each length (special pieces included) from the middle of one document after the other."""
    found = []
    for number, length in enumerate(lengths):
        document = documents[number % len(documents)]
        offsets = tokenizer.offsets(document)
        want = length - SPECIAL
        start = max(0, (len(offsets) - want) // 2 - number)
        found.append(document[offsets[start][0] : offsets[min(start + want, len(offsets)) - 1][1]])
    return found
