"""A prefix of another bucket as the source of a sync: objects are copied by S3 itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from portfolio_rag.adapters.aws.clients import translated
from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import DocumentRejected, InvalidRequest
from portfolio_rag.domain.sidecar import MAX_SIDECAR_BYTES, attributes_digest, parse_sidecar
from portfolio_rag.local.sync.source import SourceDocument
from portfolio_rag.local.uploads import sidecar_body, why_no_document
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES

SCHEME = "s3://"

_PARALLEL = 16
_READ_BYTES = 1024**2


class BucketSource:
    """`address` is `s3://bucket/prefix`, `prefix` as for `Planner`, `bucket` where documents go.

    Bytes are told by ETag and size, in one listing of the source and one of `processed/`: equal ones are the same.
    Others may be: S3 makes an ETag of the parts of an upload, or of a key of KMS. Then the object is read and hashed.
    """

    def __init__(self, client: Any, address: str, *, bucket: str, prefix: str) -> None:
        source, _, folder = address.removeprefix(SCHEME).partition("/")
        if not source or source == bucket:
            raise InvalidRequest(f"{address} must name another bucket than {bucket}, as in s3://bucket/prefix.")
        self._client = client
        self._source = source
        self._folder = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self._bucket = bucket
        self._prefix = prefix
        self._etags: dict[str, str] = {}
        self._stored_etags: dict[str, str] = {}

    def keys(self) -> Iterable[str]:
        return self._etags.keys()

    def documents(self) -> list[SourceDocument]:
        found = dict(self._listed(self._source, self._folder))
        documents = {key: entry for key, entry in found.items() if not keys.is_sidecar(key)}
        with_sidecar = [key for key in documents if keys.sidecar_of(key) in found]
        with ThreadPoolExecutor(_PARALLEL) as pool:
            attributes = dict(zip(with_sidecar, pool.map(self._attributes, with_sidecar), strict=True))
        self._etags = {self._prefix + key: entry["ETag"] for key, entry in documents.items()}
        stored = self._listed(self._bucket, keys.PROCESSED + self._prefix)
        self._stored_etags = {self._prefix + key: entry["ETag"] for key, entry in stored}
        return [
            SourceDocument(
                self._prefix + key,
                self._folder + key,
                entry["Size"],
                entry["LastModified"],
                attributes_digest(attributes.get(key, {})),
            )
            for key, entry in documents.items()
        ]

    def has_bytes_of(self, document: SourceDocument, version: DocumentVersion) -> bool:
        stored = self._stored_etags.get(document.logical_key)
        # Before it is settled, what lies in `processed/` may be the version before it.
        if version.settled and stored == self._etags[document.logical_key]:
            return True
        digest = hashlib.sha256()
        with translated(f"Reading {document.place}"), self._body(document.place) as body:
            while data := body.read(_READ_BYTES):
                digest.update(data)
        return digest.hexdigest() == version.content_sha256

    def why_unusable(self, document: SourceDocument) -> str | None:
        if document.size == 0:
            return why_no_document(b"", keys.filename_of(document.place))
        with translated(f"Reading {document.place}"), self._body(document.place, size=SNIFFED_BYTES) as body:
            return why_no_document(body.read(SNIFFED_BYTES), keys.filename_of(document.place))

    def send(
        self, document: SourceDocument, *, content: bool, sidecar: bool, progress: Callable[[int], object]
    ) -> None:
        target = keys.INCOMING + document.logical_key
        attributes = self._attributes(document.place.removeprefix(self._folder)) if document.attributes_sha256 else {}
        with translated(f"Copy of {document.place}"):
            if attributes or sidecar:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=keys.sidecar_of(target),
                    Body=sidecar_body(attributes),
                    ContentType="application/json",
                )
            if content:
                # What was compared is what is copied: what has changed meanwhile is refused, and left to the next sync.
                # Tags stay behind: nobody here reads them, and they would take two more rights.
                self._client.copy_object(
                    Bucket=self._bucket,
                    Key=target,
                    CopySource={"Bucket": self._source, "Key": document.place},
                    CopySourceIfMatch=self._etags[document.logical_key],
                    TaggingDirective="REPLACE",
                )
        progress(document.size)

    def _attributes(self, key: str) -> dict[str, AttributeValue]:
        sidecar = self._folder + keys.sidecar_of(key)
        with translated(f"Reading {sidecar}"), self._body(sidecar) as body:
            data = body.read(MAX_SIDECAR_BYTES + 1)
        try:
            return parse_sidecar(json.loads(data))
        except (DocumentRejected, ValueError, RecursionError) as error:
            raise InvalidRequest(f"s3://{self._source}/{sidecar} is not a metadata sidecar: {error}") from None

    def _body(self, key: str, *, size: int | None = None) -> Any:
        """A stream of the object, of its first `size` bytes where that is given; a context manager."""
        part = {"Range": f"bytes=0-{size - 1}"} if size else {}
        return self._client.get_object(Bucket=self._source, Key=key, **part)["Body"]

    def _listed(self, bucket: str, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Objects by their key below the folder; hidden ones left out."""
        with translated(f"Listing s3://{bucket}/{folder}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
                for entry in page.get("Contents", []):
                    key = entry["Key"].removeprefix(folder)
                    hidden = any(part.startswith(".") for part in key.split("/"))
                    if key and not keys.is_folder_marker(key) and not hidden:
                        yield key, entry
