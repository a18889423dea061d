"""The smallest pieces of chunks and windows: sentences, lines, and parts of what is longer than a window."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from portfolio_rag.domain.chunks import Span
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.extraction.document import Block, BlockKind
from portfolio_rag.text.language.sentences import sentences

MAX_CHARACTERS = 16_000
"""Of a chunk: at most 64,000 bytes in UTF-8, well inside a DynamoDB item (400 KB) and an SQS message (256 KiB)."""

_LONG_CHARACTERS = 100_000
"""Of a block: more is cut into pieces first."""


class BreakQuality(IntEnum):
    """How good a place the start of a unit is to cut at."""

    WORD = 0
    SENTENCE = 1
    BLOCK = 2
    SECTION = 3


@dataclass(frozen=True, slots=True)
class TextUnit:
    """[start, end) in characters of the document's text; `tokens` are word pieces.

    A unit that is to `keep_with_previous` stays in the chunk of the unit before it: the rows of a table, the lines of a
    code block. A chunk always begins at a `topic`.
    """

    start: int
    end: int
    tokens: int
    break_quality: BreakQuality
    keep_with_previous: bool = False
    topic: bool = False


_KEPT_BLOCKS, _KEPT_CHARACTERS = 128, 2_000
"""Of a document so many blocks, each of at most so many characters, are kept with their word pieces: more than the
short sections hold that are looked at together, and two megabytes at most."""


@dataclass(frozen=True, slots=True)
class TokenizedBlock:
    """A block with the start of every word piece in it, counted from the block's start."""

    block: Block
    text: str
    starts: array[int]

    @property
    def tokens(self) -> int:
        return len(self.starts)

    def count(self, span: Span) -> int:
        """Word pieces that begin in `span`."""
        return bisect_left(self.starts, span[1]) - bisect_left(self.starts, span[0])


def tokenize(text: str, block: Block, tokenizer: Tokenizer) -> TokenizedBlock:
    content = text[block.start : block.end]
    return TokenizedBlock(block, content, array("I", (first for first, _ in tokenizer.offsets(content))))


def tokenizing(text: str, tokenizer: Tokenizer) -> Callable[[Block], TokenizedBlock]:
    """`tokenize` of the blocks of one document, which remembers those that it was asked for last.

    A short section is counted for whether it fits a window, a chunk with its neighbour, and one with the next; then it
    is cut.
    """
    kept: dict[int, TokenizedBlock] = {}

    def of(block: Block) -> TokenizedBlock:
        known = kept.get(block.start)
        if known is not None and known.block == block:
            return known
        made = tokenize(text, block, tokenizer)
        if len(made.text) <= _KEPT_CHARACTERS:
            if len(kept) == _KEPT_BLOCKS:
                del kept[next(iter(kept))]
            kept[block.start] = made
        return made

    return of


