"""Which documents are indexed, with their attributes and the texts of their chunks, in the file of `file`.

The words of the texts are elsewhere and follow: a document that has come, changed or gone is `unindexed` until then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from portfolio_rag.adapters.sqlite.document_names import find_documents
from portfolio_rag.adapters.sqlite.file import SqliteFile
from portfolio_rag.adapters.sqlite.filters import attribute_rows, attributes_of, document_condition
from portfolio_rag.domain.chunks import Span
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.document_index import DocumentPlace

_CHUNKS = """
SELECT chunks.id, chunks.chunk_id, documents.document_id, documents.version, chunks.heading_length, chunks.spans,
       texts.text
FROM json_each(?) AS wanted JOIN chunks ON chunks.id = wanted.value
JOIN documents ON documents.id = chunks.document JOIN texts ON texts.chunk = chunks.id
"""
_PASSING = """
SELECT chunks.id FROM json_each(?) AS wanted JOIN chunks ON chunks.id = wanted.value WHERE {condition}
"""
_TEXTS = """
SELECT chunks.document, chunks.id, texts.text FROM json_each(?) AS wanted
JOIN chunks ON chunks.document = wanted.value JOIN texts ON texts.chunk = chunks.id
"""


@dataclass(frozen=True, slots=True)
class SearchedText:
    """What of a chunk is searched: `text[:heading_length]` are its headings, `windows` are [start, end) in `text`."""

    text: str
    heading_length: int
    windows: Sequence[Span]


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    chunk_id: str
    document_id: str
    version: int
    searched: SearchedText


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text with the numbers of its document and its chunk."""

    document: int
    chunk: int
    text: str


class IndexedChunks:
    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    # --- what a query asks

    def passing(self, where: Filter) -> list[int]:
        """Numbers of the documents that the filter lets pass."""
        condition, values = document_condition(where, "documents.id")
        rows = self._file.connection().execute(f"SELECT id FROM documents WHERE {condition}", values)  # noqa: S608
        return [number for (number,) in rows]

    def chunks_passing(self, numbers: Sequence[int], where: Filter) -> set[int]:
        """Those of the chunks that the filter lets pass, by number."""
        condition, values = document_condition(where, "chunks.document", probed=True)
        rows = self._file.connection().execute(_PASSING.format(condition=condition), [json.dumps(numbers), *values])
        return {number for (number,) in rows}

    def chunks(self, numbers: Sequence[int]) -> dict[int, IndexedChunk]:
        """By number; what is gone is left out."""
        rows = self._file.connection().execute(_CHUNKS, (json.dumps(numbers),))
        return {
            number: IndexedChunk(
                chunk_id, document_id, version, SearchedText(text, heading_length, json.loads(windows))
            )
            for number, chunk_id, document_id, version, heading_length, windows, text in rows
        }

    def documents(self, query: DocumentQuery, *, limit: int, after: DocumentPlace | None) -> list[DocumentPlace]:
        """As `ports.DocumentIndex`, of what there is."""
        return find_documents(self._file.connection(), query, limit, after)

    # --- what keeps it in step

    def versions(self) -> dict[str, int]:
        return dict(self._file.connection().execute("SELECT document_id, version FROM documents"))

    def replace(self, documents: Iterable[tuple[DocumentVersion, Sequence[tuple[str, SearchedText]]]]) -> None:
        """Each version, with (chunk id, text) of its chunks, in the place of what is there of its document."""
        with self._file.transaction() as database:
            for version, chunks in documents:
                _delete(database, version.document_id)
                _insert(database, version, chunks)

    def remove(self, document_ids: Iterable[str]) -> None:
        with self._file.transaction() as database:
            for document_id in document_ids:
                _delete(database, document_id)

    def unindexed(self, limit: int) -> list[int]:
        """Numbers of documents, at most `limit`, whose words are not as they should be: new ones, and those gone."""
        rows = self._file.connection().execute("SELECT document FROM unindexed ORDER BY document LIMIT ?", (limit,))
        return [number for (number,) in rows]

    def texts(self, documents: Sequence[int]) -> Iterator[IndexedText]:
        """All texts of those documents, by number; those of documents that are gone are none."""
        for row in self._file.connection().execute(_TEXTS, (json.dumps(documents),)):
            yield IndexedText(*row)

    def mark_indexed(self, documents: Sequence[int]) -> None:
        with self._file.transaction() as database:
            database.executemany("DELETE FROM unindexed WHERE document = ?", [(number,) for number in documents])

    def mark_all_unindexed(self) -> None:
        with self._file.transaction() as database:
            database.execute("INSERT OR IGNORE INTO unindexed SELECT id FROM documents")

    def last_chunk(self) -> int:
        """The highest number that a chunk was ever given."""
        row = self._file.connection().execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'").fetchone()
        return int(row[0]) if row else 0


def _insert(database: sqlite3.Connection, version: DocumentVersion, chunks: Sequence[tuple[str, SearchedText]]) -> None:
    total = sum(len(searched.windows) for _, searched in chunks)
    document = database.execute(
        "INSERT INTO documents (document_id, version, windows) VALUES (?, ?, ?)",
        (version.document_id, version.version, total),
    ).lastrowid
    database.execute("UPDATE totals SET windows = windows + ?", (total,))
    database.execute("INSERT INTO unindexed VALUES (?)", (document,))
    database.executemany(
        "INSERT INTO attributes VALUES (?, ?, ?, ?)",
        [(document, *row) for row in attribute_rows(attributes_of(version))],
    )
    for chunk_id, searched in chunks:
        number = database.execute(
            "INSERT INTO chunks (document, chunk_id, windows, heading_length, spans) VALUES (?, ?, ?, ?, ?)",
            (document, chunk_id, len(searched.windows), searched.heading_length, json.dumps(searched.windows)),
        ).lastrowid
        database.execute("INSERT INTO texts VALUES (?, ?)", (number, searched.text))
        if searched.windows:
            database.execute("INSERT INTO waiting VALUES (?, ?)", (number, document))


def _delete(database: sqlite3.Connection, document_id: str) -> None:
    row = database.execute("SELECT id, windows FROM documents WHERE document_id = ?", (document_id,)).fetchone()
    if row is None:
        return
    document, windows = row
    database.execute("INSERT OR IGNORE INTO unindexed VALUES (?)", (document,))
    for table in ("texts", "vectors"):
        database.execute(
            f"DELETE FROM {table} WHERE chunk IN (SELECT id FROM chunks WHERE document = ?)",  # noqa: S608 - our names
            (document,),
        )
    for table in ("waiting", "chunks", "attributes"):
        database.execute(f"DELETE FROM {table} WHERE document = ?", (document,))  # noqa: S608 - our own names
    database.execute("DELETE FROM documents WHERE id = ?", (document,))
    database.execute("UPDATE totals SET windows = windows - ?", (windows,))
