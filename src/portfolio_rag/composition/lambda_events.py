"""What AWS hands to the functions: S3 notifications and SQS batches, parsed; partial batch answers, built."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import PortfolioRagError

_log = logging.getLogger(__name__)

_Body = TypeVar("_Body")


@dataclass(frozen=True, slots=True)
class S3Event:
    """One record of a notification; `name` is as S3 sends it, `ObjectCreated:Put` for example."""

    name: str
    ref: ObjectRef

    @property
    def created(self) -> bool:
        return self.name.startswith("ObjectCreated:")

    @property
    def removed(self) -> bool:
        return self.name.startswith("ObjectRemoved:")


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One SQS message; `receive_count` says how often it was delivered, this time included."""

    message_id: str
    body: str
    receive_count: int


def s3_events(event: Mapping[str, Any]) -> Iterator[S3Event]:
    """The records of a notification; `s3:TestEvent` has none. Keys come URL-encoded and are decoded once."""
    for record in event.get("Records", []):
        entity = record["s3"]
        # S3 sends the name without its `s3:` prefix; some emulators leave it on.
        name = record["eventName"].removeprefix("s3:")
        key = unquote_plus(entity["object"]["key"])
        yield S3Event(name, ObjectRef(entity["bucket"]["name"], key, entity["object"].get("versionId") or None))


def queue_records(event: Mapping[str, Any]) -> list[QueueRecord]:
    return [
        QueueRecord(
            record["messageId"],
            record["body"],
            int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
        )
        for record in event.get("Records", [])
    ]


def batch_response(failed: Sequence[QueueRecord]) -> dict[str, Any]:
    """The partial batch answer: only what is listed is delivered again.

    Lambda takes an empty, null or unknown id as failure of the whole batch, so ids are only ever those received.
    """
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in failed]}


def handle_batch(
    event: Mapping[str, Any],
    *,
    parse: Callable[[str], _Body],
    process: Callable[[Sequence[_Body]], None],
    record_failure: Callable[[_Body, Exception], None],
    max_receive_count: int,
    together: bool,
) -> dict[str, Any]:
    """Run `process` over the messages of a batch and answer which of them failed.

    `together` hands all messages over at once (and, if that fails, one by one, so that one bad message cannot hold
    up its batch-mates); otherwise one at a time. A message that fails on its last delivery is given up, which
    records the reason, and goes to the dead-letter queue all the same.
    """
    records = queue_records(event)
    parsed: list[tuple[QueueRecord, _Body]] = []
    failed: list[QueueRecord] = []
    for record in records:
        try:
            parsed.append((record, parse(record.body)))
        except PortfolioRagError:
            _log.exception("Message %s cannot be read.", record.message_id)
            failed.append(record)
    if together and len(parsed) > 1:
        try:
            process([body for _, body in parsed])
        except Exception as error:
            if isinstance(error, PortfolioRagError) and error.retryable:
                # A dependency is down: it would be down for each of them.
                return batch_response(failed + _failures(parsed, error, record_failure, max_receive_count))
            _log.exception("The batch failed; its messages are handled one by one.")
        else:
            return batch_response(failed)
    for record, body in parsed:
        try:
            process([body])
        except Exception as error:
            _log.exception("Message %s failed.", record.message_id)
            failed += _failures([(record, body)], error, record_failure, max_receive_count)
    return batch_response(failed)


def _failures(
    parsed: Sequence[tuple[QueueRecord, _Body]],
    error: Exception,
    record_failure: Callable[[_Body, Exception], None],
    max_receive_count: int,
) -> list[QueueRecord]:
    for record, body in parsed:
        if record.receive_count >= max_receive_count:
            try:
                record_failure(body, error)
            except Exception:
                # check-health finds what ends in the dead-letter queue without a reason.
                _log.exception("The failure of message %s could not be recorded.", record.message_id)
    return [record for record, _ in parsed]
