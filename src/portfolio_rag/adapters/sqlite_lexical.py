"""The full-text side of retrieval: SQLite's FTS5 with BM25, in a file of the API process.

Nothing of the corpus is held in memory: a query reads the postings of its words. Measured on 100,000 windows of AWS's
guides and 25 real questions: a file of 83 MB, 36 ms of processor time a query in the median, 106 ms at most, the same
with a filter, in a process of 42 MB.

One process a file: several would do the same work several times.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portfolio_rag.keys import logical_key_of
from portfolio_rag.models import Chunk, DocumentVersion
from portfolio_rag.ports import LexicalHit
from portfolio_rag.services.filters import Condition, Filter, Scalar
from portfolio_rag.services.stems import stem
from portfolio_rag.services.words import content_words

_log = logging.getLogger(__name__)

_LAYOUT = 1
"""Bumped when the tables or what goes into them change: an older file is built anew."""

_SCHEMA = """
CREATE TABLE documents (document_id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE windows (
    id INTEGER PRIMARY KEY, document_id TEXT NOT NULL, version INTEGER NOT NULL, chunk_id TEXT NOT NULL,
    n INTEGER NOT NULL
);
CREATE INDEX windows_of_document ON windows (document_id);
CREATE TABLE attributes (document_id TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL);
CREATE INDEX attributes_by_value ON attributes (key, kind, value);
CREATE INDEX attributes_of_document ON attributes (document_id);
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = "porter unicode61 remove_diacritics 2");
"""

_SEARCH = """
SELECT windows.chunk_id, windows.document_id, windows.version, windows.n, hits.score
FROM (SELECT rowid, -rank AS score FROM texts WHERE texts MATCH ?{filter} ORDER BY rank LIMIT ?) AS hits
JOIN windows ON windows.id = hits.rowid ORDER BY hits.score DESC
"""
# The plus keeps SQLite from looking up each row of the filter in the full-text index, one by one.
_FILTER = " AND +rowid IN (SELECT id FROM windows WHERE {condition})"

_MAX_QUERY_WORDS = 64
"""A longer query is cut: each word is one more list of postings to read."""

_COMMON_SHARE = 0.25
"""A word in more than this share of the windows is left out of a query that has rarer ones: it ranks next to nothing
and its postings are the longest (measured: the same nDCG@10, and "Amazon" is in 45 % of the windows of AWS's guides).
"""

_TEXT, _NUMBER, _BOOLEAN, _ITEM = "text", "number", "boolean", "item"


class SqliteLexicalIndex:
    """`ports.LexicalIndex` in the file at `path`; a file that is damaged or of another layout is begun anew."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._local = threading.local()
        if not self._usable():
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._create()

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[LexicalHit]:
        database = self._connection()
        words = _selective(database, list(dict.fromkeys(content_words(query)))[:_MAX_QUERY_WORDS])
        if not words:
            return []
        # Quoted, so that no word is read as an operator of the query language.
        match = " OR ".join(f'"{word}"' for word in words)
        condition, values = _sql(where) if where else ("", [])
        statement = _SEARCH.format(filter=_FILTER.format(condition=condition) if condition else "")
        rows = database.execute(statement, [match, *values, limit])
        return [LexicalHit(*row) for row in rows]

    def index(self, version: DocumentVersion, chunks: Sequence[Chunk]) -> None:
        with self._transaction() as database:
            _delete(database, version.document_id)
            database.execute("INSERT INTO documents VALUES (?, ?)", (version.document_id, version.version))
            database.executemany(
                "INSERT INTO attributes VALUES (?, ?, ?, ?)",
                [(version.document_id, *row) for row in _attribute_rows(attributes_of(version))],
            )
            for chunk in chunks:
                for n, text in enumerate(chunk.window_texts):
                    row = database.execute(
                        "INSERT INTO windows (document_id, version, chunk_id, n) VALUES (?, ?, ?, ?)",
                        (version.document_id, version.version, chunk.chunk_id, n),
                    ).lastrowid
                    database.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (row, text))

    def remove(self, document_ids: Iterable[str]) -> None:
        for document_id in document_ids:
            with self._transaction() as database:
                _delete(database, document_id)

    def versions(self) -> dict[str, int]:
        return dict(self._connection().execute("SELECT document_id, version FROM documents"))

    def _usable(self) -> bool:
        if not self._path.exists():
            return False
        try:
            database = self._open()
            try:
                (layout,) = database.execute("PRAGMA user_version").fetchone()
                (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
            finally:
                database.close()
        except sqlite3.DatabaseError as error:
            _log.warning("The full-text index %s is damaged and will be built anew: %s", self._path.name, error)
            return False
        return bool(layout == _LAYOUT and state == "ok")

    def _create(self) -> None:
        database = self._open()
        database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_LAYOUT}; COMMIT;")
        database.close()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        # A crash may cost the last transactions, never the file: what is lost is indexed again from the registry.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        return database

    def _connection(self) -> sqlite3.Connection:
        """One for each thread; it is closed when the thread is gone."""
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = self._open()
            database.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, texts, row)")
        return database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._connection()
        with self._writing:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


