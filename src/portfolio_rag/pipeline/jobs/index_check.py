"""Whether an index holds what the backup has, no more and no less: then it need not be built anew."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from portfolio_rag.domain.index_names import partitions_of
from portfolio_rag.domain.versions import history_collection, history_window
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import BackupEntry
from portfolio_rag.pipeline.jobs.backup_copy import replaced_period
from portfolio_rag.pipeline.jobs.claim import ClaimedJob
from portfolio_rag.ports.runtime import Parallel

_VERSIONS_A_TIME = 50

_RESERVE_SECONDS = 60.0
"""Of the invocation: where it cannot be told in time, the index is built, which goes on over several."""


class IndexCheck:
    def __init__(self, stores: DocumentStores, parallel: Parallel, fingerprint: str, partitions: int) -> None:
        self._stores = stores
        self._parallel = parallel
        self._fingerprint = fingerprint
        self._partitions = partitions

    def passes(self, claimed: ClaimedJob, live: str, answering: Collection[tuple[str, int]]) -> bool:
        """True if the index `live` holds the windows of the backup, and the backup every version that is `answering`.

        In as many collections as there shall be. False when there is no time to tell.
        """
        if partitions_of(live) != self._partitions:
            return False
        if self._stores.vectors.fingerprint(live) not in (None, self._fingerprint):
            return False  # The same ids, with the vectors of another model.
        counts = dict.fromkeys((live, history_collection(live)), 0)
        # Listed in the order of documents and versions: no more is held than the ids of some.
        grouped = itertools.groupby(
            self._stores.backup.entries(self._fingerprint), key=lambda entry: (entry.document_id, entry.version)
        )
        versions = (list(entries) for _, entries in grouped)
        while some := list(itertools.islice(versions, _VERSIONS_A_TIME)):
            if not claimed.has_time_for(_RESERVE_SECONDS):
                return False
            for collection, expected in self._expected(live, some).items():
                if self._stores.vectors.present(collection, sorted(expected)) != expected:
                    return False
                counts[collection] += len(expected)
        if any(self._stores.vectors.count(collection) != count for collection, count in counts.items()):
            return False
        return self._stores.backup.covered(self._fingerprint).issuperset(answering)

    def _expected(self, live: str, versions: Sequence[Sequence[BackupEntry]]) -> dict[str, set[str]]:
        """The ids of the windows of these versions, by the collection that has them."""
        found: dict[BackupEntry, list[str]] = {}

        def read(entry: BackupEntry) -> None:
            found[entry] = self._stores.backup.window_ids(entry)

        heads = self._stores.registry.heads_of(entries[0].document_id for entries in versions)
        self._parallel(read, [entry for entries in versions for entry in entries])
        expected: dict[str, set[str]] = {live: set(), history_collection(live): set()}
        for entries in versions:
            document_id, number = entries[0].document_id, entries[0].version
            ids = {id_ for entry in entries for id_ in found[entry]}
            period = replaced_period(heads.get(document_id), number)
            if period is None:
                expected[live] |= ids
            else:
                ids = {history_window(id_, document_id, number, period).id for id_ in ids}
                expected[history_collection(live)] |= ids
        return expected
