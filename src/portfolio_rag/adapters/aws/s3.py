"""S3 behind `ports.ObjectStore`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from portfolio_rag.adapters.aws.clients import error_code, translated, translating
from portfolio_rag.domain.documents import ObjectInfo, ObjectRef
from portfolio_rag.domain.errors import NotFound, PayloadTooLarge
from portfolio_rag.domain.log_context import correlation_id, valid_correlation_id
from portfolio_rag.domain.tracing import TRACEPARENT, traceparent
from portfolio_rag.ports.object_store import KeyVersions, PresignedPost

_DELETE_BATCH = 1000
"""DeleteObjects takes at most 1,000 keys."""

_READ_BYTES = 1024**2
"""Of a stream at once."""


CORRELATION_ID = "correlation-id"
"""User metadata of an upload: the id of the request that it came with."""


class _Capped:
    """A readable that raises PayloadTooLarge once more than `limit` bytes have been read from it."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._left = limit
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise PayloadTooLarge(f"The upload has more than {self._limit:,} bytes, which is the limit.")
        return data


class _NoSuchRange(Exception):
    """The object is shorter than the first byte that was asked for."""


def _target(ref: ObjectRef) -> dict[str, str]:
    target = {"Bucket": ref.bucket, "Key": ref.key}
    return {**target, "VersionId": ref.version_id} if ref.version_id else target


def _metadata() -> dict[str, str]:
    """What an upload carries of the request that it comes from."""
    known = {CORRELATION_ID: correlation_id(), TRACEPARENT: traceparent()}
    return {name: text for name, text in known.items() if text is not None}


def _pieces(stream: Any, part: tuple[int, int] | None = None) -> Iterator[bytes]:
    """All of the stream, or what of it lies in `part`, its first and its last byte."""
    with translated("S3 GetObject"), stream as body:
        place = 0
        while (part is None or place <= part[1]) and (data := body.read(_READ_BYTES)):
            kept = data if part is None else data[max(0, part[0] - place) : part[1] + 1 - place]
            place += len(data)
            if kept:
                yield kept


