"""Events as AWS and the emulator send them, and the partial batch answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.composition.lambda_events import handle_batch, queue_records, s3_events
from portfolio_rag.domain.errors import InvalidRequest, StorageUnavailable

EVENTS = Path(__file__).parents[2] / "events"


def recorded(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / name).read_text()))


def test_a_recorded_created_event() -> None:
    (event,) = s3_events(recorded("s3_object_created.json"))
    assert event.created
    assert not event.removed
    assert event.ref.bucket == "portfolio-raw"
    assert event.ref.key.startswith("incoming/")
    assert event.ref.version_id


def test_a_recorded_removed_event() -> None:
    (event,) = s3_events(recorded("s3_object_removed.json"))
    assert event.removed
    assert not event.created


def test_a_recorded_queue_batch() -> None:
    records = queue_records(recorded("sqs_ingestion.json"))
    assert records
    assert all(record.message_id and record.body and record.receive_count >= 1 for record in records)


@pytest.mark.failure(36)
def test_the_test_event_has_no_records() -> None:
    assert list(s3_events({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "portfolio-raw"})) == []


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("incoming/a+b.md", "incoming/a b.md"),
        ("incoming/a%2Bb.md", "incoming/a+b.md"),
        ("incoming/%252F", "incoming/%2F"),
    ],
)
@pytest.mark.failure(20)
def test_keys_are_decoded_once(encoded: str, key: str) -> None:
    entity = {"bucket": {"name": "b"}, "object": {"key": encoded, "versionId": "1"}}
    (event,) = s3_events({"Records": [{"eventName": "ObjectCreated:Put", "s3": entity}]})
    assert event.ref.key == key


def batch(*bodies: str, count: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"id-{n}", "body": body, "attributes": {"ApproximateReceiveCount": str(count)}}
            for n, body in enumerate(bodies)
        ]
    }


class Consumer:
    def __init__(self, *, bad: Sequence[str] = (), error: Exception | None = None) -> None:
        self.bad = bad
        self.error = error or RuntimeError("boom")
        self.calls: list[list[str]] = []
        self.given_up: list[str] = []

    def parse(self, body: str) -> str:
        if body == "garbage":
            raise InvalidRequest("not a message")
        return body

    def process(self, bodies: Sequence[str]) -> None:
        self.calls.append(list(bodies))
        if set(bodies) & set(self.bad):
            raise self.error

    def record_failure(self, body: str, error: Exception) -> None:
        self.given_up.append(body)

    def handle(self, event: dict[str, Any], *, together: bool) -> list[str]:
        answer = handle_batch(
            event,
            parse=self.parse,
            process=self.process,
            record_failure=self.record_failure,
            max_receive_count=3,
            together=together,
        )
        return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.failure(35)
def test_only_the_bad_message_fails(together: bool) -> None:
    consumer = Consumer(bad=["b"])
    assert consumer.handle(batch("a", "b", "c"), together=together) == ["id-1"]
    assert consumer.calls[-3:] == [["a"], ["b"], ["c"]]


def test_a_dependency_that_is_down_fails_them_all_at_once() -> None:
    consumer = Consumer(bad=["b"], error=StorageUnavailable("down"))
    assert consumer.handle(batch("a", "b", "c"), together=True) == ["id-0", "id-1", "id-2"]
    assert len(consumer.calls) == 1


@pytest.mark.failure(35)
def test_an_unreadable_message_fails_alone() -> None:
    assert Consumer().handle(batch("a", "garbage"), together=True) == ["id-1"]


def test_the_last_delivery_records_why() -> None:
    consumer = Consumer(bad=["b"])
    consumer.handle(batch("a", "b", count=2), together=False)
    assert consumer.given_up == []
    assert consumer.handle(batch("a", "b", count=3), together=False) == ["id-1"]
    assert consumer.given_up == ["b"]


@pytest.mark.failure(35)
def test_an_empty_batch_has_no_failures() -> None:
    assert Consumer().handle({"Records": []}, together=True) == []
