"""A page of a PDF as lines, with what is put onto it: values of forms, notes, addresses of links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

import pypdfium2
from pypdfium2 import raw

from portfolio_rag.text.extraction.formats.pdf.annotations import read_annotations
from portfolio_rag.text.extraction.formats.pdf.borders import parted_at_borders
from portfolio_rag.text.extraction.formats.pdf.glyphs import Box, Glyphs, is_invisible
from portfolio_rag.text.extraction.formats.pdf.initials import with_initials
from portfolio_rag.text.extraction.formats.pdf.joints import with_joints
from portfolio_rag.text.extraction.formats.pdf.layers import HiddenLayers
from portfolio_rag.text.extraction.formats.pdf.legibility import Legibility, legibility
from portfolio_rag.text.extraction.formats.pdf.line import Line, usual_turn, with_scripts
from portfolio_rag.text.extraction.formats.pdf.links import write_addresses
from portfolio_rag.text.extraction.formats.pdf.pieces import Piece, pieces_of
from portfolio_rag.text.extraction.formats.pdf.rules import Rule, rules_of

SCAN_COVER = 0.5
"""Share of a page that a picture covers when text behind it is what a program has read from it."""
A_FEW_WORDS = 20
PICTURE_COVERS = ((1, 0.05), (A_FEW_WORDS, 0.5), (100, 0.9))
"""Fewer characters than this on a page of which pictures cover so much: it may be a picture of text."""
LARGE_PICTURE = (600, 0.5)
"""The same for a picture beside text that is worth reading: a screenshot, a scanned form with a typed remark."""
_BASELINE = attrgetter("baseline")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, read. `lines` come as they are drawn, pieces of a line apart.

    `is_picture` says that the page shows a picture and hardly any text, `is_unreadable` that it shows text of which
    nobody but a reader of its picture can tell the characters. `has_large_picture` says that much of it is a picture
    beside text, `is_read` that OCR has looked at it: then its lines have scores.
    """

    lines: list[Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    is_picture: bool = False
    is_unreadable: bool = False
    has_large_picture: bool = False
    is_read: bool = False


def read_page(document: pypdfium2.PdfDocument, index: int, hidden_layers: HiddenLayers) -> Page:
    """Raises PdfiumError when the page cannot be loaded."""
    page = document[index]
    textpage = page.get_textpage()
    try:
        return _read(document, page, Glyphs(textpage), index + 1, hidden_layers)
    finally:
        textpage.close()
        page.close()


def _read(
    document: pypdfium2.PdfDocument,
    page: pypdfium2.PdfPage,
    glyphs: Glyphs,
    number: int,
    hidden_layers: HiddenLayers,
) -> Page:
    marks = read_annotations(document, page, number)
    seen = _seen(page, glyphs, pieces_of(glyphs), hidden_layers)
    if marks.links:
        write_addresses(seen.pieces, glyphs, marks.links)
    lines = _finished(seen.pieces, number)
    turn = usual_turn(lines)
    rules = with_joints(rules_of(page, turn), lines) if _has_neighbours(lines) else []
    pieces, is_cut = parted_at_borders(glyphs, seen.pieces, rules, turn)
    if is_cut:
        lines = _finished(pieces, number)
    characters = sum(len(line.text) for line in lines)
    # A program that has read a scan seldom finds less than a few words.
    is_behind = seen.is_behind_picture and characters >= A_FEW_WORDS
    is_picture = not is_behind and _shows_pictures(page, characters)
    is_large = not is_behind and characters < LARGE_PICTURE[0] and has_picture(page, LARGE_PICTURE[1])
    lines = with_initials(lines)
    return Page([*lines, *marks.lines(lines, turn)], rules, is_picture, seen.is_unreadable, is_large)


def _finished(pieces: Iterable[Piece], number: int) -> list[Line]:
    return with_scripts(line for piece in pieces if (line := piece.finished(number)).text)


@dataclass(slots=True)
class _Seen:
    """What a person sees of the pieces of a page. `is_behind_picture` when it is what a program read from a scan."""

    pieces: list[Piece]
    is_unreadable: bool
    is_behind_picture: bool


def _seen(page: pypdfium2.PdfPage, glyphs: Glyphs, pieces: Iterable[Piece], hidden_layers: HiddenLayers) -> _Seen:
    bounds = _bounds(page)
    invisible: set[int] = set()
    kept: dict[Legibility, list[Piece]] = {found: [] for found in Legibility}
    for piece in pieces:
        if not _is_within(glyphs, piece, bounds):
            continue
        text_object = glyphs.text_object(piece.indexes[0])
        if text_object and hidden_layers.hides(text_object):
            continue
        if text_object and is_invisible(text_object):
            invisible.add(piece.indexes[0])
        kept[legibility(piece.texts, piece.indexes, glyphs)].append(piece)
    certain, doubtful, noise = kept.values()
    if _characters(doubtful) < _characters(noise):
        # It only looks like text: numbers of glyphs that happen to be letters.
        doubtful = []
    readable = sorted([*certain, *doubtful], key=lambda piece: piece.indexes[0]) if doubtful else certain
    if invisible and not has_picture(page, SCAN_COVER):
        readable = [piece for piece in readable if piece.indexes[0] not in invisible]
        invisible.clear()
    return _Seen(readable, bool(noise), bool(invisible))


def _characters(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.texts) for piece in pieces)


def _bounds(page: pypdfium2.PdfPage) -> Box:
    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page.raw, box):
        width, height = page.get_size()
        return Box(0.0, 0.0, width, height)
    return Box(box.left, box.bottom, box.right, box.top)


def _is_within(glyphs: Glyphs, piece: Piece, bounds: Box) -> bool:
    if piece.turn == 0:
        x, y = (piece.left + piece.right) / 2, piece.baseline
    else:
        x, y = glyphs.origin(piece.indexes[len(piece.indexes) // 2])
    return bounds.left - 1 <= x <= bounds.right + 1 and bounds.bottom - 1 <= y <= bounds.top + 1


def _has_neighbours(lines: Sequence[Line]) -> bool:
    """Whether two pieces stand beside each other, as those of a table do."""
    ordered = sorted(lines, key=_BASELINE)
    return any(
        upper.baseline - lower.baseline < lower.size
        and (upper.left > lower.right or upper.right < lower.left)
        and not lower.is_code
        for lower, upper in pairwise(ordered)
    )


def _shows_pictures(page: pypdfium2.PdfPage, characters: int) -> bool:
    cover = next((cover for limit, cover in PICTURE_COVERS if characters < limit), None)
    return cover is not None and has_picture(page, cover)


def has_picture(page: pypdfium2.PdfPage, cover: float) -> bool:
    """Whether pictures cover this share of the page."""
    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = picture.get_bounds()
        covered += (right - left) * (top - bottom)
        if covered >= cover * width * height:
            return True
    return False
