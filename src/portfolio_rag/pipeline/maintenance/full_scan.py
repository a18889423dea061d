"""`rag verify`: every store read whole, a page at a time, and all that one holds looked up in the others.

From the registry outwards, each document is compared with what the stores hold of it
(pipeline/maintenance/reconciler.py). Then each store is read for what belongs to no document: windows in Chroma,
chunks, the backup, the addresses of vectors, the originals in S3. A page is read before the rows that it is held
against, and those are read strongly consistent: whatever lies in a store was registered before. Memory is that of a
page, however much the stores hold.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.versions import (
    HistoryWindow,
    history_collection,
    history_window,
    period_of,
    read_history_id,
)
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.documents.vector_backup import VECTORS
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.maintenance.differences import Difference, DifferenceKind
from portfolio_rag.pipeline.maintenance.reconciler import Reconciler

WINDOWS_A_PAGE = 2000
ROWS_A_PAGE = 1000
ADDRESSES_A_PAGE = 20_000
"""Each page of addresses costs one listing of the backup (1,000 objects of some 64 windows a call); 10 MB."""

_Entry = TypeVar("_Entry")


class FullScan:
    def __init__(
        self,
        stores: DocumentStores,
        reconciler: Reconciler,
        intake: DocumentIntake,
        purge: Purge,
        bucket: str,
    ) -> None:
        self._stores = stores
        self._reconciler = reconciler
        self._intake = intake
        self._purge = purge
        self._bucket = bucket

    def run(self, *, repair: bool) -> Iterator[Difference]:
        """All documents at rest, then what belongs to none. Raises DependencyUnavailable."""
        for head in self._stores.registry.heads():
            yield from self._reconciler.compare_if_quiescent(head.document_id, repair=repair)
        for collection in self._stores.index_aliases.current().targets:
            yield from self._windows(collection, repair=repair)
            yield from self._history(history_collection(collection), repair=repair)
        yield from self._unknown_chunks(repair=repair)
        yield from self._unknown_backups(repair=repair)
        yield from self._unknown_staged(repair=repair)
        # After whatever has removed vectors from the backup.
        yield from self._dangling_addresses(repair=repair)
        yield from self._unknown_objects(repair=repair)

    def _windows(self, collection: str, *, repair: bool) -> Iterator[Difference]:
        """Windows of no document, of a version that does not answer, or of a chunk that is not there."""
        unknown = 0
        pages = itertools.chain.from_iterable(map(self._pages, self._stores.vectors.parts(collection)))
        for page in pages:
            by_document: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
            for id_, metadata in page:
                by_document[str(metadata.get("document_id"))].append((id_, metadata))
            heads = self._stores.registry.heads_of(by_document)
            strays = [id_ for document_id in by_document.keys() - heads.keys() for id_, _ in by_document[document_id]]
            unknown += len(strays)
            expected = self._stores.chunks.window_ids(
                dict.fromkeys(
                    (id_.partition("#")[0], document_id)
                    for document_id, head in heads.items()
                    for id_, metadata in by_document[document_id]
                    if metadata.get("version") == head.live_version
                )
            )
            for document_id, head in heads.items():
                # Registered and then forgotten: nobody will come back to it.
                forgotten = {
                    id_ for id_, metadata in by_document[document_id] if _version(metadata) > head.latest_version
                }
                strays += forgotten
                unknown += len(forgotten)
                surplus = [id_ for id_, _ in by_document[document_id] if id_ not in expected | forgotten]
                if surplus and self._reconciler.is_quiescent(document_id):
                    yield Difference(
                        DifferenceKind.STALE, document_id, f"{collection} holds {len(surplus)} vectors too many."
                    )
                    strays += surplus
            if strays and repair:
                self._stores.vectors.delete(collection, strays)
        if unknown:
            yield Difference(
                DifferenceKind.UNKNOWN, "", f"{collection} holds {unknown} vectors of no document or version."
            )

    def _history(self, collection: str, *, repair: bool) -> Iterator[Difference]:
        """Windows in the history of no document, of a version that is not kept, or of a chunk that is not there."""
        unknown = 0
        pages = itertools.chain.from_iterable(map(self._pages, self._stores.vectors.parts(collection)))
        for page in pages:
            read = [(read_history_id(id_), id_) for id_, _ in page]
            windows = [(window, id_) for window, id_ in read if window is not None]
            heads = self._stores.registry.heads_of(window.document_id for window, _ in windows)
            chunks = self._stores.chunks.window_ids(
                dict.fromkeys((window.window_id.partition("#")[0], window.document_id) for window, _ in windows)
            )
            surplus: dict[str, list[str]] = defaultdict(list)
            unwanted = [id_ for window, id_ in read if window is None]
            for window, id_ in windows:
                head = heads.get(window.document_id)
                if head is None or window.version > head.latest_version:
                    unwanted.append(id_)
                elif window.window_id not in chunks or not _is_of_history(window, head):
                    surplus[window.document_id].append(id_)
            unknown += len(unwanted)
            for document_id, ids in surplus.items():
                if self._reconciler.is_quiescent(document_id):
                    yield Difference(
                        DifferenceKind.STALE, document_id, f"{collection} holds {len(ids)} vectors too many."
                    )
                    unwanted += ids
            if unwanted and repair:
                self._stores.vectors.delete(collection, unwanted)
        if unknown:
            yield Difference(
                DifferenceKind.UNKNOWN, "", f"{collection} holds {unknown} vectors of no document or version."
            )

    def _pages(self, part: str) -> Iterator[list[tuple[str, Mapping[str, Any]]]]:
        """From the newest window to the oldest.

        What is deleted meanwhile moves the windows after it forward, into pages that were read already: some are seen
        twice, none is skipped. What is inserted meanwhile comes at the end and is left to the next run.
        """
        end = self._stores.vectors.count(part)
        while end > 0:
            start = max(0, end - WINDOWS_A_PAGE)
            yield self._stores.vectors.page(part, offset=start, limit=end - start)
            end = start

    def _unknown_chunks(self, *, repair: bool) -> Iterator[Difference]:
        unknown = 0
        for page in _pages(self._stores.chunks.keys(), ROWS_A_PAGE):
            known = self._stores.registry.heads_of(document_id for _, document_id in page)
            strays = [key for key in page if key[1] not in known]
            unknown += len(strays)
            if strays and repair:
                self._stores.chunks.delete(strays)
        if unknown:
            yield Difference(DifferenceKind.UNKNOWN, "", f"{unknown} chunks belong to no document.")

    def _unknown_backups(self, *, repair: bool) -> Iterator[Difference]:
        for page in _pages(self._stores.backup.versions(), ROWS_A_PAGE):
            known = self._stores.registry.heads_of(document_id for document_id, _ in page)
            for document_id, version in dict.fromkeys(page):
                head = known.get(document_id)
                if head is not None and version <= head.latest_version:
                    continue
                yield Difference(
                    DifferenceKind.UNKNOWN, document_id, "The backup holds vectors of an unknown document or version."
                )
                if repair:
                    self._purge.version(document_id, version)

    def _unknown_staged(self, *, repair: bool) -> Iterator[Difference]:
        """What was staged for a version that nobody will come back to: it was registered, and then forgotten."""
        for page in _pages(self._stores.staging.versions(), ROWS_A_PAGE):
            known = self._stores.registry.heads_of(document_id for document_id, _ in page)
            for document_id, version in page:
                head = known.get(document_id)
                if head is not None and version <= head.latest_version:
                    continue
                yield Difference(
                    DifferenceKind.UNKNOWN, document_id, "Something is staged for an unknown document or version."
                )
                if repair:
                    self._stores.staging.delete(document_id, version)

    def _dangling_addresses(self, *, repair: bool) -> Iterator[Difference]:
        """Addresses of vectors that are gone. A vector without an address is none: it is embedded once more, if ever.

        The addresses are read before the backup is listed, and vectors are written before their address.
        """
        dangling = 0
        for page in _pages(self._stores.embedding_locations.all(), ADDRESSES_A_PAGE):
            gone: dict[str, list[str]] = defaultdict(list)
            for vector_id, place in page:
                gone[place.s3_key].append(vector_id)
            for key in self._stores.backup.keys(VECTORS):
                gone.pop(key, None)
            dangling += sum(len(vector_ids) for vector_ids in gone.values())
            if repair:
                for key, vector_ids in gone.items():
                    # Only those that still point there.
                    self._stores.embedding_locations.remove(vector_ids, key)
        if dangling:
            yield Difference(
                DifferenceKind.DANGLING, "", f"{dangling} addresses name vectors that the backup does not hold."
            )

    def _unknown_objects(self, *, repair: bool) -> Iterator[Difference]:
        """Documents in `processed/` that the registry does not know; `incoming/` is the sweep's affair."""
        originals = (
            info.ref
            for info in self._stores.objects.list(self._bucket, keys.PROCESSED)
            if not keys.is_sidecar(info.ref.key) and not keys.is_folder_marker(info.ref.key)
        )
        for page in _pages(originals, ROWS_A_PAGE):
            refs = {document_id_for(ref.bucket, keys.logical_key_of(ref.key)): ref for ref in page}
            for document_id in refs.keys() - self._stores.registry.heads_of(refs).keys():
                yield Difference(DifferenceKind.UNKNOWN, document_id, f"{refs[document_id].key} is not registered.")
                if repair:
                    self._intake.register_untracked(refs[document_id])


def _version(metadata: Mapping[str, Any]) -> int:
    return int(metadata.get("version", 0))


def _is_of_history(window: HistoryWindow, head: DocumentHead) -> bool:
    """Whether the head knows that version as a replaced one, with that period."""
    period = period_of(head.publications, window.version)
    if period is None or period.until is None:
        return False
    return history_window(window.window_id, window.document_id, window.version, period) == window


def _pages(entries: Iterable[_Entry], size: int) -> Iterator[list[_Entry]]:
    entries = iter(entries)
    while page := list(itertools.islice(entries, size)):
        yield page
