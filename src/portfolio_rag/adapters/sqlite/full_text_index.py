"""The full-text side of retrieval: SQLite's FTS5 with BM25 over chunks, in a file of the API process.

Nothing of the corpus is held in memory: a query reads the postings of its words, and what it costs is the BM25 of the
chunks that hold one of them, and a look into the texts of those that it finds (`bench/search.py`).

One process a file: several would do the same work several times.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from portfolio_rag.adapters.sqlite.file import SqliteFile
from portfolio_rag.adapters.sqlite.filters import attribute_rows, attributes_of, document_condition
from portfolio_rag.adapters.sqlite.vector_replica import SqliteVectorReplica
from portfolio_rag.adapters.sqlite.window_scores import window_scores
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.full_text_index import FullTextHit
from portfolio_rag.text.language.content_words import content_words
from portfolio_rag.text.language.stemming import stem

# Ordered by the expression and not by FTS5's `rank`: that one sorts the positions of all matches along with them, this
# one keeps the best `limit` rows (measured: the same rows in 0.7 of the time, 0.6 for long queries). The filter is
# asked before the score, and chunk by chunk: a set of all chunks that pass would have to be made first.
_SEARCH = """
SELECT chunks.chunk_id, documents.document_id, documents.version, hits.score,
       chunks.heading_length, chunks.spans, texts.text
FROM (SELECT texts.rowid AS id, -bm25(texts) AS score FROM texts {filter}
      {where} texts MATCH ? ORDER BY score DESC LIMIT ?) AS hits
JOIN chunks ON chunks.id = hits.id JOIN documents ON documents.id = chunks.document JOIN texts ON texts.rowid = hits.id
ORDER BY hits.score DESC
"""
_FILTER = "CROSS JOIN chunks ON chunks.id = texts.rowid WHERE {condition} AND"

_MAX_QUERY_WORDS = 64
"""A longer query is cut: each word is one more list of postings to read."""

_COMMON_SHARE = 0.4
"""A word in more than this share of the chunks is left out of a query that has rarer ones: it ranks next to nothing
and its postings are the longest (measured: the same nDCG@10, and "Amazon" is in half of the chunks of AWS's guides).
"""


class SqliteFullTextIndex:
    """`ports.FullTextIndex` in the file at `path`; a file that is damaged or of another layout is begun anew.

    `replica` keeps a replica of the windows' vectors in the same file.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(path)
        self.replica = SqliteVectorReplica(self._file)

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        database = self._file.connection()
        words = list(dict.fromkeys(content_words(query)))[:_MAX_QUERY_WORDS]
        if not words:
            return []
        (chunks,) = database.execute("SELECT chunks FROM totals").fetchone()
        frequencies = {word: _frequency(database, word) for word in words}
        # Quoted, so that no word is read as an operator of the query language.
        match = " OR ".join(f'"{word}"' for word in _selective(frequencies, chunks))
        condition, values = document_condition(where, "chunks.document") if where else ("", [])
        statement = _SEARCH.format(
            filter=_FILTER.format(condition=f"({condition})") if condition else "", where="" if condition else "WHERE"
        )
        weighted = list({stem(word, "porter"): _weight(frequencies[word], chunks) for word in words}.items())
        return [
            FullTextHit(
                chunk_id,
                document_id,
                version,
                score,
                tuple(window_scores(weighted, text, json.loads(spans), heading_length)),
            )
            for chunk_id, document_id, version, score, heading_length, spans, text in database.execute(
                statement, [*values, match, limit]
            )
        ]

    def index(self, version: DocumentVersion, chunks: Sequence[Chunk]) -> None:
        with self._file.transaction() as database:
            _delete(database, version.document_id)
            total = sum(len(chunk.windows) for chunk in chunks)
            document = database.execute(
                "INSERT INTO documents (document_id, version, windows) VALUES (?, ?, ?)",
                (version.document_id, version.version, total),
            ).lastrowid
            database.execute("UPDATE totals SET chunks = chunks + ?, windows = windows + ?", (len(chunks), total))
            database.executemany(
                "INSERT INTO attributes VALUES (?, ?, ?, ?)",
                [(document, *row) for row in attribute_rows(attributes_of(version))],
            )
            for chunk in chunks:
                text, heading_length, spans = _searched(chunk)
                number = database.execute(
                    "INSERT INTO chunks (document, chunk_id, windows, heading_length, spans) VALUES (?, ?, ?, ?, ?)",
                    (document, chunk.chunk_id, len(chunk.windows), heading_length, json.dumps(spans)),
                ).lastrowid
                database.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (number, text))
                if chunk.windows:
                    database.execute("INSERT INTO waiting VALUES (?, ?)", (number, document))

    def remove(self, document_ids: Iterable[str]) -> None:
        for document_id in document_ids:
            with self._file.transaction() as database:
                _delete(database, document_id)

    def versions(self) -> dict[str, int]:
        return dict(self._file.connection().execute("SELECT document_id, version FROM documents"))


def _searched(chunk: Chunk) -> tuple[str, int, list[tuple[int, int]]]:
    """The headings and what is the chunk's own, the length of the headings, and its windows in that text.

    The overlap that a chunk begins with is the text of the chunk before, and found there.
    """
    heading = "\n".join((*chunk.heading_path, ""))
    first = chunk.windows[0][0] if chunk.windows else 0
    windows = [(start - first + len(heading), end - first + len(heading)) for start, end in chunk.windows]
    return heading + chunk.content[first:], len(heading), windows


def _selective(frequencies: Mapping[str, int], chunks: int) -> list[str]:
    """The words without the common ones, unless they leave fewer than two that the index knows."""
    rare = [word for word, frequency in frequencies.items() if frequency <= _COMMON_SHARE * chunks]
    return rare if len(frequencies) > 2 and sum(frequencies[word] > 0 for word in rare) > 1 else list(frequencies)


def _frequency(database: sqlite3.Connection, word: str) -> int:
    """In how many chunks the word is, in any of its forms; 0 where the stemmers disagree, so that it is kept."""
    row = database.execute("SELECT doc FROM temp.vocabulary WHERE term = ?", (stem(word, "porter"),)).fetchone()
    return int(row[0]) if row else 0


def _weight(frequency: int, chunks: int) -> float:
    """The inverse document frequency of BM25, above 0 for the commonest word too."""
    return math.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))


def _delete(database: sqlite3.Connection, document_id: str) -> None:
    row = database.execute("SELECT id, windows FROM documents WHERE document_id = ?", (document_id,)).fetchone()
    if row is None:
        return
    document, windows = row
    (chunks,) = database.execute("SELECT count(*) FROM chunks WHERE document = ?", (document,)).fetchone()
    database.execute("DELETE FROM texts WHERE rowid IN (SELECT id FROM chunks WHERE document = ?)", (document,))
    database.execute("DELETE FROM vectors WHERE chunk IN (SELECT id FROM chunks WHERE document = ?)", (document,))
    for table in ("waiting", "chunks", "attributes"):
        database.execute(f"DELETE FROM {table} WHERE document = ?", (document,))  # noqa: S608 - our own names
    database.execute("DELETE FROM documents WHERE id = ?", (document,))
    database.execute("UPDATE totals SET chunks = chunks - ?, windows = windows - ?", (chunks, windows))