class S3ObjectStore:
    def __init__(self, client: Any) -> None:
        self._client = client

    @translating("S3 GetObject")
    def get(self, ref: ObjectRef, *, max_bytes: int | None = None) -> bytes:
        answer = self._client.get_object(**_target(ref))
        with answer["Body"] as body:
            if max_bytes is not None and answer["ContentLength"] > max_bytes:
                raise PayloadTooLarge(f"{ref.key} has {answer['ContentLength']:,} bytes; {max_bytes:,} are allowed.")
            return bytes(body.read())

    @translating("S3 GetObject")
    def sha256(self, ref: ObjectRef) -> str:
        digest = hashlib.sha256()
        with self._client.get_object(**_target(ref))["Body"] as body:
            while data := body.read(_READ_BYTES):
                digest.update(data)
        return digest.hexdigest()

    @translating("S3 GetObject")
    def stream(self, ref: ObjectRef, part: tuple[int, int] | None = None) -> Iterator[bytes]:
        wanted = {"Range": f"bytes={part[0]}-{part[1]}"} if part else {}
        answer = self._client.get_object(**_target(ref), **wanted)
        return _pieces(answer["Body"], None if "ContentRange" in answer else part)

    def peek(self, ref: ObjectRef, size: int) -> tuple[ObjectInfo, bytes] | None:
        try:
            return self._peek(ref, size)
        except NotFound:
            return None
        except _NoSuchRange:
            # An object without bytes has no range at all.
            info = self.head(ref)
            return (info, b"") if info is not None else None

    @translating("S3 GetObject (range)")
    def _peek(self, ref: ObjectRef, size: int) -> tuple[ObjectInfo, bytes]:
        try:
            answer = self._client.get_object(**_target(ref), Range=f"bytes=0-{size - 1}")
        except ClientError as error:
            if error_code(error) == "InvalidRange":
                raise _NoSuchRange from error
            raise
        with answer["Body"] as body:
            data = bytes(body.read(size))
        # "bytes 0-8191/20480": the length of the answer is that of the range. A server may answer with the whole
        # instead, as MiniStack does where a version is named.
        told = answer.get("ContentRange")
        total = int(told.rpartition("/")[2]) if told else int(answer["ContentLength"])
        found = ObjectRef(ref.bucket, ref.key, answer.get("VersionId"))
        metadata = answer.get("Metadata", {})
        sent_with = valid_correlation_id(metadata.get(CORRELATION_ID))
        return ObjectInfo(found, total, answer["LastModified"], sent_with, metadata.get(TRACEPARENT)), data

    def head(self, ref: ObjectRef) -> ObjectInfo | None:
        try:
            answer = self._head(ref)
        except NotFound:
            return None
        return ObjectInfo(
            ObjectRef(ref.bucket, ref.key, answer.get("VersionId")), answer["ContentLength"], answer["LastModified"]
        )

    @translating("S3 HeadObject")
    def _head(self, ref: ObjectRef) -> Mapping[str, Any]:
        return dict(self._client.head_object(**_target(ref)))

    @translating("S3 PutObject")
    def put(self, bucket: str, key: str, body: bytes, *, content_type: str = "application/octet-stream") -> str:
        answer = self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return str(answer.get("VersionId", ""))

    @translating("S3 upload")
    def upload(self, bucket: str, key: str, stream: BinaryIO, *, content_type: str, max_bytes: int) -> ObjectInfo:
        from boto3.s3.transfer import TransferConfig  # the functions upload nothing, and start without it

        # The managed transfer aborts its multipart upload when the stream raises, so a refused upload leaves nothing.
        # In the caller's thread: the cap's exception must reach the caller, and the API has threads of its own.
        self._client.upload_fileobj(
            _Capped(stream, max_bytes),
            bucket,
            key,
            ExtraArgs={"ContentType": content_type, "Metadata": _metadata()},
            Config=TransferConfig(use_threads=False),
        )
        info = self.head(ObjectRef(bucket, key))
        if info is None:
            raise NotFound(f"{key} was deleted right after its upload.")
        return info

    @translating("S3 presigned POST")
    def presign_post(self, bucket: str, key: str, *, max_bytes: int, expires_in_seconds: int) -> PresignedPost:
        # What is uploaded by the form goes by the id of the request that made it. S3 refuses a form without it.
        fields = {f"x-amz-meta-{name}": text for name, text in _metadata().items()}
        answer = self._client.generate_presigned_post(
            bucket,
            key,
            Fields=dict(fields),
            Conditions=[["content-length-range", 1, max_bytes], *({name: text} for name, text in fields.items())],
            ExpiresIn=expires_in_seconds,
        )
        return PresignedPost(answer["url"], answer["fields"])

    @translating("S3 CopyObject")
    def copy(self, source: ObjectRef, bucket: str, key: str, *, metadata: Mapping[str, str] | None = None) -> str:
        replace = {"Metadata": dict(metadata), "MetadataDirective": "REPLACE"} if metadata is not None else {}
        answer = self._client.copy_object(Bucket=bucket, Key=key, CopySource=_target(source), **replace)
        return str(answer.get("VersionId", ""))

    @translating("S3 DeleteObject")
    def delete(self, ref: ObjectRef) -> None:
        self._client.delete_object(**_target(ref))

    @translating("S3 ListObjectVersions")
    def versions(self, bucket: str, key: str) -> KeyVersions:
        # A key comes before all that it is the beginning of: attachments of a mail, and its own sidecar.
        found = list(takewhile(lambda version: version["Key"] == key, self._versions(bucket, key)))
        refs = tuple(ObjectRef(bucket, key, version["VersionId"]) for version in found)
        return KeyVersions(refs, deleted=bool(found) and not found[0]["IsLatest"])

    @translating("S3 ListObjectVersions")
    def deleted(self, bucket: str, key: str) -> ObjectInfo | None:
        newest = next((version for version in self._versions(bucket, key) if version["Key"] == key), None)
        if newest is None or newest["IsLatest"]:
            return None
        return ObjectInfo(ObjectRef(bucket, key, newest["VersionId"]), newest["Size"], newest["LastModified"])

    @translating("S3 DeleteObjects")
    def delete_prefix(self, bucket: str, prefix: str) -> int:
        keys = [
            {"Key": version["Key"], "VersionId": version["VersionId"]}
            for version in self._versions(bucket, prefix, markers=True)
        ]
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = keys[start : start + _DELETE_BATCH]
            self._client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        return len(keys)

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        where = {"Bucket": bucket, "Prefix": prefix, **({"StartAfter": after} if after else {})}
        with translated("S3 ListObjectsV2"):
            for page in self._client.get_paginator("list_objects_v2").paginate(**where):
                for entry in page.get("Contents", []):
                    yield ObjectInfo(ObjectRef(bucket, entry["Key"]), entry["Size"], entry["LastModified"])

    def _versions(self, bucket: str, prefix: str, *, markers: bool = False) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Versions", [])
            if markers:
                yield from page.get("DeleteMarkers", [])
