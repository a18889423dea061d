"""Names and attributes of the indexed documents, in the file of `file`."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from portfolio_rag.domain.document_query import DocumentQuery, written_pair
from portfolio_rag.ports.document_index import DocumentPlace

_FOUND = """
SELECT uploads.value AS uploaded, documents.document_id AS document_id, documents.version
FROM attributes AS names JOIN documents ON documents.id = names.document
JOIN attributes AS uploads INDEXED BY attributes_of_document
  ON uploads.document = names.document AND uploads.key = 'upload_timestamp'
WHERE names.key = 's3_key' AND names.kind = 'text' AND instr(casefold(names.value), ?) > 0
  AND (uploaded, document_id) < (?, ?){pairs}
ORDER BY uploaded DESC, document_id DESC LIMIT ?
"""
"""By its own choice SQLite looks through the times of all documents for each that has the name: minutes for 10,000."""

_NEWEST = """
SELECT uploads.value AS uploaded, documents.document_id AS document_id, documents.version
FROM attributes AS uploads JOIN documents ON documents.id = uploads.document
WHERE uploads.key = 'upload_timestamp' AND uploads.kind = 'text' AND (uploaded, document_id) < (?, ?)
ORDER BY uploaded DESC, document_id DESC LIMIT ?
"""
"""Read from the index of the values: it costs what it gives, however many documents there are."""

_PAIR = """
  AND names.document IN (
    SELECT document FROM attributes
    WHERE key IN (SELECT value FROM json_each(?)) AND written_pair(key, kind, value) = ?)
"""
_FIRST = DocumentPlace("\U0010ffff", "")
"""Before all others: no time begins so."""


def find_documents(
    database: sqlite3.Connection, query: DocumentQuery, limit: int, after: DocumentPlace | None
) -> list[DocumentPlace]:
    """Newest first. Perhaps too many where a name is also that of an attribute of ours: the rows have the last word."""
    if not query:
        return [DocumentPlace(*row) for row in database.execute(_NEWEST, [*(after or _FIRST).order, limit])]
    database.create_function("casefold", 1, str.casefold, deterministic=True)
    database.create_function("written_pair", 3, _written_pair, deterministic=True)
    wanted = [attribute.casefold() for attribute in query.attributes]
    values = [value for pair in wanted for value in (json.dumps(_keys(database, pair)), pair)]
    rows = database.execute(
        _FOUND.format(pairs=_PAIR * len(wanted)), [query.name.casefold(), *(after or _FIRST).order, *values, limit]
    )
    return [DocumentPlace(*row) for row in rows]


def _keys(database: sqlite3.Connection, pair: str) -> list[str]:
    """Of the attributes that the pair can be of: their values alone need be written out and compared."""
    keys = (key for (key,) in database.execute("SELECT DISTINCT key FROM attributes"))
    return [key for key in keys if pair.startswith(f"{key}:".casefold())]


def _written_pair(key: str, kind: str, value: Any) -> str:
    return written_pair(key, bool(value) if kind == "boolean" else value)
