"""A draft as a Markdown parser reads it, and back from its tree as plain lines.

What a viewer would load, follow or run does not come back: images, link targets, reference definitions and HTML are
left out of the tree, and what the remaining text could still be read as is broken up.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MAX_NESTING = 20
_MAX_DECODED = 8
"""Times that character references are decoded: `&amp;lt;` is a bracket after two."""

# Characters that no reader sees, and private ones; the two joiners, which some scripts need, stay.
_UNSEEN = re.compile(r"[\u00ad\u034f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ue000-\uf8ff]")

_LITERAL = str.maketrans("[]", "\ue000\ue001")
_LITERAL_BACK = str.maketrans("\ue000\ue001", "[]")
"""Brackets of code, so that `x[1]` is not taken for a citation mark."""

_PHRASING = re.compile(
    r"</?(?:a|abbr|b|cite|code|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u|var)\b", re.IGNORECASE
)
"""Tags within a word or a phrase: without them it reads on."""
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)")
_NOT_TEXT = frozenset(["script", "style"])
_REFERENCE = re.compile(r"(!?)\[([^\[\]]*)\]\[(?!\s*\d)[^\[\]]*\]")
_DEFINITION = re.compile(r"^\s*\[[^\]]+\]:.*$")
_TAG = re.compile(r"<([A-Za-z/!?][^<>]*)>")
_TAG_BEGUN = re.compile(r"<(?=[A-Za-z/!?])")
_MAY_OPEN = re.compile(r"\*(?=\S)|(?<!\w)_(?=\S)|(?<!\w)'|'(?!\w)|[`\[‹]|<(?=\S)")
"""What a later piece of the same block may turn into emphasis, code, a link or a tag."""
_BRACKETS = (("(", ")"), ("“", "”"), ("«", "»"), ("„", "“"), ("「", "」"), ("（", "）"))
"""What may yet be closed, and then its sentences are one."""


@dataclass(frozen=True, slots=True)
class PlainLine:
    """A line of text under `block`, the count of the blocks before it; `prefix` is the bullet or number before it."""

    text: str
    block: int
    prefix: str = ""


def _forget_references(state: StateCore) -> None:
    """A draft may not define what a link's label stands for: `[1]` is a citation, whatever it says of it."""
    state.env["references"] = {}


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    # Whole blocks are read line by line, and a line never becomes a heading by the one that follows.
    parser.disable(["code", "lheading", "html_block", "entity"])
    parser.core.ruler.after("block", "forget_references", _forget_references)
    return parser


_PARSER = _make_parser()


def plain_lines(markdown: str) -> list[PlainLine]:
    """The lines of text in order, without headings."""
    lines: list[PlainLine] = []
    prefix, in_heading, tree = "", False, _Inlines()
    for block, token in enumerate(_PARSER.parse(_decoded(markdown))):
        match token.type:
            case "heading_open" | "heading_close":
                in_heading = token.type == "heading_open"
            case "list_item_open":
                prefix = f"{token.info}{token.markup}"
            case "list_item_close":
                prefix = ""
            case "fence":
                lines += [PlainLine(line.translate(_LITERAL), block) for line in token.content.splitlines()]
            case "inline":
                for line in tree.text_of(token.children or []).split("\n"):
                    if not in_heading and not _DEFINITION.match(line):
                        lines.append(PlainLine(_REFERENCE.sub(_label, line), block, prefix))
                        prefix = ""
            case _:
                pass
    return lines


def inert(text: str) -> str:
    """A piece of such a line as it may be shown: no viewer takes it for a link, a definition or a tag."""
    text = text.translate(_LITERAL_BACK).replace("](", "] (").replace("]:", "] :")
    return _TAG_BEGUN.sub("‹", _TAG.sub(r"‹\1›", text))


def may_open(text: str) -> bool:
    """Whether more of the same block might change how the text reads."""
    is_open = any(text.rfind(opening) > text.rfind(closing) for opening, closing in _BRACKETS)
    return is_open or text.count('"') % 2 == 1 or _MAY_OPEN.search(text) is not None


def _decoded(text: str) -> str:
    for _ in range(_MAX_DECODED):
        decoded = _UNSEEN.sub("", html.unescape(text))
        if decoded == text:
            break
        text = decoded
    return text


def _label(match: re.Match[str]) -> str:
    return " " if match[1] else match[2]


class _Inlines:
    """Reads the inline tokens of one block after the other: a script may reach over several."""

    def __init__(self) -> None:
        self._not_text = ""

    def text_of(self, tokens: Sequence[Token]) -> str:
        return "".join(self._text(token) for token in tokens)

    def _text(self, token: Token) -> str:
        if token.type == "html_inline":
            return self._tag(token.content)
        if self._not_text:
            return ""
        match token.type:
            case "text" | "text_special":
                return token.content
            case "softbreak" | "hardbreak":
                return "\n"
            case "code_inline":
                return token.content.translate(_LITERAL)
            case "image":
                return " "
            case _:
                return ""

    def _tag(self, tag: str) -> str:
        match = _TAG_NAME.match(tag)
        name = match[1].lower() if match else ""
        if self._not_text:
            if name == self._not_text and tag.startswith("</"):
                self._not_text = ""
            return " "
        if name in _NOT_TEXT and not tag.startswith("</"):
            self._not_text = name
        return "" if _PHRASING.match(tag) else " "
