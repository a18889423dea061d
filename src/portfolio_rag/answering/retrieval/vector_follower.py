"""What keeps the replica of the vectors in step with the collection that answers.

It runs behind the follower of the full-text index: whatever that has indexed waits here for its vectors, which are in
Chroma before a version is COMPLETED. After a switch to a rebuilt collection all of them are read anew.
"""

from __future__ import annotations

import threading

import numpy as np

from portfolio_rag.domain.identifiers import window_id
from portfolio_rag.ports.index_alias import IndexAliases
from portfolio_rag.ports.vector_replica import WritableVectorReplica
from portfolio_rag.ports.vector_store import VectorStore

_CHUNKS = 100
"""Chunks whose vectors are read in one call: some 400 windows, 3 MB of JSON."""

_CALLS = 5
"""Calls of one step: the follower of the words looks for what is new between two of them."""


class VectorFollower:
    def __init__(self, replica: WritableVectorReplica, vectors: VectorStore, aliases: IndexAliases) -> None:
        self._replica = replica
        self._vectors = vectors
        self._aliases = aliases
        self._after = 0

    def step(self, stop: threading.Event) -> bool:
        """Read a part of what is waiting, until `stop` is set; whether there is more. Raises what the stores raise.

        What Chroma does not have waits for the next round, and filters that it passes are Chroma's until then.
        """
        collection = self._aliases.current().live
        self._replica.follow(collection)
        for _ in range(_CALLS):
            if stop.is_set():
                return False
            batch = self._replica.waiting(limit=_CHUNKS, after=self._after)
            self._after = batch[-1][0] if len(batch) == _CHUNKS else 0
            if batch:
                self._read(collection, batch)
            if not self._after:
                return False
        return True

    def _read(self, collection: str, batch: list[tuple[int, str, int]]) -> None:
        wanted = {chunk_id: [window_id(chunk_id, n) for n in range(windows)] for _, chunk_id, windows in batch}
        vectors = self._vectors.vectors(collection, [id_ for ids in wanted.values() for id_ in ids])
        whole = {
            chunk_id: np.stack([vectors[id_] for id_ in ids])
            for chunk_id, ids in wanted.items()
            if all(id_ in vectors for id_ in ids)
        }
        self._replica.store(collection, whole)
