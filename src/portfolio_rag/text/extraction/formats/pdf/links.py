"""The addresses of links, written behind the words that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from portfolio_rag.text.extraction.formats.pdf.annotations import Link
from portfolio_rag.text.extraction.formats.pdf.glyphs import Box, Glyphs
from portfolio_rag.text.extraction.formats.pdf.pieces import Piece
from portfolio_rag.text.extraction.links import with_address

MAX_LINKS = 200
"""Of a page: each is looked for among all its characters."""


def write_addresses(pieces: Sequence[Piece], glyphs: Glyphs, links: Sequence[Link]) -> None:
    """Put the address of each link behind the last of the characters that it covers."""
    covered: list[tuple[str, Piece, int, int]] = []
    for piece in pieces:
        covered.extend((address, piece, start, end) for address, start, end in _covered(piece, glyphs, links))
    # A link over several lines is one box a line: its address comes once.
    for address, group in groupby(covered, key=lambda one: one[0]):
        parts = list(group)
        label = " ".join("".join(piece.texts[start:end]) for _, piece, start, end in parts)
        # An address over two lines is one without the blank.
        if any(with_address(text, address) == text for text in (label, label.replace(" ", ""))):
            continue
        _, piece, _, end = parts[-1]
        piece.texts[end - 1] += with_address("x", address)[1:]


def _covered(piece: Piece, glyphs: Glyphs, links: Sequence[Link]) -> list[tuple[str, int, int]]:
    """(address, start, end) of the characters of a piece under links."""
    found: list[tuple[str, int, int]] = []
    boxes: list[Box] = []
    for link in links[:MAX_LINKS]:
        box = link.box.turned(piece.turn)
        if not (
            box.bottom < piece.baseline + 0.3 * piece.size < box.top
            and box.left < piece.right
            and box.right > piece.left
        ):
            continue
        boxes = boxes or [glyphs.box(index, piece.turn) for index in piece.indexes]
        places = [
            place
            for place, (text, char) in enumerate(zip(piece.texts, boxes, strict=True))
            if text.strip() and _is_under(char, box)
        ]
        if places:
            found.append((link.address, places[0], _end_of_word(piece.texts, places[-1] + 1)))
    return sorted(found, key=lambda one: one[1])


def _end_of_word(texts: Sequence[str], end: int) -> int:
    while end < len(texts) and texts[end].isalnum():
        end += 1
    return end


def _is_under(char: Box, box: Box) -> bool:
    return box.left <= (char.left + char.right) / 2 <= box.right
