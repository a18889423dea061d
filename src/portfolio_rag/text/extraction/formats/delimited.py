"""CSV and TSV by the standard library: every record with the names of its columns, whatever stands between its fields.

`csv.Sniffer` is not used: its time grows with the square of what it sees, and decimal commas and doubled quotes mislead
it. A delimiter is one that divides the first records alike.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import plain
from portfolio_rag.text.extraction.sanitise import decode
from portfolio_rag.text.extraction.sheets import add_rows
from portfolio_rag.text.extraction.tables import MAX_NAME_CHARACTERS

DELIMITERS = ",;\t|"
"""In the order in which they are tried where two divide equally well."""

MAX_LINES_OF_A_FIELD = 1000
"""A longer one has lost the quotation mark that ends it."""

_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 100
_MAX_ROWS_ABOVE = 20
_MAX_WIDTH_ABOVE = 2
"""Fields of a row that stands above the records: a name and its value."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER_CHARACTERS = frozenset("0123456789.,:/%+-–€$£ ")


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    return read(data, limits, "csv")


def read(data: bytes, limits: ExtractionLimits, file_type: str) -> ExtractedDocument:
    """A document of type csv or tsv; a file of one column is plain text."""
    csv.field_size_limit(2**31 - 1)  # The builder's own limit says what to do.
    text, delimiter = _declared(decode(data).replace("\x00", ""))
    found = delimiter or delimiter_of(text, "\t" if file_type == "tsv" else "")
    if found is None:
        return replace(plain.extract(data, limits), file_type=file_type)
    builder = DocumentBuilder(limits.max_characters)
    try:
        _add_records(text, found, builder)
    except csv.Error as error:
        raise DocumentRejected(
            FailureReason.MALFORMED, f"The records cannot be told apart: {error}. Look for a quotation mark too many."
        ) from error
    return builder.build(file_type)


def _add_records(text: str, delimiter: str, builder: DocumentBuilder) -> None:
    rows = _records(text, delimiter)
    beginning = list(islice(rows, _SAMPLE_ROWS))
    while beginning and len(beginning[0]) == 1 and any(len(row) > 1 for row in beginning[1:]):
        builder.paragraph(beginning.pop(0)[0])  # a title above the records
    above = _rows_above(beginning)
    builder.paragraph("\n".join(": ".join([*(name.rstrip(":") for name in row[:-1]), row[-1]]) for row in above))
    beginning = beginning[len(above) :]
    head = [beginning.pop(0)] if is_header(beginning) else []
    if head and not beginning:
        builder.table(head, header_rows=1)
    add_rows(head, chain(beginning, rows), builder, rows=text.count("\n"), characters=len(text))


def _rows_above(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """The rows before the names of the columns that say something of the whole: `Period;Q1`, and records are wider."""
    widths = Counter(map(len, rows))
    usual = widths.most_common(1)[0][0] if rows else 0
    first = next((at for at, row in enumerate(rows) if len(row) > _MAX_WIDTH_ABOVE), 0)
    if first > _MAX_ROWS_ABOVE or usual <= _MAX_WIDTH_ABOVE or len(rows[first]) < usual or not is_header(rows[first:]):
        return []
    return rows[:first]


def _declared(text: str) -> tuple[str, str]:
    """`sep=;` in the first line is for Excel, and no record."""
    first, _, rest = text.partition("\n")
    if first.startswith("sep=") and len(first.rstrip("\r")) == 5:
        return rest, first[4]
    return text, ""


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records that hold something, without empty fields at their ends."""
    for record in _Records(text, delimiter):
        fields = [cell.strip() for cell in record]
        while fields and not fields[-1]:
            fields.pop()
        if fields:
            yield fields


class _Unclosed(Exception):
    """A quoted field goes on for longer than any does."""


class _Records:
    """Records by `csv`; one whose quotation never ends is a line, and what follows it is read as if it were not."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._lines = list(io.StringIO(text, newline=""))
        self._delimiter = delimiter
        self._start = 0
        """The first line of the record being read."""

    def __iter__(self) -> Iterator[list[str]]:
        skip_blanks = self._delimiter in ",;"
        while self._start < len(self._lines):
            first = self._start
            reader = csv.reader(self._lines_from(first), delimiter=self._delimiter, skipinitialspace=skip_blanks)
            try:
                for record in reader:
                    self._start = first + reader.line_num
                    yield record
            except _Unclosed:
                line = self._lines[self._start]
                yield next(csv.reader([line], delimiter=self._delimiter, quoting=csv.QUOTE_NONE), [])
                self._start += 1

    def _lines_from(self, first: int) -> Iterator[str]:
        for number in range(first, len(self._lines)):
            if number - self._start > MAX_LINES_OF_A_FIELD:
                raise _Unclosed
            yield self._lines[number]
        if self._start < len(self._lines):
            raise _Unclosed


def delimiter_of(text: str, expected: str = "") -> str | None:
    """The sign that divides most of the first records into the same number of fields, of two or more; None for none."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = None, (0.0, 0)
    for delimiter in (expected or "") + DELIMITERS:
        records = list(islice(_records(sample, delimiter), _SAMPLE_ROWS))
        widths = Counter(len(record) for record in records if len(record) > 1)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width == 2 and delimiter == "," and _are_decimals(records):
            continue
        covered = sum(widths.values()) / len(records)
        score = (round(covered * 0.5 + count / len(records) * 0.5, 3), width)
        if score[0] > 0.5 and score > best_score:
            best, best_score = delimiter, score
    return best


def _are_decimals(records: Sequence[Sequence[str]]) -> bool:
    """Whether the commas of a column of numbers are taken for delimiters."""
    pairs = [record for record in records if len(record) == 2]
    return sum(a[-1:].isdigit() and b[:2].isdigit() and b.isdigit() for a, b in pairs) == len(pairs)


def is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns: short texts, none of them a number but for years.

    Where all records are words alike the first is taken for names, as most files have them, unless its words come
    again below.
    """
    if not rows or len(rows[0]) < 2:
        return False
    names = [name for name in rows[0] if name]
    words = [name for name in names if not _is_number(name)]
    if not words or len(names) < len(rows[0]) - 1 or max(map(len, names)) > MAX_NAME_CHARACTERS:
        return False
    if any(not _YEAR.fullmatch(name) for name in names if _is_number(name)):
        return False
    body = rows[1:]
    columns = [[row[at] for row in body if at < len(row)] for at in range(len(rows[0]))]
    agree = sum(
        bool(column) and not _is_number(name) and all(_is_number(cell) for cell in column if cell)
        for name, column in zip(rows[0], columns, strict=True)
    )
    again = sum(name in column for name, column in zip(rows[0], columns, strict=True) if name)
    return agree >= again and (agree > 0 or len({name.casefold() for name in names}) == len(names))


def _is_number(text: str) -> bool:
    return bool(text) and set(text) <= _NUMBER_CHARACTERS and any(character.isdigit() for character in text)
