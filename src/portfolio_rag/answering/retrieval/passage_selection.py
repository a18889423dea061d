"""Which of the ranked chunks are worth a place: no copies of what is there already, and neighbours as one passage.

The same guide uploaded twice, or boilerplate of many documents, would fill the places with one text. A copy is left out
and named with the passage that stays. Texts that differ in a number or in a "not" are no copies, however alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from portfolio_rag.domain.answers import Copy, Passage
from portfolio_rag.domain.chunks import Chunk, ChunkPart
from portfolio_rag.domain.identifiers import sha256_hex

MAX_JOINED = 3
"""Chunks of one passage: a long section does not take all places."""

SAME_SHARE = 0.88
"""Of the runs of three words that two windows have, so many must be in both: a word changed in fifty."""

SPEAKS_FOR_ITSELF = 30
"""Words of a text that says the same under any heading."""

_RUN = 3
_WORD = re.compile(r"\w+")
_DENIALS = frozenset({"not", "no", "never", "cannot", "without", "neither", "nor", "t"})


class Selection:
    """At most `size` passages, taken best first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.passages: list[Passage] = []

    @property
    def full(self) -> bool:
        return len(self.passages) >= self._size

    @property
    def room(self) -> int:
        """Places that are left."""
        return self._size - len(self.passages)

    def add(self, passage: Passage) -> None:
        """Take the passage in: as a copy or a neighbour of one that is there, or, while there is room, as its own."""
        for index, kept in enumerate(self.passages):
            if is_copy(passage, kept):
                document = passage.document
                copy = Copy(
                    document.document_id, document.version, document.filename, document.s3_key, passage.chunk.chunk_id
                )
                self.passages[index] = replace(kept, copies=(*kept.copies, copy))
                return
        for index, kept in enumerate(self.passages):
            if joined := join(kept, passage):
                self.passages[index] = joined
                return
        if not self.full:
            self.passages.append(passage)


def is_copy(passage: Passage, kept: Passage) -> bool:
    """Whether all that was found in `passage` stands in `kept`, nearly word for word and with the same values.

    Under other headings a few words may speak of something else: there only long texts without any change are copies.
    """
    hits = [_blankless(passage.chunk.content[start:end]) for start, end in _hits(passage)]
    whole = _blankless(kept.chunk.content)
    altered = [text for text in hits if text not in whole]
    if passage.chunk.heading_path != kept.chunk.heading_path:
        return not altered and sum(len(text.split()) for text in hits) >= SPEAKS_FOR_ITSELF
    kept_texts = [_words(kept.chunk.content[start:end]) for start, end in _hits(kept)] if altered else []
    return bool(hits) and all(any(_alike(_words(text), kept_text) for kept_text in kept_texts) for text in altered)


def join(one: Passage, other: Passage) -> Passage | None:
    """Two passages as one where their chunks follow each other under the same headings; the overlap is not repeated."""
    first, second = sorted((one, other), key=lambda passage: passage.chunk.chunk_index)
    parts = (*first.chunks, *second.chunks)
    if not (
        first.document == second.document
        and first.chunks[-1].chunk_index + 1 == second.chunk.chunk_index
        and first.chunk.heading_path == second.chunk.heading_path
        and len(parts) <= MAX_JOINED
    ):
        return None
    shift = len(first.chunk.windows)
    hits = [(*hit, 0) for hit in zip(first.window_ranks, first.windows, first.window_scores, strict=True)]
    hits += [(*hit, shift) for hit in zip(second.window_ranks, second.windows, second.window_scores, strict=True)]
    hits.sort(key=lambda hit: -hit[0])
    return replace(
        one,
        chunk=_spliced(first.chunk, second.chunk),
        score=max(one.score, other.score),
        windows=tuple(window + moved for _, window, _, moved in hits),
        window_scores=tuple(score for _, _, score, _ in hits),
        window_ranks=tuple(rank for rank, _, _, _ in hits),
        copies=(*one.copies, *other.copies),
        parts=parts,
    )


def _spliced(first: Chunk, second: Chunk) -> Chunk:
    """The text of both, each character at its place in the document: what lies between two chunks is blank."""
    offset = second.span[0] - first.span[0]
    behind = max(0, first.span[1] - second.span[0])
    content = first.content + "\n" * (second.span[0] - first.span[1]) + second.content[behind:]
    share = (len(second.content) - behind) / max(1, len(second.content))
    return replace(
        first,
        content=content,
        content_hash=sha256_hex(content),
        token_count=first.token_count + round(second.token_count * share),
        span=(first.span[0], second.span[1]),
        parts=_spliced_parts(first, second, offset, len(first.content)),
        windows=(*first.windows, *((start + offset, end + offset) for start, end in second.windows)),
        page_end=second.page_end,
    )


def _spliced_parts(first: Chunk, second: Chunk, offset: int, joint: int) -> tuple[ChunkPart, ...]:
    """The parts of both; what the second one repeats before `joint` stands in the first already."""
    if not (first.parts and second.parts):
        return ()
    begun = replace(second.part_at(joint - offset), start=joint)
    return (*first.parts, begun, *(part for part in _moved(second, offset) if part.start > joint))


def _moved(chunk: Chunk, offset: int) -> Iterator[ChunkPart]:
    return (replace(part, start=part.start + offset) for part in chunk.parts)


def _hits(passage: Passage) -> list[tuple[int, int]]:
    return [passage.chunk.windows[window] for window in passage.windows]


def _blankless(text: str) -> str:
    return " ".join(text.split())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _alike(words: list[str], others: list[str]) -> bool:
    if _values(words) != _values(others):
        return False
    runs, other_runs = _runs(words), _runs(others)
    return bool(runs) and len(runs & other_runs) >= SAME_SHARE * len(runs | other_runs)


def _values(words: list[str]) -> list[str]:
    """What changes the sense of a sentence with one word: numbers, and words that deny."""
    return sorted(word for word in words if word in _DENIALS or any(sign.isdigit() for sign in word))


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + _RUN]) for start in range(max(1, len(words) - _RUN + 1))} if words else set()
