"""The backup of vectors in `portfolio-embeddings`: every document version owns its objects.

    vectors/<document_id>/<version>/<fingerprint>/<sha256>.npy     float32, shape (windows, dimensions)
    metadata/<document_id>/<version>/<fingerprint>/<sha256>.json   ids and Chroma metadata, row by row

One object per message of chunks, named by the SHA-256 of its texts, so that a retry writes the same object. Removing
a version is removing a prefix; nothing is shared, so nothing needs counting. That unchanged text is embedded once is
the work of the vector index, which tells where the vectors of a text lie.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.domain.identifiers import sha256_hex
from portfolio_rag.ports.embedding_locations import VectorLocation
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors

VECTORS = "vectors/"
METADATA = "metadata/"


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """One metadata object: which version it belongs to and where. `size` in bytes, where it was listed."""

    document_id: str
    version: int
    fingerprint: str
    key: str
    size: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DocumentBackup:
    """`versions` own any object; `entries` are the metadata objects whose vectors are there."""

    versions: set[int]
    entries: list[BackupEntry]


class VectorBackup:
    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self._store = store
        self._bucket = bucket

    def key_for(self, fingerprint: str, document_id: str, version: int, texts: Sequence[str]) -> str:
        """Where the vectors of these window texts of that version go."""
        return f"{prefix_of(VECTORS, document_id, version)}{fingerprint}/{sha256_hex(chr(0).join(texts))}.npy"

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def write(self, key: str, records: Sequence[VectorRecord]) -> None:
        """Vectors first: metadata never points at what is not there."""
        import numpy as np  # here and below: who only removes a backup starts without it

        buffer = io.BytesIO()
        np.save(buffer, np.stack([record.vector for record in records]).astype(np.float32), allow_pickle=False)
        self._store.put(self._bucket, key, buffer.getvalue())
        rows = [{"id": record.id, "metadata": dict(record.metadata)} for record in records]
        body = json.dumps({"vectors": key, "rows": rows}, ensure_ascii=False).encode()
        self._store.put(self._bucket, _metadata_key(key), body, content_type="application/json")

    def load(self, locations: Mapping[str, VectorLocation]) -> dict[str, Vectors]:
        """The vectors at each location, by the key given; those whose object is gone are left out."""
        arrays: dict[str, Vectors | None] = {}
        found: dict[str, Vectors] = {}
        for digest, place in locations.items():
            if place.s3_key not in arrays:
                arrays[place.s3_key] = self._array(place.s3_key)
            array = arrays[place.s3_key]
            if array is not None and place.row + place.count <= len(array):
                found[digest] = array[place.row : place.row + place.count]
        return found

    def entries(self, fingerprint: str, *, after: str = "") -> Iterator[BackupEntry]:
        """Every metadata object under that fingerprint, by key, from behind the key `after` on."""
        for info in self._store.list(self._bucket, METADATA, after=after):
            entry = replace(_entry(info.ref.key), size=info.size)
            if entry.fingerprint == fingerprint:
                yield entry

    def covered(self, fingerprint: str) -> set[tuple[str, int]]:
        """The (document_id, version) pairs that have vectors and their metadata under that fingerprint."""
        vectors = {_metadata_key(info.ref.key) for info in self._store.list(self._bucket, VECTORS)}
        return {(entry.document_id, entry.version) for entry in self.entries(fingerprint) if entry.key in vectors}

    def of_document(self, document_id: str) -> DocumentBackup:
        """What there is of the document, under every fingerprint."""
        owned = {kind: list(self.keys(f"{kind}{document_id}/")) for kind in (VECTORS, METADATA)}
        vectors = set(owned[VECTORS])
        return DocumentBackup(
            # A crash may have left vectors without their metadata.
            versions={int(key.split("/")[2]) for listed in owned.values() for key in listed},
            entries=[_entry(key) for key in owned[METADATA] if _vectors_key(key) in vectors],
        )

    def versions(self) -> Iterator[tuple[str, int]]:
        """(document_id, version) of every version that owns any object, some of them twice."""
        for kind in (VECTORS, METADATA):
            # Keys are listed in order.
            for (document_id, version), _ in itertools.groupby(self.keys(kind), key=lambda key: key.split("/")[1:3]):
                yield document_id, int(version)

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys of all objects under the prefix, in order."""
        for info in self._store.list(self._bucket, prefix):
            yield info.ref.key

    def window_ids(self, entry: BackupEntry) -> list[str]:
        """The ids in one object, without its vectors; none when it has been removed meanwhile."""
        try:
            content = json.loads(self._store.get(ObjectRef(self._bucket, entry.key)))
        except NotFound:
            return []
        return [row["id"] for row in content["rows"]]

    def vectors_key(self, entry: BackupEntry) -> str:
        """Where the vectors of one metadata object lie."""
        return _vectors_key(entry.key)

    def read(self, entry: BackupEntry) -> list[VectorRecord]:
        """Ids, metadata and vectors of one object. Raises NotFound when it has been removed meanwhile."""
        content = json.loads(self._store.get(ObjectRef(self._bucket, entry.key)))
        array = self._array(content["vectors"])
        if array is None:
            raise NotFound(f"{content['vectors']} is gone.")
        return [
            VectorRecord(row["id"], vector, row["metadata"]) for row, vector in zip(content["rows"], array, strict=True)
        ]

    def adopted(self, entry: BackupEntry, fingerprint: str) -> BackupEntry:
        """What the entry is called once it is adopted under that fingerprint."""
        kind, document_id, version, _, name = entry.key.split("/")
        return replace(entry, fingerprint=fingerprint, key="/".join((kind, document_id, version, fingerprint, name)))

    def adopt(self, entry: BackupEntry, fingerprint: str) -> None:
        """Write the vectors of another precision under that fingerprint too, normalised again in float32.

        A model in bfloat16 normalises in bfloat16: its vectors have lengths of 0.996 to 1.004, and a plain dot product
        would rank by them. Raises NotFound when the entry has been removed meanwhile.
        """
        import numpy as np

        records = self.read(entry)
        rows = np.stack([record.vector for record in records])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        target = self.adopted(entry, fingerprint)
        whole = [replace(record, vector=row) for record, row in zip(records, rows, strict=True)]
        self.write(_vectors_key(target.key), whole)
        if not self.exists(entry):
            # Purged while it was adopted: the purge may have looked before the copy was there. Metadata first.
            for key in (target.key, _vectors_key(target.key)):
                self._store.delete(ObjectRef(self._bucket, key))

    def exists(self, entry: BackupEntry) -> bool:
        return self._store.head(ObjectRef(self._bucket, entry.key)) is not None

    def delete(self, document_id: str, version: int) -> None:
        """Under every fingerprint. Metadata first: from then on no rebuild brings the version back."""
        self._store.delete_prefix(self._bucket, prefix_of(METADATA, document_id, version))
        self._store.delete_prefix(self._bucket, prefix_of(VECTORS, document_id, version))

    def _array(self, key: str) -> Vectors | None:
        import numpy as np

        try:
            data: Any = np.load(io.BytesIO(self._store.get(ObjectRef(self._bucket, key))), allow_pickle=False)
        except NotFound:
            return None
        return np.asarray(data, dtype=np.float32)


def _entry(key: str) -> BackupEntry:
    _, document_id, version, fingerprint, _ = key.split("/")
    return BackupEntry(document_id, int(version), fingerprint, key)


def prefix_of(kind: str, document_id: str, version: int) -> str:
    return f"{kind}{document_id}/{version}/"


def vector_id(fingerprint: str, embedding_hash: str) -> str:
    """The content address of a chunk's vectors: another model never answers for this one."""
    return f"{fingerprint}:{embedding_hash}"


def fingerprint_of(vectors_key: str) -> str:
    """The fingerprint under which that object (key or s3:// URI) was written."""
    return vectors_key.split("/")[-2]


def _vectors_key(metadata_key: str) -> str:
    return VECTORS + metadata_key.removeprefix(METADATA).removesuffix(".json") + ".npy"


def _metadata_key(vectors_key: str) -> str:
    return METADATA + vectors_key.removeprefix(VECTORS).removesuffix(".npy") + ".json"
