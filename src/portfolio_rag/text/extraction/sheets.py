"""Where the tables of a sheet are: their columns' names, their captions, and what stands around them.

A sheet is a plane on which people put several tables, titles and notes, apart by empty rows and columns.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice, pairwise

from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.tables import guess_header_rows, reads_as_pairs

Row = Mapping[int, str]
"""The texts of a row by column, none of them empty."""

ROWS_OF_A_BLOCK = 2000
"""A longer table becomes several blocks, so that no copy of it as a whole is made."""

ROWS_BELOW_NAMES = 10
"""So many share the names of their columns in a table that is too long for names in each row."""

_MAX_DEPTH = 8
_MAX_HEADER_ROWS = 4
_MAX_GAP = 2
"""Empty rows inside a table: more of them end it."""
_CAPTION_CHARACTERS = 120
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER = re.compile(r"[^\w]*\d[\d\s.,:/%()'+\-–]*[^\w]*(?:[a-zA-Z]{1,3})?")


@dataclass(slots=True)
class Region:
    """Cells that belong together: a grid of texts whose first row is row `top` of the sheet.

    `columns` are those of the sheet that hold something, one for each of the grid.
    """

    top: int
    columns: list[int]
    grid: list[list[str]]
    captions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    header_rows: int = 0

    @property
    def width(self) -> int:
        return len(self.columns)


def regions_of(rows: Iterable[tuple[int, Row]], header_ends: Collection[int] = ()) -> list[Region]:
    """The regions from top to bottom and left to right. `header_ends` are rows known to end the head of a table."""
    regions: list[Region] = []
    for part in _split([(at, row) for at, row in rows if row]):
        region = _region(part, header_ends)
        above = next((other for other in reversed(regions) if _goes_on(other, region)), None)
        if above is not None:
            _take_names(above, region)
        elif regions and _is_caption(regions[-1], region):
            region.captions.insert(0, regions.pop().grid[0][0])
        regions.append(region)
    return regions


def add_regions(regions: Sequence[Region], builder: DocumentBuilder) -> None:
    """Captions that every table of the sheet has become headings of level 2; others are paragraphs."""
    named = [bool(region.captions) and len(region.captions[-1]) <= _CAPTION_CHARACTERS for region in regions]
    for position, region in enumerate(regions):
        is_heading = all(named[position:])
        for caption in region.captions[:-1] if is_heading else region.captions:
            builder.paragraph(caption)
        if is_heading:
            builder.heading(region.captions[-1], 2)
        _add_grid(region, builder)
        for note in region.notes:
            builder.paragraph(note)


def _add_grid(region: Region, builder: DocumentBuilder) -> None:
    if region.width == 1 or len({text for row in region.grid for text in row}) == 1:
        texts = [row[0] for row in region.grid]
        if max(map(len, texts), default=0) > _CAPTION_CHARACTERS:
            for text in texts:
                builder.paragraph(text)
        else:
            builder.paragraph("\n".join(texts))
        return
    head, body = region.grid[: region.header_rows], region.grid[region.header_rows :]
    if not body:
        builder.table(head, header_rows=len(head))
    characters = sum(len(text) for row in body for text in row)
    add_rows(head, body, builder, rows=len(body), characters=characters)


def add_rows(
    head: Sequence[Sequence[str]],
    body: Iterable[Sequence[str]],
    builder: DocumentBuilder,
    *,
    rows: int,
    characters: int,
) -> None:
    """A long table in blocks, each row with the names of its columns; `rows` and `characters` are those of `body`.

    Where there is no room for the names in each row, they stand above every few rows.
    """
    names = sum(len(name) + len(": ") for row in head for name in row)
    width = max(map(len, head), default=0)
    fits = characters + rows * (names + width * len(" | ")) <= builder.room
    remaining = iter(body)
    while block := list(islice(remaining, ROWS_OF_A_BLOCK if fits else ROWS_BELOW_NAMES)):
        builder.table([*head, *block], header_rows=len(head) if fits else 0)


def _split(rows: list[tuple[int, Row]], depth: int = 0) -> Iterator[list[tuple[int, Row]]]:
    for _, numbered in groupby(enumerate(rows), lambda entry: entry[1][0] - entry[0]):
        band = [entry for _, entry in numbered]
        gap = _gap(band) if depth < _MAX_DEPTH else None
        if gap is None:
            yield band
        else:
            for part in (
                [(at, {column: text for column, text in row.items() if column < gap}) for at, row in band],
                [(at, {column: text for column, text in row.items() if column > gap}) for at, row in band],
            ):
                yield from _split([entry for entry in part if entry[1]], depth + 1)


def _gap(band: Sequence[tuple[int, Row]]) -> int | None:
    """An empty column that has a table of its own on each side, or None.

    Two tables that are read as one are clumsy; one that is read as two loses what its numbers are about. So each side
    must have names of columns, and the right one something beside numbers to be about.
    """
    columns = sorted(set().union(*(row.keys() for _, row in band)))
    if len(band) < 2 or len(columns) < 4:
        return None
    for before, after in pairwise(columns):
        if after == before + 1:
            continue
        left = _grid([{c: text for c, text in row.items() if c <= before} for _, row in band])[1]
        right = _grid([{c: text for c, text in row.items() if c >= after} for _, row in band])[1]
        if guess_header_rows(left) and guess_header_rows(right) and not _is_numeric([row[0] for row in right[1:]]):
            return before + 1
    return None


def _grid(rows: Iterable[Row]) -> tuple[list[int], list[list[str]]]:
    """The columns that are used, and the rows that hold something, with a place for each of those columns."""
    filled = [row for row in rows if row]
    columns = sorted(set().union(*filled))
    return columns, [[row.get(column, "") for column in columns] for row in filled]


def _region(rows: Sequence[tuple[int, Row]], header_ends: Collection[int]) -> Region:
    captions: list[str] = []
    first = 0
    while first < len(rows) - 1 and len(set(rows[first][1].values())) == 1 and _is_wider(rows[first + 1 :]):
        captions.append(next(iter(rows[first][1].values())))
        first += 1
    last = len(rows)
    notes: list[str] = []
    while last - first > 2 and _is_note(rows[last - 1][1], rows[first:last]):
        last -= 1
        notes.insert(0, next(iter(rows[last][1].values())))
    kept = rows[first:last]
    region = Region(kept[0][0], *_grid(row for _, row in kept), captions, notes)
    region.header_rows = _header_rows(region, header_ends)
    return region


def _is_wider(rows: Sequence[tuple[int, Row]]) -> bool:
    return any(len(row) > 1 for _, row in rows)


def _is_note(row: Row, rows: Sequence[tuple[int, Row]]) -> bool:
    """A single text below a table of three columns and more, which would be read as a value of its first column."""
    text = next(iter(row.values()))
    widest = max(len(other) for _, other in rows)
    return len(set(row.values())) == 1 and widest >= 3 and not _NUMBER.fullmatch(text) and len(text.split()) > 2


def _header_rows(region: Region, header_ends: Collection[int]) -> int:
    grid = region.grid
    if region.width < 2 or len(grid) < 2:
        return 0
    for count in range(1, min(_MAX_HEADER_ROWS, len(grid) - 1) + 1):
        if region.top + count - 1 in header_ends:
            return count
    if reads_as_pairs(grid):
        return 0
    if guess_header_rows(grid):
        return 1
    if _names_years(grid[0]):
        return 1
    # Two rows of names where the first spans several columns of the second.
    top = [text for text in grid[0] if text]
    joined = [" ".join(filter(None, dict.fromkeys(names))) for names in zip(*grid[:2], strict=True)]
    if len(grid) > 2 and len(set(top)) < len(top) and guess_header_rows([joined, *grid[2:]]):
        return 2
    return 0


def _names_years(row: Sequence[str]) -> bool:
    names = row[1:]
    return len(names) > 1 and len(set(names)) == len(names) and all(_YEAR.fullmatch(name) for name in names)


def _is_numeric(texts: Sequence[str]) -> bool:
    return sum(bool(_NUMBER.fullmatch(text)) for text in texts if text) * 2 > sum(map(bool, texts))


def _goes_on(above: Region, region: Region) -> bool:
    """Whether a table that an empty row interrupts has its names above that row."""
    gap = region.top - (above.top + len(above.grid))
    return (
        0 < gap <= _MAX_GAP
        and above.header_rows > 0
        and not region.header_rows
        and region.width > 1
        and set(region.columns) <= set(above.columns)
        # A caption may name a part of the table above, or a table of its own.
        and (not region.captions or (region.width > 2 and region.columns[0] == above.columns[0]))
    )


def _take_names(above: Region, region: Region) -> None:
    places = [region.columns.index(column) if column in region.columns else None for column in above.columns]
    body = [["" if place is None else row[place] for place in places] for row in region.grid]
    region.grid = [*above.grid[: above.header_rows], *body]
    region.header_rows = above.header_rows
    region.columns = above.columns
    region.top -= region.header_rows


def _is_caption(above: Region, region: Region) -> bool:
    """Whether all that stands above a table is one short text."""
    texts = {text for row in above.grid for text in row if text}
    return (
        len(texts) == 1
        and not above.captions
        and region.width > 1
        and 0 < region.top - above.top - len(above.grid) - len(region.captions) <= _MAX_GAP
        and len(above.grid[0][0]) <= _CAPTION_CHARACTERS
    )
