"""The full-text side of retrieval: SQLite's FTS5 with BM25, in a file of the API process.

Nothing of the corpus is held in memory: a query reads the postings of its words, and what it costs is the BM25 of the
windows that hold one of them (`bench/search.py`).

One process a file: several would do the same work several times.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from portfolio_rag.adapters.sqlite_file import SqliteFile
from portfolio_rag.adapters.sqlite_filters import attribute_rows, attributes_of, document_condition
from portfolio_rag.adapters.sqlite_vectors import SqliteVectorCopy
from portfolio_rag.models import Chunk, DocumentVersion
from portfolio_rag.ports import LexicalHit
from portfolio_rag.services.filters import Filter
from portfolio_rag.services.stems import stem
from portfolio_rag.services.words import content_words

# Ordered by the expression and not by FTS5's `rank`: that one sorts the positions of all matches along with them, this
# one keeps the best `limit` rows (measured: the same rows in 0.7 of the time, 0.6 for long queries). The filter is
# asked before the score, and window by window: a set of all windows that pass would have to be made first.
_SEARCH = """
SELECT chunks.chunk_id, documents.document_id, documents.version, windows.n, hits.score
FROM (SELECT texts.rowid AS id, -bm25(texts) AS score FROM texts {filter}
      {where} texts MATCH ? ORDER BY score DESC LIMIT ?) AS hits
JOIN windows ON windows.id = hits.id JOIN chunks ON chunks.id = windows.chunk
JOIN documents ON documents.id = windows.document
ORDER BY hits.score DESC
"""
_FILTER = "CROSS JOIN windows ON windows.id = texts.rowid WHERE {condition} AND"

_MAX_QUERY_WORDS = 64
"""A longer query is cut: each word is one more list of postings to read."""

_COMMON_SHARE = 0.25
"""A word in more than this share of the windows is left out of a query that has rarer ones: it ranks next to nothing
and its postings are the longest (measured: the same nDCG@10, and "Amazon" is in 45 % of the windows of AWS's guides).
"""


class SqliteLexicalIndex:
    """`ports.LexicalIndex` in the file at `path`; a file that is damaged or of another layout is begun anew.

    `vectors` keeps a copy of the windows' vectors in the same file.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(path)
        self.vectors = SqliteVectorCopy(self._file)

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[LexicalHit]:
        database = self._file.connection()
        words = _selective(database, list(dict.fromkeys(content_words(query)))[:_MAX_QUERY_WORDS])
        if not words:
            return []
        # Quoted, so that no word is read as an operator of the query language.
        match = " OR ".join(f'"{word}"' for word in words)
        condition, values = document_condition(where, "windows.document") if where else ("", [])
        statement = _SEARCH.format(
            filter=_FILTER.format(condition=f"({condition})") if condition else "", where="" if condition else "WHERE"
        )
        return [LexicalHit(*row) for row in database.execute(statement, [*values, match, limit])]

    def index(self, version: DocumentVersion, chunks: Sequence[Chunk]) -> None:
        with self._file.transaction() as database:
            _delete(database, version.document_id)
            total = sum(len(chunk.windows) for chunk in chunks)
            document = database.execute(
                "INSERT INTO documents (document_id, version, windows) VALUES (?, ?, ?)",
                (version.document_id, version.version, total),
            ).lastrowid
            database.execute("UPDATE totals SET windows = windows + ?", (total,))
            database.executemany(
                "INSERT INTO attributes VALUES (?, ?, ?, ?)",
                [(document, *row) for row in attribute_rows(attributes_of(version))],
            )
            for chunk in chunks:
                number = database.execute(
                    "INSERT INTO chunks (document, chunk_id, windows) VALUES (?, ?, ?)",
                    (document, chunk.chunk_id, len(chunk.windows)),
                ).lastrowid
                if chunk.windows:
                    database.execute("INSERT INTO waiting VALUES (?, ?)", (number, document))
                for n, text in enumerate(chunk.window_texts):
                    row = database.execute(
                        "INSERT INTO windows (document, chunk, n) VALUES (?, ?, ?)", (document, number, n)
                    ).lastrowid
                    database.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (row, text))

    def remove(self, document_ids: Iterable[str]) -> None:
        for document_id in document_ids:
            with self._file.transaction() as database:
                _delete(database, document_id)

    def versions(self) -> dict[str, int]:
        return dict(self._file.connection().execute("SELECT document_id, version FROM documents"))


def _selective(database: sqlite3.Connection, words: list[str]) -> list[str]:
    """The words without the common ones, unless they leave fewer than two that the index knows."""
    if len(words) < 3:
        return words
    (windows,) = database.execute("SELECT windows FROM totals").fetchone()
    frequency = {word: _frequency(database, word) for word in words}
    rare = [word for word in words if frequency[word] <= _COMMON_SHARE * windows]
    return rare if sum(frequency[word] > 0 for word in rare) > 1 else words


def _frequency(database: sqlite3.Connection, word: str) -> int:
    """In how many windows the word is, in any of its forms; 0 where the stemmers disagree, so that it is kept."""
    row = database.execute("SELECT doc FROM temp.vocabulary WHERE term = ?", (stem(word, "porter"),)).fetchone()
    return int(row[0]) if row else 0


def _delete(database: sqlite3.Connection, document_id: str) -> None:
    row = database.execute("SELECT id, windows FROM documents WHERE document_id = ?", (document_id,)).fetchone()
    if row is None:
        return
    document, windows = row
    database.execute("DELETE FROM texts WHERE rowid IN (SELECT id FROM windows WHERE document = ?)", (document,))
    database.execute("DELETE FROM vectors WHERE chunk IN (SELECT id FROM chunks WHERE document = ?)", (document,))
    for table in ("waiting", "windows", "chunks", "attributes"):
        database.execute(f"DELETE FROM {table} WHERE document = ?", (document,))  # noqa: S608 - our own names
    database.execute("DELETE FROM documents WHERE id = ?", (document,))
    database.execute("UPDATE totals SET windows = windows - ?", (windows,))
