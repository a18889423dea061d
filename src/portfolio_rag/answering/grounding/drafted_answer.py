"""A drafted answer taken apart: plain sentences with the source numbers that they cite, and put together again.

A draft may come from a language model that was led astray, so only plain text survives: images are removed, links
keep their label, HTML tags go, headings (they claim nothing) go.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from portfolio_rag.text.language.sentences import sentences

MAX_DRAFT_CHARACTERS = 20_000
"""What a model may say at most; the rest is not looked at. 1,000 tokens of answer have about 5,000."""

MAX_DRAFT_SENTENCES = 60

_IMAGE = re.compile(r"!\[[^\]]*\]\s*(?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]*)\]\((?:[^()]|\([^)]*\))*\)")
_REFERENCE_LINK = re.compile(r"\[([^\]]+)\]\[(?!\d)[^\]]*\]")
_LINK_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*\S+.*$", re.MULTILINE)
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^>\s]*)>", re.IGNORECASE)

_SCRIPT = re.compile(r"<(script|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_EMPHASIS = re.compile(r"(\*\*|__|`+)(?=\S)(.+?)(?<=\S)\1")

_CITATION = re.compile(
    r"[\[【]\^?\s*(?:sources?|documents?)?\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\??(?:†[^\]】]*)?[\]】]", re.IGNORECASE
)
# "… text. [1] Next" cites for the sentence before it: the marks move inside the full stop.
_TRAILING = re.compile(rf"([.!?…][\"'”’)]*)((?:\s*{_CITATION.pattern})+)", re.IGNORECASE)
_LINE_PREFIX = re.compile(r"\s*(?:(?:[-*+•]|\d{1,2}[.)])\s+|>\s*)")
_HEADING = re.compile(r"\s*#{1,6}\s")
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


def source_line(text: str) -> str:
    """A sentence of a source as it stands there, on one line, without what a viewer might render or load."""
    return _BLANKS.sub(" ", _inert(text)).strip()


def plain(text: str) -> str:
    """`text` without what a viewer might render or load, and without emphasis."""
    return _EMPHASIS.sub(r"\2", _inert(text))


def _inert(text: str) -> str:
    """Without images, links and HTML; entities decoded first."""
    text = html.unescape(text)
    text = _SCRIPT.sub(" ", text)
    text = _TAG.sub(" ", _AUTOLINK.sub(r"\1", text))
    text = _LINK_DEFINITION.sub("", _IMAGE.sub(" ", text))
    return _REFERENCE_LINK.sub(r"\1", _LINK.sub(r"\1", text))


def parse_draft(text: str) -> list[DraftSentence]:
    """The sentences of a draft in order; what goes beyond the limits is dropped unread."""
    drafted: list[DraftSentence] = []
    for number, line in enumerate(plain(text[:MAX_DRAFT_CHARACTERS]).splitlines()):
        if _HEADING.match(line):
            continue
        match = _LINE_PREFIX.match(line)
        prefix = match.group().strip() if match else ""
        body = _TRAILING.sub(lambda m: f" {m.group(2).strip()}{m.group(1)}", line[match.end() :] if match else line)
        for start, end in sentences(body):
            sentence = body[start:end]
            bare = without_marks(sentence)
            cited = _numbers(sentence)
            if bare.strip(".,;:!?-–—*_ "):
                drafted.append(DraftSentence(bare, cited, number, prefix))
            elif cited and drafted and drafted[-1].line == number:
                last = drafted[-1]
                merged = tuple(dict.fromkeys(last.citations + cited))
                drafted[-1] = DraftSentence(last.text, merged, last.line, last.prefix)
    return drafted[:MAX_DRAFT_SENTENCES]


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


def render(kept: Sequence[DraftSentence]) -> str:
    """The sentences as text, each with its citation marks before the closing full stop."""
    return "".join(continuation(before, sentence) for before, sentence in zip([None, *kept], kept, strict=False))


def continuation(before: DraftSentence | None, sentence: DraftSentence) -> str:
    """What the sentence adds to a text that ends with the one `before`."""
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
