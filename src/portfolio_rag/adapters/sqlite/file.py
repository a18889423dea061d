"""The file of an API process: documents, their attributes, the texts of their chunks and the replica of the vectors.

A cache of what DynamoDB and Chroma hold, never the truth: a damaged file, or one of another layout, is begun anew. The
words of the texts are beside it, in a folder of Tantivy's that belongs to this very file.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portfolio_rag.domain.errors import PortfolioRagError

_log = logging.getLogger(__name__)

_LAYOUT = 5
"""Bumped when the tables or what goes into them change, the words beside them too: an older file is built anew."""

# Ids are whole numbers inside: a filter on attributes is a set of them, and small sets are what makes it fast. No
# number is given twice: the words, which are committed a moment later, would else be those of another chunk.
_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
    windows INTEGER NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL, chunk_id TEXT NOT NULL UNIQUE,
    windows INTEGER NOT NULL, heading_length INTEGER NOT NULL, spans TEXT NOT NULL
);
CREATE INDEX chunks_of_document ON chunks (document);
CREATE TABLE attributes (document INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL);
CREATE INDEX attributes_by_value ON attributes (key, kind, value, document);
CREATE INDEX attributes_of_document ON attributes (document);
CREATE TABLE texts (chunk INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE unindexed (document INTEGER PRIMARY KEY);
CREATE TABLE vectors (chunk INTEGER PRIMARY KEY, vectors BLOB NOT NULL);
CREATE TABLE waiting (chunk INTEGER PRIMARY KEY, document INTEGER NOT NULL);
CREATE INDEX waiting_of_document ON waiting (document);
CREATE TABLE totals (windows INTEGER NOT NULL, collection TEXT NOT NULL, identity TEXT NOT NULL);
INSERT INTO totals VALUES (0, '', lower(hex(randomblob(8))));
"""


class FileInUse(PortfolioRagError):
    """Another process has the file: each keeps one of its own."""

    title = "The full-text index is in use"


class SqliteFile:
    """One connection for each thread, one writer at a time, one process.

    Raises FileInUse while another process, or another object, has the file open.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._beside(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        self._unlock = weakref.finalize(self, os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._unlock()
            raise FileInUse(f"Another process has {self._path.name} open.") from error
        self._writing = threading.Lock()
        self._local = threading.local()
        if not self._usable():
            for suffix in ("", "-wal", "-shm"):
                self._beside(suffix).unlink(missing_ok=True)
            self._create()
        self.words_folder = self._words_folder()

    def close(self) -> None:
        """Let another object have the file; connections of other threads are closed when those end."""
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is not None:
            database.close()
            self._local.database = None
        self._unlock()

    def connection(self) -> sqlite3.Connection:
        """This thread's; it is closed when the thread is gone."""
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = self._open()
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

    def _words_folder(self) -> Path:
        """Where the words of this very file are; those of a file that was here before are removed."""
        (identity,) = self.connection().execute("SELECT identity FROM totals").fetchone()
        own = self._beside(f"-words-{identity}")
        for folder in self._path.parent.glob(f"{self._path.name}-words-*"):
            if folder != own:
                shutil.rmtree(folder, ignore_errors=True)
        return own

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

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)
