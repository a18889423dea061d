"""A drafted answer taken apart: plain sentences with the source numbers that they cite, and put together again.

A draft may come from a language model that was led astray: it is read as Markdown, and only its plain text survives,
without headings, which claim nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portfolio_rag.answering.grounding.draft_markdown import PlainLine, inert, may_open, plain_lines
from portfolio_rag.text.language.sentences import sentences

MAX_DRAFT_CHARACTERS = 20_000
"""What a model may say at most; the rest is not looked at. 1,000 tokens of answer have about 5,000."""

MAX_DRAFT_SENTENCES = 60

_CITATION = re.compile(
    r"[\[【]\^?\s*(?:sources?|documents?)?\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\??(?:†[^\]】]*)?[\]】]", re.IGNORECASE
)
# "… text. [1] Next" cites for the sentence before it: the marks move inside the full stop.
_TRAILING = re.compile(rf"([.!?…][\"'”’)]*)((?:\s*{_CITATION.pattern})+)", re.IGNORECASE)
_ACTIVE_TAG = re.compile(r"<(?=/?(?:script|style|iframe)\b|[a-z][a-z0-9-]*[\s/][^<>]*=)", re.IGNORECASE)
_LINE_PREFIX = re.compile(r"\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_BLANKS = re.compile(r"\s+")
_BLANK_BEFORE_END = re.compile(r"(?<=\w)\s+(?=[.,;:!?]\s*$)")
_MARK = re.compile(rf"\s*{_CITATION.pattern}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence without its citation marks; `line` and the line's `prefix` (a bullet, a number) place it.

    A `doubtful` one is shown with question marks behind its numbers.
    """

    text: str
    citations: tuple[int, ...]
    line: int
    prefix: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class ParsedDraft:
    """The sentences of a draft in order; `is_cut` says that it was too long to be read to its end.

    More text does not change how the first `settled` sentences read.
    """

    sentences: list[DraftSentence]
    settled: int
    is_cut: bool


def source_line(text: str) -> str:
    """A sentence of a source as it stands there, on one line. It is no Markdown: nothing of it is read as such.

    Only what a viewer would load or run by itself is broken up, an image or a tag with an address.
    """
    return _ACTIVE_TAG.sub("‹", _BLANKS.sub(" ", text).strip().replace("](", "] ("))


def plain(text: str) -> str:
    """What a model says beside its draft, on one line: without images, links and HTML."""
    return _BLANKS.sub(" ", inert("\n".join(line.text for line in plain_lines(text)))).strip()


def parse_draft(text: str) -> list[DraftSentence]:
    """The sentences of a draft that is whole."""
    return read_draft(text).sentences


def read_draft(text: str) -> ParsedDraft:
    """The sentences of a draft; what goes beyond the limits is dropped unread."""
    drafted: list[DraftSentence] = []
    blocks: list[int] = []
    for number, line in enumerate(plain_lines(text[:MAX_DRAFT_CHARACTERS])):
        _add_line(drafted, number, line)
        blocks += [line.block] * (len(drafted) - len(blocks))
    # The sentence before may go on with it: `No ![` is the beginning of an image, `No !` is not.
    unsettled = (
        max(index - 1, 0)
        for index, (sentence, block) in enumerate(zip(drafted, blocks, strict=True))
        if block == blocks[-1] and may_open(sentence.text)
    )
    kept = drafted[:MAX_DRAFT_SENTENCES]
    return ParsedDraft(kept, next(unsettled, len(drafted)), len(text) > MAX_DRAFT_CHARACTERS and kept == drafted)


def _add_line(drafted: list[DraftSentence], number: int, line: PlainLine) -> None:
    match = _LINE_PREFIX.match(line.text)
    prefix = line.prefix or (match.group().strip() if match else "")
    text = line.text[match.end() :] if match else line.text
    body = _TRAILING.sub(lambda m: f" {m.group(2).strip()}{m.group(1)}", text)
    for start, end in sentences(body):
        sentence = body[start:end]
        bare = without_marks(sentence)
        cited = _numbers(sentence)
        if bare.strip(".,;:!?-–—*_=| "):
            drafted.append(DraftSentence(inert(bare), cited, number, prefix))
        elif cited and drafted and drafted[-1].line == number:
            merged = tuple(dict.fromkeys(drafted[-1].citations + cited))
            drafted[-1] = replace(drafted[-1], citations=merged)


def without_marks(sentence: str) -> str:
    """The sentence on one line, without citation marks."""
    return _BLANK_BEFORE_END.sub("", _BLANKS.sub(" ", _MARK.sub("", sentence))).strip()


def _numbers(sentence: str) -> tuple[int, ...]:
    cited: list[int] = []
    for match in _CITATION.finditer(sentence):
        for part in re.split(r"\s*[,;]\s*", match.group(1)):
            first, *rest = [int(number) for number in re.split(r"\s*[–-]\s*", part)]
            last = rest[-1] if rest else first
            # A range is honoured as far as it can name real sources.
            cited.extend(range(first, min(last, first + 50) + 1))
    return tuple(dict.fromkeys(cited))


def continuation(before: DraftSentence | None, sentence: DraftSentence) -> str:
    """What the sentence adds to a text that ends with the one `before`: its marks stand before its full stop."""
    text = with_marks(sentence.text, sentence.citations, doubtful=sentence.doubtful)
    if before is not None and before.line == sentence.line:
        return f" {text}"
    start = f"{sentence.prefix} {text}".lstrip()
    return start if before is None else f"\n{start}"


def with_marks(sentence: str, citations: Sequence[int], *, doubtful: bool = False) -> str:
    """`Messages stay 4 days.` and (1, 3) give `Messages stay 4 days [1][3].`; in doubt `[1?][3?]`."""
    marks = "".join(f"[{number}{'?' * doubtful}]" for number in citations)
    # Two dots are no full stop: `..` and `…` stand as they are.
    ends = sentence.endswith(".") and not sentence.endswith("..")
    return f"{sentence[:-1]} {marks}." if ends else f"{sentence} {marks}"
