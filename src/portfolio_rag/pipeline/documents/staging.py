"""What a document leaves between the invocations that it takes, in `portfolio-embeddings`.

    staging/<document_id>/<version>/pages/<first>-<end>   a range of a PDF's pages (text/extraction/formats/pdf)
    staging/<document_id>/<version>/text                  the extracted text, and the rules in force when it was made

Named by what they hold, so that two workers on one document never spoil each other's; removed when the version ends.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from portfolio_rag.domain.documents import DocumentVersion, ObjectRef, Progress
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.settings.ingestion_rules import Rules

if TYPE_CHECKING:
    # For signatures alone: whoever only clears away starts without what reads documents.
    from portfolio_rag.text.extraction.document import ExtractedDocument

STAGING = "staging/"


@dataclass(frozen=True, slots=True)
class StagedText:
    """An extracted document and what it is cut by: otherwise its rest would be cut otherwise than its beginning.

    `topics` are the positions in its text where topics begin (`pipeline/ingestion/chunking.py`).
    """

    document: ExtractedDocument
    rules: Rules
    topics: Sequence[int]


class Staging:
    """Reading raises NotFound once the version has ended."""

    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def put_pages(self, version: DocumentVersion, first: int, end: int, data: bytes) -> None:
        self._store.put(self._bucket, _pages_key(version, first, end), data)

    def pages(self, version: DocumentVersion, progress: Progress) -> list[bytes]:
        """All ranges in order."""
        bounds = itertools.pairwise((0, *progress.pages))
        return [self._store.get(ObjectRef(self._bucket, _pages_key(version, first, end))) for first, end in bounds]

    def put_text(self, version: DocumentVersion, text: StagedText) -> None:
        from portfolio_rag.text.extraction import serialisation as wire

        rules = {**asdict(text.rules), "allowed_types": sorted(text.rules.allowed_types)}
        data = wire.dumps(text.document, rules=rules, topics=list(text.topics))
        self._store.put(self._bucket, _prefix(version.document_id, version.version) + "text", zlib.compress(data, 1))

    def text(self, version: DocumentVersion) -> StagedText:
        from portfolio_rag.text.extraction import serialisation as wire

        key = _prefix(version.document_id, version.version) + "text"
        document, extra = wire.loads(zlib.decompress(self._store.get(ObjectRef(self._bucket, key))))
        return StagedText(document, Rules(**extra["rules"]), extra["topics"])

    def versions_of(self, document_id: str) -> set[int]:
        """The versions of a document that have left something."""
        objects = self._store.list(self._bucket, f"{STAGING}{document_id}/")
        return {int(info.ref.key.split("/")[2]) for info in objects}

    def versions(self) -> Iterator[tuple[str, int]]:
        """(document_id, version) of every version of any document that has left something."""
        keys = (info.ref.key for info in self._store.list(self._bucket, STAGING))
        # Keys are listed in order.
        for (document_id, number), _ in itertools.groupby(keys, key=lambda key: key.split("/")[1:3]):
            yield document_id, int(number)

    def delete(self, document_id: str, number: int) -> None:
        self._store.delete_prefix(self._bucket, _prefix(document_id, number))


def _prefix(document_id: str, number: int) -> str:
    return f"{STAGING}{document_id}/{number}/"


def _pages_key(version: DocumentVersion, first: int, end: int) -> str:
    return f"{_prefix(version.document_id, version.version)}pages/{first}-{end}"
