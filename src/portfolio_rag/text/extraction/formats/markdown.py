"""Markdown (CommonMark and tables) by markdown-it: structure and reading text; raw HTML goes through `html`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits, ListNumbering
from portfolio_rag.text.extraction.sanitise import clean, decode

MAX_NESTING = 200
"""Of the tokens, two to a level of a list; what lies deeper is left out by the parser."""

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FRONT_MATTER_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+)$", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)", re.IGNORECASE)
_LINK_IN_CODE = re.compile(r"^\[([^\]]+)\]\([^)\s]+\)$")
"""Generated documentation puts links in code spans, where they are no links but noise."""
_ACTIVE_ELEMENTS = frozenset({"script", "style", "iframe", "object", "template", "noscript", "textarea", "title"})


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    text = clean(decode(data))
    title, text = _split_front_matter(text)
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    # Addresses are dropped, so there is none to fear; an invalid one would leave the link's markup in the text.
    parser.validateLink = lambda _: True  # type: ignore[method-assign, assignment]
    walk = _Walk(DocumentBuilder(limits.max_characters))
    tokens = parser.parse(text)
    walk.run(tokens)
    return walk.builder.build("md", title)


def _split_front_matter(text: str) -> tuple[str | None, str]:
    """The title that a YAML or TOML front matter gives, and the text after it."""
    match = _FRONT_MATTER.match(text)
    if not match or not re.search(r"^\w[\w-]*[ \t]*[:=]", match[2], re.MULTILINE):
        return None, text
    title = _FRONT_MATTER_TITLE.search(match[2])
    return (title[1].strip().strip("\"'") if title else None), text[match.end() :]


@dataclass(slots=True)
class _Walk:
    """Turns the flat stream of tokens into blocks."""

    builder: DocumentBuilder
    lists: list[ListNumbering] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def run(self, tokens: Sequence[Token]) -> None:
        for position, token in enumerate(tokens):
            match token.type:
                case "inline":
                    self._inline(tokens[position - 1], token)
                case "fence" | "code_block":
                    self.builder.code(token.content)
                case "html_block":
                    self._html(token.content)
                case "bullet_list_open":
                    self.lists.append(ListNumbering(None))
                case "ordered_list_open":
                    start = token.attrGet("start")
                    self.lists.append(ListNumbering(1 if start is None else int(start)))
                case "bullet_list_close" | "ordered_list_close":
                    self.lists.pop()
                case "list_item_open":
                    self.lists[-1].open_item()
                case "table_open":
                    self.rows = []
                case "tr_open":
                    self.rows.append([])
                case "table_close":
                    self.builder.table(self.rows)

    def _inline(self, opening: Token, token: Token) -> None:
        text = inline_text(token.children or ())
        if opening.type == "heading_open":
            self.builder.heading(text, int(opening.tag[1]))
        elif opening.type in ("td_open", "th_open"):
            self.rows[-1].append(text)
        elif self.lists:
            self.builder.item(text, self.lists[-1].take_marker(), len(self.lists) - 1)
        else:
            self.builder.paragraph(text)

    def _html(self, content: str) -> None:
        if content.lstrip().startswith("<!--") and content.rstrip().endswith("-->") and content.count("<!--") == 1:
            return
        from portfolio_rag.text.extraction.formats.html import add_fragment

        add_fragment(content, self.builder)


def inline_text(children: Sequence[Token]) -> str:
    """The reading text: link text without its address, an image's description, no tags, no active content."""
    parts: list[str] = []
    muted: str | None = None
    for child in children:
        if child.type == "html_inline":
            tag = _TAG.match(child.content)
            if tag is None:
                continue
            closing, name = tag[1] == "/", tag[2].lower()
            if muted is None and not closing and name in _ACTIVE_ELEMENTS and not child.content.endswith("/>"):
                muted = name
            elif closing and name == muted:
                muted = None
            elif name == "br" and muted is None:
                parts.append("\n")
        elif muted is not None:
            continue
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "code_inline":
            parts.append(_LINK_IN_CODE.sub(r"\1", child.content))
        elif child.type == "image":
            parts.append(inline_text(child.children or ()))
        else:
            parts.append(child.content)
    return "".join(parts)