def short_blocks(text: str, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, very long ones in pieces that are cut before a blank.

    Tokenizers and sentence splitters take some hundred bytes of memory for each character of what they are given.
    """
    for block in blocks:
        start = block.start
        while block.end - start > _LONG_CHARACTERS:
            limit = start + _LONG_CHARACTERS
            line, word = text.rfind("\n", start + 1, limit), text.rfind(" ", start + 1, limit)
            end = line if line > 0 else word if word > 0 else limit
            yield from _stripped(text, replace(block, start=start, end=end))
            start = end
        if start == block.start:
            yield block
        else:
            yield from _stripped(text, replace(block, start=start))


def _stripped(text: str, block: Block) -> Iterator[Block]:
    """Without the blanks at its start, and nothing when there is nothing else."""
    content = text[block.start : block.end]
    blanks = len(content) - len(content.lstrip())
    if blanks < len(content):
        yield replace(block, start=block.start + blanks)


def text_units(block: TokenizedBlock, tokenizer: Tokenizer, *, size_tokens: int, window_tokens: int) -> list[TextUnit]:
    """All of a block but blanks, in units of at most `window_tokens` and MAX_CHARACTERS.

    A table or code block of at most `size_tokens` stays in one chunk.
    """
    kind = block.block.kind
    keep_with_previous = (
        kind in (BlockKind.TABLE, BlockKind.CODE) and block.tokens <= size_tokens and len(block.text) <= MAX_CHARACTERS
    )
    parts = _parts(block, tokenizer, window_tokens)
    offset = block.block.start
    first = BreakQuality.SECTION if kind is BlockKind.HEADING else BreakQuality.BLOCK
    return [
        TextUnit(
            offset + start, offset + end, tokens, quality if position else first, keep_with_previous and position > 0
        )
        for position, ((start, end), tokens, quality) in enumerate(parts)
    ]


def _parts(block: TokenizedBlock, tokenizer: Tokenizer, limit: int) -> Iterator[tuple[Span, int, BreakQuality]]:
    """Split by the units natural to the kind of block, each only where the one before is still too long."""
    whole = (0, len(block.text))
    match block.block.kind:
        case BlockKind.HEADING:
            splitters: tuple[Callable[[str], list[Span]], ...] = (_whole,)
        case BlockKind.PARAGRAPH:
            splitters = (sentences, _lines)
        case BlockKind.LIST:
            splitters = (_lines, sentences)
        case _:
            splitters = (_lines,)
    yield from _split(block, whole, splitters, tokenizer, limit)


def _split(
    block: TokenizedBlock,
    span: Span,
    splitters: Sequence[Callable[[str], list[Span]]],
    tokenizer: Tokenizer,
    limit: int,
) -> Iterator[tuple[Span, int, BreakQuality]]:
    offset = span[0]
    for start, end in splitters[0](block.text[span[0] : span[1]]):
        piece = (offset + start, offset + end)
        tokens = block.count(piece)
        if tokens <= limit and end - start <= MAX_CHARACTERS:
            yield piece, tokens, BreakQuality.SENTENCE
        elif len(splitters) > 1:
            yield from _split(block, piece, splitters[1:], tokenizer, limit)
        else:
            for position, (part, count) in enumerate(_split_words(block, piece, tokenizer, limit)):
                yield part, count, BreakQuality.WORD if position else BreakQuality.SENTENCE


def _whole(text: str) -> list[Span]:
    return [(0, len(text))]


_LINE = re.compile(r"\S[^\n]*")


def _lines(text: str) -> list[Span]:
    """Each line without its indentation and the blanks at its end."""
    return [(match.start(), match.start() + len(match.group().rstrip())) for match in _LINE.finditer(text)]


def _split_words(block: TokenizedBlock, span: Span, tokenizer: Tokenizer, limit: int) -> Iterator[tuple[Span, int]]:
    """Cut a span between words where there are blanks, else between word pieces, else anywhere."""
    text = block.text
    start, end = span
    while start < end:
        first = bisect_left(block.starts, start)
        stop = block.starts[first + limit] if first + limit < len(block.starts) else end
        stop = min(stop, end, start + MAX_CHARACTERS)
        if stop < end and not text[stop - 1].isspace() and not text[stop].isspace():
            blank = _last_blank(text, start, stop)
            if blank <= start:
                yield from _cut_inside_word(text, (start, stop), tokenizer, limit)
                start = stop
                continue
            stop = blank
        stripped = text[start:stop].rstrip()
        piece = (start, start + len(stripped))
        if stripped:
            yield piece, block.count(piece)
        start = stop
        while start < end and text[start].isspace():
            start += 1


def _last_blank(text: str, start: int, stop: int) -> int:
    """The end of the last run of blanks in [start, stop), or -1."""
    for position in range(stop - 1, start, -1):
        if text[position - 1].isspace():
            return position
    return -1


def _cut_inside_word(text: str, span: Span, tokenizer: Tokenizer, limit: int) -> Iterator[tuple[Span, int]]:
    """Parts of a word have other word pieces than the word: they are counted anew, and halved if they are many."""
    stack = [span]
    while stack:
        start, end = stack.pop()
        tokens = len(tokenizer.offsets(text[start:end]))
        if tokens <= limit or end - start == 1:
            yield (start, end), tokens
        else:
            middle = (start + end) // 2
            stack += [(middle, end), (start, middle)]
