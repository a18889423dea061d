"""S3 notifications, as they come to document-intake and lie in the dead-letter queue for events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from portfolio_rag.domain.documents import ObjectRef


@dataclass(frozen=True, slots=True)
class S3Event:
    """One record of a notification; `name` is as S3 sends it, `ObjectCreated:Put` for example.

    `request_id` is S3's of the request that changed the object.
    """

    name: str
    ref: ObjectRef
    request_id: str | None = None

    @property
    def created(self) -> bool:
        return self.name.startswith("ObjectCreated:")

    @property
    def removed(self) -> bool:
        return self.name.startswith("ObjectRemoved:")


def s3_events(event: Mapping[str, Any]) -> Iterator[S3Event]:
    """The records of a notification; `s3:TestEvent` has none. Keys come URL-encoded and are decoded once."""
    for record in event.get("Records", []):
        entity = record["s3"]
        # S3 sends the name without its `s3:` prefix; some emulators leave it on.
        name = record["eventName"].removeprefix("s3:")
        key = unquote_plus(entity["object"]["key"])
        ref = ObjectRef(entity["bucket"]["name"], key, entity["object"].get("versionId") or None)
        yield S3Event(name, ref, record.get("responseElements", {}).get("x-amz-request-id"))
