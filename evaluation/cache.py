"""Vectors kept on disk by model and text, so that a second run of an evaluation embeds nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from portfolio_rag.domain.identifiers import sha256_hex
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.vectors import Vectors

_READ = 500
_WRITE = 256


class CachedEmbedder:
    """An embedder that remembers in a SQLite file."""

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self._embedder = embedder
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=60)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [f"{self.fingerprint}:{sha256_hex(text)}" for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        pending = list(missing.items())
        for start in range(0, len(pending), _WRITE):
            batch = pending[start : start + _WRITE]
            vectors = self._embedder.embed([text for _, text in batch])
            rows = [(key, vector.astype(np.float32)) for (key, _), vector in zip(batch, vectors, strict=True)]
            with self._database:
                self._database.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?)", [(key, vector.tobytes()) for key, vector in rows]
                )
            known.update(rows)
        if not keys:
            return np.zeros((0, self.dimensions), np.float32)
        return np.stack([known[key] for key in keys])

    def _known(self, keys: Sequence[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        for start in range(0, len(keys), _READ):
            batch = keys[start : start + _READ]
            marks = ",".join("?" * len(batch))
            rows = self._database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch)  # noqa: S608
            found.update((key, np.frombuffer(vector, np.float32)) for key, vector in rows)
        return found
