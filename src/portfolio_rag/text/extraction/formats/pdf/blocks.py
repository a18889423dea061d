"""From pages to the blocks of a document: headings, paragraphs, lists, code and tables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.formats.pdf.alignment import LEADERS
from portfolio_rag.text.extraction.formats.pdf.continued import Grid, grids_of
from portfolio_rag.text.extraction.formats.pdf.furniture import without_furniture
from portfolio_rag.text.extraction.formats.pdf.headings import OutlineEntry, key_of, mark_headings
from portfolio_rag.text.extraction.formats.pdf.hyphens import Words, running_text
from portfolio_rag.text.extraction.formats.pdf.layout import arranged
from portfolio_rag.text.extraction.formats.pdf.line import Line, recognition_of, usual_pitch
from portfolio_rag.text.extraction.formats.pdf.page import Page
from portfolio_rag.text.extraction.formats.pdf.page_ends import texts_over_page_ends
from portfolio_rag.text.extraction.formats.pdf.paragraphs import BULLET, Paragraph, paragraphs_of
from portfolio_rag.text.extraction.formats.pdf.table import Table

_BULLET_SIGN = re.compile(r"^[•◦▪‣●○■□–—*\uf0b7\uf0a7\uf0d8-]\s+")
_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|tabla|tabella|tabel)\s*\d", re.IGNORECASE)

_Part = Paragraph | Table


def add_blocks(pages: Sequence[Page], outline: Sequence[OutlineEntry], builder: DocumentBuilder) -> None:
    """Add the text of all pages to the builder."""
    lines_by_page = [page.lines for page in pages]
    pitch = usual_pitch(lines_by_page)
    kept = without_furniture(lines_by_page, pitch)
    if _is_typewritten(kept):
        kept = [[line._replace(is_code=False) for line in lines] for lines in kept]
    titles: dict[int, set[str]] = defaultdict(set)
    for entry in outline:
        titles[entry.page].add(key_of(entry.title))
    parts: list[_Part] = []
    for page, lines in zip(pages, kept, strict=True):
        parts.extend(_parts(lines, page, pitch, titles))
    paragraphs = [part for part in parts if isinstance(part, Paragraph)]
    tables = [part for part in parts if isinstance(part, Table)]
    mark_headings(paragraphs, outline, _characters(tables))
    words = Words([line.text for paragraph in paragraphs for line in paragraph.lines])
    _add_all(parts, words, builder)


def _parts(lines: Sequence[Line], page: Page, pitch: float, titles: dict[int, set[str]]) -> Iterator[_Part]:
    right_edge = max((line.right for line in lines), default=0.0)

    def is_title(line: Line) -> bool:
        return line.page in titles and key_of(line.text) in titles[line.page]

    for is_table, items in groupby(arranged(lines, page.rules), lambda item: isinstance(item, Table)):
        if is_table:
            yield from (item for item in items if isinstance(item, Table))
        else:
            yield from paragraphs_of([i for i in items if isinstance(i, Line)], pitch, right_edge, is_title)


def _characters(tables: Iterable[Table]) -> Counter[float]:
    """How many characters stand in tables, by half points of their size."""
    characters = Counter[float]()
    for table in tables:
        characters[round(table.size * 2) / 2] += sum(len(text) for row in table.rows for cell in row for text in cell)
    return characters


def _add_all(parts: Sequence[_Part], words: Words, builder: DocumentBuilder) -> None:
    grids = grids_of(parts, lambda cell: running_text(cell, words))
    shared = texts_over_page_ends(parts, lambda lines: running_text(lines, words))
    caption_of_previous = False
    skipped: Paragraph | None = None
    for position, part in enumerate(parts):
        if isinstance(part, Table):
            following = parts[position + 1] if position + 1 < len(parts) else None
            caption = ""
            if isinstance(following, Paragraph) and not caption_of_previous and _is_caption(following):
                caption, skipped = _text(following, words), following
            with builder.recognised(part.recognition):
                _add_table(grids[id(part)], caption, part.page, builder)
            caption_of_previous = False
        elif part is not skipped:
            with builder.recognised(recognition_of(part.lines)):
                _add_paragraph(part, shared.get(id(part)), words, builder)
            caption_of_previous = _is_caption(part)


def _is_caption(paragraph: Paragraph) -> bool:
    return paragraph.level is None and bool(_CAPTION.match(paragraph.lines[0].text))


def _add_table(grid: Grid, caption: str, page: int, builder: DocumentBuilder) -> None:
    builder.table(grid.rows, header_rows=grid.header_rows, caption=caption, page=page)


def _text(paragraph: Paragraph, words: Words) -> str:
    return LEADERS.sub(" ", running_text((line.text for line in paragraph.lines), words))


def _add_paragraph(paragraph: Paragraph, shared: str | None, words: Words, builder: DocumentBuilder) -> None:
    """`shared` is its text where a sentence of it goes on over the end of its page, or comes from the page before."""
    page = paragraph.lines[0].page
    text = _text(paragraph, words) if shared is None else LEADERS.sub(" ", shared)
    if paragraph.is_code and len(paragraph.lines) > 1:
        builder.code(paragraph.code, page)
    elif paragraph.level is not None:
        builder.heading(text, paragraph.level, page)
    elif BULLET.match(text):
        builder.item(_BULLET_SIGN.sub("- ", text), "", 0, page)
    else:
        builder.paragraph(text, page)


def _is_typewritten(pages: Iterable[Sequence[Line]]) -> bool:
    """Whether most of the document is set in a monospaced font, which then does not mean code."""
    characters = Counter[bool]()
    for lines in pages:
        for line in lines:
            characters[line.is_code] += len(line.text)
    return characters[True] > characters[False]
