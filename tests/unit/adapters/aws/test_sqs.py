"""What SQS answers with 200 and yet has not done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.composition.lambda_events import queue_records
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.log_context import log_context


class FlakyClient:
    """Refuses each entry `refusals` times, inside a successful answer."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.calls: list[list[str]] = []
        self.delivered: list[str] = []

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append([entry["MessageBody"] for entry in Entries])
        if len(self.calls) <= self.refusals:
            kept, refused = Entries[:1], Entries[1:]
        else:
            kept, refused = Entries, []
        self.delivered += [entry["MessageBody"] for entry in kept]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in kept],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in refused],
        }


@pytest.mark.failure(10)
def test_what_a_successful_answer_lists_as_failed_is_sent_again() -> None:
    client = FlakyClient(refusals=2)
    SqsQueue(client, "queue", sleep=lambda _: None).send([str(n) for n in range(5)])
    assert sorted(client.delivered) == [str(n) for n in range(5)]
    assert [len(call) for call in client.calls] == [5, 4, 3]


@pytest.mark.failure(10)
def test_what_stays_unsent_raises() -> None:
    client = FlakyClient(refusals=99)
    with pytest.raises(StorageUnavailable, match="of 10 messages could not be sent to queue"):
        SqsQueue(client, "queue", sleep=lambda _: None).send([str(n) for n in range(10)])


def test_batches_hold_ten_messages_and_256_kib() -> None:
    client = FlakyClient(refusals=0)
    queue = SqsQueue(client, "queue", sleep=lambda _: None)
    queue.send(["x"] * 23)
    assert [len(call) for call in client.calls] == [10, 10, 3]
    client.calls.clear()
    queue.send(["ü" * 60_000] * 5)  # 120,000 bytes each: two fit
    assert [len(call) for call in client.calls] == [2, 2, 1]


class RecordingClient(FlakyClient):
    """Takes what is sent later or hidden."""

    def __init__(self) -> None:
        super().__init__(0)
        self.sent: list[dict[str, Any]] = []
        self.hidden: list[dict[str, Any]] = []

    def send_message(self, **arguments: Any) -> dict[str, str]:
        self.sent.append(arguments)
        return {"MessageId": "m"}

    def change_message_visibility_batch(self, **arguments: Any) -> dict[str, Any]:
        self.hidden.append(arguments)
        gone = {"Id": "1", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}
        return {"Successful": [{"Id": "0"}], "Failed": [gone]}


def test_a_message_that_is_sent_later_tells_of_its_tries() -> None:
    client = RecordingClient()
    SqsQueue(client, "queue").send_later("body", tries=6, seconds=20)
    (sent,) = client.sent
    assert (sent["MessageBody"], sent["DelaySeconds"]) == ("body", 20)
    attributes = {"earlier_tries": {"dataType": "Number", "stringValue": "6"}}
    assert sent["MessageAttributes"] == {"earlier_tries": {"DataType": "Number", "StringValue": "6"}}
    record = {"messageId": "m", "receiptHandle": "r", "body": "body", "messageAttributes": attributes}
    (delivery,) = queue_records({"Records": [record]})
    assert delivery.tries == 7


def test_a_message_goes_by_the_id_of_the_work_that_sends_it() -> None:
    client = RecordingClient()
    with log_context(correlation_id="request-4713"):
        SqsQueue(client, "queue").send_later("body", tries=1, seconds=0)
    attributes = {
        name: {"dataType": told["DataType"], "stringValue": told["StringValue"]}
        for name, told in client.sent[0]["MessageAttributes"].items()
    }
    record = {"messageId": "m", "receiptHandle": "r", "body": "body", "messageAttributes": attributes}
    (delivery,) = queue_records({"Records": [record]})
    assert delivery.correlation_id == "request-4713"


def test_messages_are_hidden_together_and_one_that_is_gone_is_no_matter() -> None:
    client = RecordingClient()
    SqsQueue(client, "queue").hide(["r1", "r2"], 45)
    (hidden,) = client.hidden
    entries = [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in hidden["Entries"]]
    assert entries == [("r1", 45), ("r2", 45)]


class Waiting:
    """Gives `messages` two at a time and tells of `told`; what is received is hidden until it is let go."""

    def __init__(self, messages: int, told: int) -> None:
        self.visible = [f"m{number}" for number in range(messages)]
        self.told = told
        self.receives = 0

    def get_queue_url(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.told)}}

    def receive_message(self, *, MaxNumberOfMessages: int, WaitTimeSeconds: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.receives += 1
        assert WaitTimeSeconds > 0
        given = self.visible[: min(2, MaxNumberOfMessages)]
        self.visible = self.visible[len(given) :]
        return {
            "Messages": [
                {
                    "MessageId": message,
                    "ReceiptHandle": message,
                    "Body": "{}",
                    "Attributes": {"SentTimestamp": "1767614400123", "ApproximateReceiveCount": "4"},
                    "MessageAttributes": {
                        "ErrorMessage": {"DataType": "String", "StringValue": "out of memory"},
                        "Picture": {"DataType": "Binary", "BinaryValue": b"x"},
                    },
                }
                for message in given
            ]
        }

    def change_message_visibility_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(Entries) <= 10
        assert {entry["VisibilityTimeout"] for entry in Entries} == {0}
        self.visible += [entry["ReceiptHandle"] for entry in Entries]
        return {}


def test_what_was_looked_at_waits_on() -> None:
    client = Waiting(messages=25, told=25)
    looked = SqsQueue(client, "dead").peek(21)
    assert len({message.message_id for message in looked}) == 21
    assert len(client.visible) == 25
    first = looked[0]
    assert first.sent_at == datetime(2026, 1, 5, 12, 0, 0, 123000, UTC)
    assert (first.receive_count, first.attributes) == (4, {"ErrorMessage": "out of memory"})


@pytest.mark.parametrize(("messages", "told", "receives"), [(0, 0, 0), (1, 3, 2), (3, 1, 1)])
def test_a_look_ends_where_a_queue_gives_no_more(messages: int, told: int, receives: int) -> None:
    client = Waiting(messages, told)
    assert len(SqsQueue(client, "dead").peek(100)) == min(messages, told)
    assert client.receives == receives
    assert len(client.visible) == messages
