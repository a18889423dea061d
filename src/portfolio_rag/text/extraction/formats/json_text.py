"""JSON: a section for each outer name, a row for each object of a list, `path: value` for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import json_lines
from portfolio_rag.text.extraction.json_values import (
    PROSE_CHARACTERS,
    Object,
    add_record,
    is_scalar,
    leaves,
    parse,
    text_of,
)
from portfolio_rag.text.extraction.sanitise import decode
from portfolio_rag.text.extraction.sheets import ROWS_OF_A_BLOCK

MAX_COLUMNS = 60
"""Of a table of objects; wider ones become a block each."""

_HEADING_DEPTH = 3
_TITLES = ("title", "name", "label", "headline", "service", "project", "product", "application")


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    text = decode(data)
    builder = DocumentBuilder(limits.max_characters)
    try:
        value = parse(text)
    except DocumentRejected:
        if not json_lines.is_lines(text):
            raise
        return json_lines.extract(data, limits)
    _add(value, builder, 1)
    return builder.build("json", _title(value))


def _title(value: Any) -> str | None:
    members = value.members if isinstance(value, Object) else []
    for wanted in _TITLES:
        found = next((inner for name, inner in members if name.casefold() == wanted and isinstance(inner, str)), "")
        if found:
            return str(found)
    return None


def _add(value: Any, builder: DocumentBuilder, level: int) -> None:
    """`value` at the headings' `level`, which ends the recursion: what is deeper has its path before it."""
    if isinstance(value, Object):
        _add_object(value, builder, level)
    elif isinstance(value, list):
        _add_list(value, builder, level)
    else:
        builder.paragraph(text_of(value))


def _add_object(value: Object, builder: DocumentBuilder, level: int) -> None:
    """What has no parts first, so that it does not stand under the heading of another member."""
    flat = [
        (name, inner) for name, inner in value.members if level > _HEADING_DEPTH or is_scalar(inner) or _is_plain(inner)
    ]
    add_record(Object(flat), builder)
    if level > _HEADING_DEPTH:
        return
    for name, inner in value.members:
        if not is_scalar(inner) and not _is_plain(inner):
            builder.heading(name, level)
            _add(inner, builder, level + 1)


def _is_plain(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_scalar, value))


def _add_list(values: Sequence[Any], builder: DocumentBuilder, level: int) -> None:
    if _is_plain(values):
        for value in values:
            builder.item(text_of(value))
        return
    names, rows = _table(values)
    if names and len(names) <= MAX_COLUMNS:
        for start in range(0, len(rows), ROWS_OF_A_BLOCK):
            builder.table([names, *rows[start : start + ROWS_OF_A_BLOCK]], header_rows=1)
        return
    for value in values:
        if level <= _HEADING_DEPTH and (title := _title(value)):
            builder.heading(title, level)
        add_record(value, builder)


def _table(values: Sequence[Any]) -> tuple[list[str], list[list[str]]]:
    """The names of all members and a row for each object; nothing where they are no rows of a table."""
    columns: dict[str, int] = {}
    records: list[dict[int, str]] = []
    for value in values:
        if not isinstance(value, Object):
            return [], []
        record: dict[int, str] = {}
        for path, text in leaves(value):
            if len(text) > PROSE_CHARACTERS or "\n" in text or len(columns) > MAX_COLUMNS:
                return [], []
            at = columns.setdefault(path, len(columns))
            record[at] = f"{record[at]}, {text}" if at in record else text
        records.append(record)
    return list(columns), [[record.get(at, "") for at in range(len(columns))] for record in records]
