"""A replica of the windows' vectors beside their words, in half precision: 768 bytes a window of 384 dimensions.

What Chroma does slowly comes from here (measured at 76,000 windows, `bench/search.py`): its metadata filter costs 20 to
60 times the search itself, a search among given ids no less, and 50 vectors read by id as much as a whole search.
Half precision moves a cosine by 0.0002 at most, which is less than 8-bit weights do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from portfolio_rag.adapters.sqlite.file import SqliteFile
from portfolio_rag.adapters.sqlite.filters import document_condition
from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.vector_replica import PassingWindows, ReplicaHit
from portfolio_rag.ports.vectors import Vectors

_Id = TypeVar("_Id", int, str)

_READ = 2000
"""Chunks of which the vectors are in memory at a time: some 8,000 windows, 25 MB in full precision."""

_MARKS = 500
"""Values of one IN list."""

_SCAN = """
SELECT chunks.id, vectors.vectors FROM documents JOIN chunks ON chunks.document = documents.id
JOIN vectors ON vectors.chunk = chunks.id WHERE {condition}
"""
_OWNERS = """
SELECT chunks.chunk_id, documents.document_id, documents.version FROM chunks
JOIN documents ON documents.id = chunks.document WHERE {condition} chunks.chunk_id IN ({marks})
"""


class SqliteVectorReplica:
    """`ports.VectorReplica` in the file of the full-text index. Safe from several threads."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._followed: str | None = None  # a file from yesterday does not answer before it was compared with today

    # --- what a query asks

    def owners(self, chunk_ids: Sequence[str], where: Filter | None = None) -> dict[str, tuple[str, int]]:
        condition, values = document_condition(where, "documents.id", probed=True) if where else ("", [])
        prefix = f"({condition}) AND" if condition else ""
        owners: dict[str, tuple[str, int]] = {}
        for batch in _batches(list(dict.fromkeys(chunk_ids))):
            statement = _OWNERS.format(condition=prefix, marks=_marks(batch))
            for chunk_id, document_id, version in self._file.connection().execute(statement, [*values, *batch]):
                owners[chunk_id] = (document_id, version)
        return owners

    def matches(self, collection: str, where: Filter) -> PassingWindows | None:
        if self._followed != collection:
            return None
        database = self._file.connection()
        condition, values = document_condition(where, "documents.id")
        windows, total = database.execute(
            f"SELECT coalesce(sum(windows), 0), (SELECT windows FROM totals) FROM documents WHERE {condition}",  # noqa: S608
            values,
        ).fetchone()
        condition, values = document_condition(where, "waiting.document")
        waiting = database.execute(f"SELECT 1 FROM waiting WHERE {condition} LIMIT 1", values).fetchone()  # noqa: S608
        return None if waiting else PassingWindows(int(windows), int(total))

    def search(self, vector: Vectors, *, limit: int, where: Filter) -> list[ReplicaHit]:
        condition, values = document_condition(where, "documents.id")
        rows = self._file.connection().execute(_SCAN.format(condition=condition), values)
        best: list[tuple[float, int, int]] = []
        while batch := rows.fetchmany(_READ):
            best = sorted([*best, *_best(batch, vector, limit)], reverse=True)[:limit]
        chunks = self._chunks([chunk for _, chunk, _ in best])
        return [ReplicaHit(*chunks[chunk], n, score) for score, chunk, n in best if chunk in chunks]

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        if self._followed != collection:
            return {}
        database = self._file.connection()
        wanted = set(ids)
        similarities: dict[str, float] = {}
        for batch in _batches(list({id_.partition("#")[0] for id_ in ids})):
            rows = database.execute(
                "SELECT chunk_id, vectors.vectors FROM chunks JOIN vectors ON vectors.chunk = chunks.id "  # noqa: S608
                f"WHERE chunk_id IN ({_marks(batch)})",
                batch,
            ).fetchall()
            # One product for all of them: many small ones took longer than reading the rows.
            cosines = _matrix([stored for _, stored in rows], vector) @ vector
            windows = (window_id(chunk_id, n) for chunk_id, stored in rows for n in range(_windows(stored, vector)))
            similarities |= {id_: float(cosine) for id_, cosine in zip(windows, cosines, strict=True) if id_ in wanted}
        return similarities

    # --- what keeps it in step

    def follow(self, collection: str) -> None:
        if self._followed == collection:
            return
        with self._file.transaction() as database:
            (stored,) = database.execute("SELECT collection FROM totals").fetchone()
            if stored != collection:
                self._followed = None
                database.execute("DELETE FROM vectors")
                database.execute("INSERT OR IGNORE INTO waiting SELECT id, document FROM chunks WHERE windows > 0")
                database.execute("UPDATE totals SET collection = ?", (collection,))
        self._followed = collection

    def forget(self) -> None:
        """Hold no vectors, and give their place on the disk back."""
        self._followed = None
        with self._file.transaction() as database:
            (held,) = database.execute("SELECT EXISTS (SELECT 1 FROM vectors)").fetchone()
            if held:
                database.execute("INSERT OR IGNORE INTO waiting SELECT id, document FROM chunks WHERE windows > 0")
                database.execute("DELETE FROM vectors")
        if held:
            self._file.connection().execute("VACUUM")
            self._file.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def waiting(self, *, limit: int, after: int = 0) -> list[tuple[int, str, int]]:
        rows = self._file.connection().execute(
            "SELECT chunks.id, chunks.chunk_id, chunks.windows FROM waiting JOIN chunks ON chunks.id = waiting.chunk "
            "WHERE waiting.chunk > ? ORDER BY waiting.chunk LIMIT ?",
            (after, limit),
        )
        return rows.fetchall()

    def store(self, collection: str, vectors: Mapping[str, Vectors]) -> None:
        if self._followed != collection:
            return
        with self._file.transaction() as database:
            for chunk_id, rows in vectors.items():
                chunk = database.execute("SELECT id FROM chunks WHERE chunk_id = ?", (chunk_id,)).fetchone()
                if chunk is None:  # replaced or removed since it was waiting
                    continue
                blob = np.ascontiguousarray(rows, dtype=np.float16).tobytes()
                database.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", (chunk[0], blob))
                database.execute("DELETE FROM waiting WHERE chunk = ?", chunk)

    def _chunks(self, numbers: Sequence[int]) -> dict[int, tuple[str, str, int]]:
        """Number of a chunk -> its id, its document's id and version."""
        chunks: dict[int, tuple[str, str, int]] = {}
        for batch in _batches(list(dict.fromkeys(numbers))):
            rows = self._file.connection().execute(
                "SELECT chunks.id, chunk_id, document_id, version FROM chunks "  # noqa: S608
                f"JOIN documents ON documents.id = chunks.document WHERE chunks.id IN ({_marks(batch)})",
                batch,
            )
            chunks.update((number, (chunk_id, document_id, version)) for number, chunk_id, document_id, version in rows)
        return chunks


