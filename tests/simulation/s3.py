"""S3 with versioning and event notifications, behind the calls that this project makes."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError

Notify = Callable[[str, str, str, str], None]
"""Called with bucket, key, event name and version id."""


@dataclass
class ObjectVersion:
    version_id: str
    body: bytes | None
    """None: a delete marker."""
    last_modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body or b"").hexdigest()}"'


class _Body(closing[io.BytesIO]):
    thing: io.BytesIO  # closing's own, which typeshed does not declare

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))

    def read(self, size: int = -1) -> bytes:
        return self.thing.read(size)

    def __enter__(self) -> _Body:  # type: ignore[override]
        return self


class S3Model:
    """The methods of boto3's S3 client that this project calls, on versioned buckets."""

    def __init__(self, buckets: list[str], now: Callable[[], datetime], notify: Notify | None = None) -> None:
        self.objects: dict[str, dict[str, list[ObjectVersion]]] = {bucket: {} for bucket in buckets}
        """bucket -> key -> versions, oldest first."""
        self._now = now
        self._notify = notify or (lambda bucket, key, event, version_id: None)
        self._ids = (f"v{number:06d}" for number in itertools.count(1))

    def get_object(self, *, Bucket: str, Key: str, VersionId: str | None = None, Range: str = "") -> dict[str, Any]:
        found = self._find(Bucket, Key, VersionId)
        body = found.body or b""
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            if first >= len(body):
                raise _error("InvalidRange", 416)
            body = body[first : last + 1]
        answer = {
            "Body": _Body(body),
            "ContentLength": len(body),
            "VersionId": found.version_id,
            "LastModified": found.last_modified,
            "Metadata": dict(found.metadata),
        }
        return (
            {**answer, "ContentRange": f"bytes {first}-{first + len(body) - 1}/{len(found.body or b'')}"}
            if Range
            else answer
        )

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        try:
            found = self._find(Bucket, Key, VersionId)
        except ClientError:
            raise _error("404", 404) from None
        return {
            "VersionId": found.version_id,
            "ContentLength": len(found.body or b""),
            "LastModified": found.last_modified,
            "Metadata": dict(found.metadata),
        }

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "", Metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return {"VersionId": self._write(Bucket, Key, Body, "ObjectCreated:Put", Metadata or {})}

    def upload_file(
        self, Filename: str, Bucket: str, Key: str, ExtraArgs: Mapping[str, str], Callback: Callable[[int], object]
    ) -> None:
        data = Path(Filename).read_bytes()
        self.put_object(Bucket=Bucket, Key=Key, Body=data, ContentType=ExtraArgs.get("ContentType", ""))
        Callback(len(data))

    def copy_object(
        self,
        *,
        Bucket: str,
        Key: str,
        CopySource: Mapping[str, str],
        Metadata: Mapping[str, str] | None = None,
        MetadataDirective: str = "COPY",
        CopySourceIfMatch: str | None = None,
        TaggingDirective: str = "COPY",
    ) -> dict[str, Any]:
        source = self._find(CopySource["Bucket"], CopySource["Key"], CopySource.get("VersionId"))
        if CopySourceIfMatch not in (None, source.etag):
            raise _error("PreconditionFailed", 412)
        metadata = Metadata if MetadataDirective == "REPLACE" else source.metadata
        return {"VersionId": self._write(Bucket, Key, source.body or b"", "ObjectCreated:Copy", metadata or {})}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        versions = self._key(Bucket, Key)
        if VersionId is None:
            marker = ObjectVersion(next(self._ids), None, self._now())
            versions.append(marker)
            self._notify(Bucket, Key, "ObjectRemoved:DeleteMarkerCreated", marker.version_id)
            return {"DeleteMarker": True, "VersionId": marker.version_id}
        left = [version for version in versions if version.version_id != VersionId]
        if len(left) < len(versions):
            self.objects[Bucket][Key] = left
            self._notify(Bucket, Key, "ObjectRemoved:Delete", VersionId)
        return {"VersionId": VersionId}

    def delete_objects(self, *, Bucket: str, Delete: Mapping[str, Any]) -> dict[str, Any]:
        for entry in Delete["Objects"]:
            self.delete_object(Bucket=Bucket, Key=entry["Key"], VersionId=entry.get("VersionId"))
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", StartAfter: str = "") -> dict[str, Any]:
        contents = []
        for key in sorted(self.objects[Bucket]):
            versions = self.objects[Bucket][key]
            if key.startswith(Prefix) and key > StartAfter and versions and versions[-1].body is not None:
                top = versions[-1]
                size = len(top.body or b"")
                contents.append({"Key": key, "Size": size, "LastModified": top.last_modified, "ETag": top.etag})
        return {"Contents": contents}

    def list_object_versions(self, *, Bucket: str, Prefix: str = "") -> dict[str, Any]:
        versions, markers = [], []
        for key in sorted(self.objects[Bucket]):
            if key.startswith(Prefix):
                newest_first = self.objects[Bucket][key][::-1]
                for version in newest_first:
                    entry = {
                        "Key": key,
                        "VersionId": version.version_id,
                        "IsLatest": version is newest_first[0],
                        "LastModified": version.last_modified,
                    }
                    if version.body is None:
                        markers.append(entry)
                    else:
                        versions.append({**entry, "Size": len(version.body)})
        return {"Versions": versions, "DeleteMarkers": markers}

    def upload_fileobj(self, Fileobj: Any, Bucket: str, Key: str, ExtraArgs: Mapping[str, Any], Config: object) -> None:
        pieces = iter(lambda: Fileobj.read(65536), b"")
        self.put_object(Bucket=Bucket, Key=Key, Body=b"".join(pieces), **ExtraArgs)

    def generate_presigned_post(
        self, Bucket: str, Key: str, Fields: dict[str, str], Conditions: list[Any], ExpiresIn: int
    ) -> dict[str, Any]:
        policy = {"conditions": [*Conditions, {"bucket": Bucket}, {"key": Key}], "expires_in": ExpiresIn}
        return {"url": f"https://{Bucket}.s3.example", "fields": {**Fields, "key": Key, "policy": json.dumps(policy)}}

    def post_object(self, fields: Mapping[str, str], body: bytes) -> str:
        """What S3 does with a form: each field is in the policy as it is, and nothing of the policy is left out."""
        policy = json.loads(fields["policy"])
        signed = {
            name: text for entry in policy["conditions"] if isinstance(entry, dict) for name, text in entry.items()
        }
        sent = {name: text for name, text in fields.items() if name != "policy"}
        bucket = signed.pop("bucket")
        if sent != signed:
            raise AssertionError(f"AccessDenied: {sent} is not {signed}")
        prefix = "x-amz-meta-"
        metadata = {name.removeprefix(prefix): text for name, text in sent.items() if name.startswith(prefix)}
        return self._write(bucket, fields["key"], body, "ObjectCreated:Post", metadata)

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(getattr(self, operation))

    def current_keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys that exist now (for the checks of tests)."""
        return [entry["Key"] for entry in self.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]

    def _write(self, bucket: str, key: str, body: bytes, event: str, metadata: Mapping[str, str]) -> str:
        if len(key.encode()) > 1024:
            raise _error("KeyTooLongError", 400)
        version = ObjectVersion(next(self._ids), bytes(body), self._now(), dict(metadata))
        self._key(bucket, key).append(version)
        self._notify(bucket, key, event, version.version_id)
        return version.version_id

    def _key(self, bucket: str, key: str) -> list[ObjectVersion]:
        if bucket not in self.objects:
            raise _error("NoSuchBucket", 404)
        return self.objects[bucket].setdefault(key, [])

    def _find(self, bucket: str, key: str, version_id: str | None) -> ObjectVersion:
        versions = self._key(bucket, key)
        if version_id is None:
            if not versions or versions[-1].body is None:
                raise _error("NoSuchKey", 404)
            return versions[-1]
        for version in versions:
            if version.version_id == version_id and version.body is not None:
                return version
        raise _error("NoSuchVersion", 404)


class _Paginator:
    def __init__(self, operation: Callable[..., dict[str, Any]]) -> None:
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield self._operation(**arguments)


def s3_event(bucket: str, key: str, event: str, version_id: str) -> dict[str, Any]:
    """A notification as S3 sends it: keys URL-encoded, names without their `s3:` prefix."""
    entity = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), "versionId": version_id}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": event, "s3": entity}]}


def _error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "S3",
    )