def _selective(database: sqlite3.Connection, words: list[str]) -> list[str]:
    """The words without the common ones, unless they leave fewer than two that the index knows."""
    if len(words) < 3:
        return words
    (windows,) = database.execute("SELECT count(*) FROM windows").fetchone()
    frequency = {word: _frequency(database, word) for word in words}
    rare = [word for word in words if frequency[word] <= _COMMON_SHARE * windows]
    return rare if sum(frequency[word] > 0 for word in rare) > 1 else words


def _frequency(database: sqlite3.Connection, word: str) -> int:
    """In how many windows the word is, in any of its forms; 0 where the stemmers disagree, so that it is kept."""
    row = database.execute("SELECT doc FROM temp.vocabulary WHERE term = ?", (stem(word, "porter"),)).fetchone()
    return int(row[0]) if row else 0


def attributes_of(version: DocumentVersion) -> dict[str, Any]:
    """What filters may ask of a document: as in the metadata of its vectors."""
    return {
        **version.metadata,
        "document_id": version.document_id,
        "version": version.version,
        "file_type": version.file_type,
        "filename": version.filename,
        "s3_key": logical_key_of(version.s3_key),
        "upload_timestamp": version.upload_timestamp,
    }


def _delete(database: sqlite3.Connection, document_id: str) -> None:
    database.execute("DELETE FROM texts WHERE rowid IN (SELECT id FROM windows WHERE document_id = ?)", (document_id,))
    for table in ("windows", "attributes", "documents"):
        database.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))  # noqa: S608 - our own names


def _attribute_rows(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str, Scalar]]:
    for key, value in attributes.items():
        if isinstance(value, list):
            for item in value:
                yield key, _ITEM, item
        else:
            yield key, _kind(value), value


def _kind(value: Scalar) -> str:
    return _TEXT if isinstance(value, str) else _BOOLEAN if isinstance(value, bool) else _NUMBER


_COMPARISONS = {
    "equals": "= ?",
    "notEquals": "= ?",
    "greaterThan": "> ?",
    "greaterThanOrEquals": ">= ?",
    "lessThan": "< ?",
    "lessThanOrEquals": "<= ?",
    "listContains": "= ?",
}


def _sql(where: Filter) -> tuple[str, list[Scalar]]:
    """A condition on `document_id` that says what the filter says, with its values."""
    if isinstance(where, Condition):
        return _condition_sql(where)
    parts = [_sql(member) for member in where.members]
    joined = (" AND " if where.operator == "andAll" else " OR ").join(f"({sql})" for sql, _ in parts)
    return joined, [value for _, values in parts for value in values]


def _condition_sql(condition: Condition) -> tuple[str, list[Scalar]]:
    values = list(condition.value) if isinstance(condition.value, tuple) else [condition.value]
    comparison = _COMPARISONS.get(condition.operator) or f"IN ({', '.join('?' * len(values))})"
    kind = _ITEM if condition.operator == "listContains" else _kind(values[0])
    holds = "NOT IN" if condition.operator in ("notEquals", "notIn") else "IN"
    wanted = f"SELECT document_id FROM attributes WHERE key = ? AND kind = ? AND value {comparison}"  # noqa: S608
    return f"document_id {holds} ({wanted})", [condition.key, kind, *values]
