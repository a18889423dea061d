"""From the parser's tokens to blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from portfolio_rag.text.extraction.document import DocumentBuilder, ListNumbering
from portfolio_rag.text.extraction.drawn_tables import DrawnTable
from portfolio_rag.text.extraction.formats.markdown.inline import SOFT_BREAK, Line, joined, line_of
from portfolio_rag.text.extraction.formats.markdown.jsx import Tag
from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.questions import (
    ends_as_question,
    split_at_questions,
    split_question,
    without_answer_label,
)
from portfolio_rag.text.extraction.scripts import note_mark

_HEADING_ATTRIBUTES = re.compile(r"\s*\{:?\s*[#.][^{}]*\}\s*$")
_ALERT = re.compile(r"\[!\w{2,20}\][+-]?[ \t]*")
_SUMMARY = re.compile(r"<summary\b[^>]*>(.*?)(?:</summary>|\Z)", re.IGNORECASE | re.DOTALL)
_DETAILS = re.compile(r"<(/?)details\b[^>]*>", re.IGNORECASE)
_MARK_OF_TAG = re.compile(r"<[^>]*>")


class Walk:
    """Turns the flat stream of tokens into blocks."""

    def __init__(self, builder: DocumentBuilder, markdown: MarkdownIt) -> None:
        self._builder = builder
        self._markdown = markdown
        self._lists: list[ListNumbering] = []
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._terms: list[int] = []
        self._sections: list[tuple[str, bool]] = []
        self._notes: dict[str, list[Token]] = {}
        self._inline_notes: dict[int, str] = {}
        self._quotes = 0

    def run(self, tokens: Sequence[Token], environment: dict[str, object] | None = None) -> None:
        """`environment` is the parser's, with the footnotes that it has found."""
        self._inline_notes = _inline_notes(environment or {})
        tokens = self._without_notes(tokens)
        for position, token in enumerate(tokens):
            self._handle(tokens, position, token)
        for label in list(self._notes):
            self._add_note(label)
        while self._sections:
            self._close_section(self._sections[-1][0])

    def _without_notes(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens but for those of footnotes, which are kept until they are referred to."""
        rest: list[Token] = []
        note: list[Token] | None = None
        for token in tokens:
            if token.type == "footnote_reference_open":
                note = self._notes.setdefault(token.meta["label"], [])
            elif token.type == "footnote_reference_close":
                note = None
            else:
                (rest if note is None else note).append(token)
        return rest

    def _handle(self, tokens: Sequence[Token], position: int, token: Token) -> None:
        match token.type:
            case "inline":
                self._inline(tokens, position, token)
            case "fence" | "code_block":
                self._builder.code(token.content)
            case "html_block":
                self._html(token.content)
            case "math_block" | "math_block_label":
                self._builder.paragraph(token.content)
            case "bullet_list_open":
                self._lists.append(ListNumbering(None))
            case "ordered_list_open":
                start = token.attrGet("start")
                self._lists.append(ListNumbering(1 if start is None else int(start)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._lists[-1].open_item()
            case "list_item_close":
                self._builder.close_item(self._lists[-1])
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "jsx":
                self._component(token.meta["tag"])
            case "admonition_open":
                # A name of its own, and not that of its kind, which stands for none.
                named = token.content.strip().lower() not in ("", token.meta["tag"])
                self._open_section("!", token.content if named else "")
            case "admonition_close":
                self._close_section("!")
            case "section_open":
                self._builder.open_section(token.content)
            case "section_close":
                self._builder.close_section()
            case "drawn_table":
                self._drawn_table(DrawnTable(**token.meta))
            case _:
                self._table_or_terms(token)

    def _table_or_terms(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self._rows, self._header_rows = [], 0
            case "tr_open":
                self._rows.append([])
            case "thead_close":
                self._header_rows = len(self._rows) if any(map(any, self._rows)) else 0
            case "table_close":
                self._builder.table(self._rows, header_rows=self._header_rows)
            case "dl_open":
                self._terms.append(0)
            case "dd_open":
                self._terms[-1] = -abs(self._terms[-1])
            case "dt_open" if self._terms[-1] < 0:
                self._close_terms()
            case "dl_close":
                self._close_terms()
                self._terms.pop()

    def _close_terms(self) -> None:
        for _ in range(abs(self._terms[-1])):
            self._builder.close_section()
        self._terms[-1] = 0

    def _inline(self, tokens: Sequence[Token], position: int, token: Token) -> None:
        opening = tokens[position - 1].type if position else ""
        if opening == "admonition_title_open":
            return
        in_heading = opening in ("heading_open", "dt_open")
        line = line_of(token.children or (), in_heading=in_heading, notes=self._inline_notes)
        text = joined(line.text)
        if opening == "heading_open":
            self._builder.heading(self._numbered(_HEADING_ATTRIBUTES.sub("", text)), int(tokens[position - 1].tag[1]))
        elif opening == "dt_open":
            self._builder.open_section(text)
            self._terms[-1] += 1
        elif opening in ("td_open", "th_open"):
            self._rows[-1].append(text)
        elif not self._question(line, has_more=self._item_goes_on(tokens, position)):
            self._text(text)
        if opening not in ("td_open", "th_open"):
            for label in line.notes:
                self._add_note(label)

    def _text(self, text: str) -> None:
        if self._quotes:
            text = _ALERT.sub("", text, count=1) if _ALERT.match(text) else text
        if self._builder.is_after_question:
            text = without_answer_label(text)
        if self._lists and not self._lists[-1].is_headed:
            self._builder.item(text, self._lists[-1].take_marker(), len(self._lists) - 1)
        else:
            self._builder.paragraph(text)

    def _question(self, line: Line, *, has_more: bool) -> bool:
        """Add the question that a paragraph is or begins with as a heading, and what is left of the paragraph."""
        lines, *others = split_at_questions(line.text.replace(SOFT_BREAK, "\n"))
        found = split_question(lines, line.bold.replace(SOFT_BREAK, "\n"))
        if found is not None:
            question, answer = found
        elif has_more or (self._lists and self._lists[-1].marker):
            # A question at the start of an item, its answer below it in the same item.
            question, _, answer = lines.partition("\n")
            if not ends_as_question(question) or not (has_more or answer.strip()):
                return False
            if has_more and answer:
                return False
        else:
            return False
        self._builder.question(question, self._lists)
        if answer.strip():
            self._text(" ".join(answer.split("\n")))
        for other in others:
            if not self._question(Line(other, ""), has_more=False):
                self._text(" ".join(other.split("\n")))
        return True

    def _item_goes_on(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether the first paragraph of an item has another behind it in the same item."""
        if not self._lists or not self._lists[-1].marker or position + 2 >= len(tokens):
            return False
        return tokens[position + 2].type in ("paragraph_open", "fence", "blockquote_open", "table_open")

    def _numbered(self, heading: str) -> str:
        """A heading at the start of an item has the item's number."""
        return self._lists[-1].head_item() + heading if self._lists and heading.strip() else heading

    def _add_note(self, label: str) -> None:
        """A footnote stands behind the block that refers to it, where a reader looks it up."""
        tokens = self._notes.pop(label, [])
        mark = f"{note_mark(label)} "
        for token in tokens:
            if token.type == "inline":
                line = line_of(token.children or (), notes=self._inline_notes)
                self._builder.paragraph(mark + joined(line.text))
                mark = ""
            elif token.type in ("fence", "code_block"):
                self._builder.code(token.content)

    def _drawn_table(self, table: DrawnTable) -> None:
        rows = [[self._cell(cell) for cell in row] for row in table.rows]
        self._builder.table(rows, header_rows=table.header_rows)

    def _cell(self, source: str) -> str:
        tokens = self._markdown.parseInline(source) if source else []
        return joined(line_of(tokens[0].children or ()).text) if tokens else ""

    def _component(self, tag: Tag) -> None:
        if tag.kind == "single":
            self._builder.paragraph(with_address(tag.title, tag.href))
        elif tag.kind == "open":
            self._open_section(tag.name, tag.title)
        else:
            self._close_section(tag.name)

    def _open_section(self, name: str, title: str) -> None:
        self._sections.append((name, bool(title)))
        if title:
            self._builder.open_section(title)

    def _close_section(self, name: str) -> None:
        """End the component of this name that was begun last, and all in it that was not ended."""
        if name not in (opened for opened, _ in self._sections):
            return
        while self._sections:
            opened, is_titled = self._sections.pop()
            if is_titled:
                self._builder.close_section()
            if opened == name:
                return

    def _html(self, content: str) -> None:
        if content.lstrip().startswith("<!--") and content.rstrip().endswith("-->") and content.count("<!--") == 1:
            return
        from portfolio_rag.text.extraction.formats.html import add_fragment

        marks = list(_DETAILS.finditer(content))
        if sum(-1 if mark[1] else 1 for mark in marks) == 0:
            add_fragment(content, self._builder)
            return
        # What such an element holds is Markdown, and comes before its end does.
        start = 0
        for mark in [*marks, None]:
            piece = content[start : mark.start() if mark else len(content)]
            summary = _SUMMARY.search(piece)
            if summary is not None and self._sections and self._sections[-1] == ("details", False):
                self._sections.pop()
                self._open_section("details", _MARK_OF_TAG.sub("", summary[1]))
                piece = piece[: summary.start()] + piece[summary.end() :]
            if piece.strip():
                add_fragment(piece, self._builder)
            if mark is not None:
                self._close_section("details") if mark[1] else self._open_section("details", "")
                start = mark.end()


def _inline_notes(environment: dict[str, object]) -> dict[int, str]:
    notes = environment.get("footnotes")
    listed = notes.get("list", {}) if isinstance(notes, dict) else {}
    return {
        number: joined(line_of(note["tokens"]).text)
        for number, note in listed.items()
        if note.get("tokens") is not None
    }
