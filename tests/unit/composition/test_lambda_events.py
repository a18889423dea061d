"""Events as AWS and the emulator send them, and the partial batch answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.composition.lambda_events import BatchConsumer, queue_records
from portfolio_rag.domain.errors import InvalidRequest, StorageUnavailable
from portfolio_rag.domain.storage_events import s3_events
from portfolio_rag.pipeline.ingestion.redelivery import HIDDEN_SECONDS, LONGEST_WAIT, MAX_TRIES, Redelivery, wait_after

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
    assert all(record.message_id and record.receipt and record.body for record in records)
    assert [record.tries for record in records] == [record.receive_count for record in records]


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


def batch(*bodies: str, count: int = 1, earlier: int = 0) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"id-{n}",
                "receiptHandle": f"receipt-{n}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(count)},
                "messageAttributes": {"earlier_tries": {"dataType": "Number", "stringValue": str(earlier)}},
            }
            for n, body in enumerate(bodies)
        ]
    }


class Queue:
    """What a consumer does to its queue."""

    def __init__(self) -> None:
        self.hidden: list[tuple[list[str], int]] = []
        self.sent: list[tuple[str, int, int]] = []
        self.down = False

    def hide(self, receipts: Sequence[str], seconds: int) -> None:
        self._answer()
        self.hidden.append(([*receipts], seconds))

    def send_later(self, body: str, *, tries: int, seconds: int) -> None:
        self._answer()
        self.sent.append((body, tries, seconds))

    def _answer(self) -> None:
        if self.down:
            raise StorageUnavailable("The queue is away, too.")


@contextlib.contextmanager
def once(action: Callable[[], None], seconds: float) -> Iterator[None]:
    """`ports.Repeating` for work that takes as long as one repetition."""
    action()
    yield


class Consumer:
    def __init__(self, *, bad: Sequence[str] = (), error: Exception | None = None) -> None:
        self.bad = bad
        self.error = error or RuntimeError("boom")
        self.calls: list[list[str]] = []
        self.given_up: list[str] = []
        self.queue = Queue()
        self.renewed: list[tuple[list[str], int]] = []

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
        hidden = self.queue.hidden = []
        redelivery = Redelivery(self.queue, once, 3)  # type: ignore[arg-type]
        answer = BatchConsumer(
            parse=self.parse,
            process=self.process,
            record_failure=self.record_failure,
            redelivery=redelivery,
            together=together,
        ).handle(event)
        self.renewed, self.queue.hidden = hidden[:1], hidden[1:]
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


def test_a_message_that_failed_comes_again_after_seconds_that_grow() -> None:
    consumer = Consumer(bad=["b"])
    consumer.handle(batch("a", "b"), together=False)
    assert consumer.queue.hidden == [(["receipt-1"], 1)]
    consumer.handle(batch("a", "b", count=2), together=False)
    assert consumer.queue.hidden == [(["receipt-1"], 2)]
    assert [wait_after(tries) for tries in (1, 2, 3, 4, 5, 6, 40)] == [1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT]


def test_its_messages_stay_hidden_while_a_worker_is_busy() -> None:
    consumer = Consumer()
    consumer.handle(batch("a", "b"), together=True)
    assert consumer.renewed == [(["receipt-0", "receipt-1"], HIDDEN_SECONDS)]


def test_an_outage_does_not_use_the_deliveries_up() -> None:
    consumer = Consumer(bad=["a"], error=StorageUnavailable("down"))
    assert consumer.handle(batch("a", count=3, earlier=3), together=True) == []
    assert consumer.queue.sent == [("a", 6, LONGEST_WAIT)]
    assert consumer.given_up == []


def test_an_outage_that_is_too_long_fails_the_document() -> None:
    consumer = Consumer(bad=["a"], error=StorageUnavailable("down"))
    assert consumer.handle(batch("a", count=3, earlier=MAX_TRIES - 3), together=True) == ["id-0"]
    assert consumer.given_up == ["a"]
    assert consumer.queue.sent == []


def test_a_defect_is_not_tried_beyond_its_deliveries() -> None:
    consumer = Consumer(bad=["a"])
    assert consumer.handle(batch("a", count=3), together=True) == ["id-0"]
    assert consumer.queue.sent == []


def test_a_queue_that_is_away_leaves_the_message_to_its_own_timeout() -> None:
    consumer = Consumer(bad=["a"], error=StorageUnavailable("down"))
    consumer.queue.down = True
    assert consumer.handle(batch("a"), together=True) == ["id-0"]
    assert consumer.handle(batch("a", count=3), together=True) == ["id-0"]
    assert consumer.given_up == ["a"]