def _best(rows: Sequence[tuple[int, bytes]], vector: Vectors, limit: int) -> list[tuple[float, int, int]]:
    """Cosine, number of the chunk and window of the nearest, in any order."""
    scores = _matrix([stored for _, stored in rows], vector) @ vector
    nearest = np.argpartition(-scores, limit)[:limit] if len(scores) > limit else np.arange(len(scores))
    ends = np.cumsum([_windows(stored, vector) for _, stored in rows])
    owners = np.searchsorted(ends, nearest, side="right")
    starts = np.concatenate(([0], ends[:-1]))
    return [
        (float(scores[row]), rows[owner][0], int(row - starts[owner]))
        for row, owner in zip(nearest.tolist(), owners.tolist(), strict=True)
    ]


def _matrix(stored: Sequence[bytes], vector: Vectors) -> Vectors:
    """Shape (windows, dimensions), in full precision: sums in half would lose what the vectors still have."""
    return np.frombuffer(b"".join(stored), np.float16).reshape(-1, len(vector)).astype(np.float32)


def _windows(stored: bytes, vector: Vectors) -> int:
    """How many windows a row holds: a half-precision number, two bytes, for each dimension of each."""
    return len(stored) // (2 * len(vector))


def _batches(values: Sequence[_Id]) -> Iterator[Sequence[_Id]]:
    for start in range(0, len(values), _MARKS):
        yield values[start : start + _MARKS]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
