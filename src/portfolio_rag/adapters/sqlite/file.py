"""The file of an API process in which windows can be found by their words, their attributes and their ids.

A cache of what DynamoDB and Chroma hold, never the truth: a damaged file, or one of another layout, is begun anew.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_log = logging.getLogger(__name__)

_LAYOUT = 3
"""Bumped when the tables or what goes into them change: an older file is built anew."""

# Ids are whole numbers inside: a filter on attributes is a set of them, and small sets are what makes it fast.
_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, windows INTEGER NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, chunk_id TEXT NOT NULL UNIQUE, windows INTEGER NOT NULL,
    heading_length INTEGER NOT NULL, spans TEXT NOT NULL
);
CREATE INDEX chunks_of_document ON chunks (document);
CREATE TABLE attributes (document INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL);
CREATE INDEX attributes_by_value ON attributes (key, kind, value, document);
CREATE INDEX attributes_of_document ON attributes (document);
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = "porter unicode61 remove_diacritics 2");
CREATE TABLE vectors (chunk INTEGER PRIMARY KEY, vectors BLOB NOT NULL);
CREATE TABLE waiting (chunk INTEGER PRIMARY KEY, document INTEGER NOT NULL);
CREATE INDEX waiting_of_document ON waiting (document);
CREATE TABLE totals (chunks INTEGER NOT NULL, windows INTEGER NOT NULL, collection TEXT NOT NULL);
INSERT INTO totals VALUES (0, 0, '');
"""


class SqliteFile:
    """One connection for each thread, one writer at a time."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._local = threading.local()
        if not self._usable():
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._create()

    def connection(self) -> sqlite3.Connection:
        """This thread's; it is closed when the thread is gone."""
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = self._open()
            database.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, texts, row)")
        return database

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        database = self.connection()
        with self._writing:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

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
