"""SQS behind `ports.MessageQueue`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from portfolio_rag.adapters.aws.clients import translating
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.log_context import correlation_id
from portfolio_rag.domain.tracing import TRACEPARENT, traceparent
from portfolio_rag.ports.message_queue import QueueDepth, WaitingMessage

_BATCH_MESSAGES = 10
_BATCH_BYTES = 256 * 1024
"""What SendMessageBatch takes at most, in messages and in bytes of all of them. AWS takes 1 MiB since 2025; emulators
keep the old limit."""

EARLIER_TRIES = "earlier_tries"
"""The message attribute that counts the tries of the messages that this one was sent anew for."""

CORRELATION_ID = "correlation_id"
"""The message attribute with the id of the work that the message goes on with."""

_ATTRIBUTE_BYTES = 512
"""More than the attributes of a message ever take of the batch's bytes."""

_ATTEMPTS = 5
_HELD_SECONDS = 30
"""How long a message of a dead-letter queue is hidden while it is looked at."""


class SqsQueue:
    """One queue by name; its URL is looked up when first needed."""

    def __init__(self, client: Any, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._url = ""
        self._sleep = sleep
        self._looking = threading.Lock()
        """What one look holds, another would not see."""

    @property
    def name(self) -> str:
        return self._name

    @translating("SQS SendMessageBatch")
    def send(self, bodies: Sequence[str]) -> None:
        for batch in _batches(bodies):
            self._send_batch(batch)

    @translating("SQS SendMessage")
    def send_later(self, body: str, *, tries: int, seconds: int) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url(),
            MessageBody=body,
            DelaySeconds=seconds,
            MessageAttributes={EARLIER_TRIES: {"DataType": "Number", "StringValue": str(tries)}, **_attributes()},
        )

    @translating("SQS ChangeMessageVisibilityBatch")
    def hide(self, receipts: Sequence[str], seconds: int) -> None:
        # What the answer lists as failed is gone, or comes back after the queue's own timeout.
        self._client.change_message_visibility_batch(
            QueueUrl=self._queue_url(),
            Entries=[
                {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for n, receipt in enumerate(receipts)
            ],
        )

    @translating("SQS GetQueueAttributes")
    def depth(self) -> QueueDepth:
        names = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        answer = self._client.get_queue_attributes(QueueUrl=self._queue_url(), AttributeNames=list(names))
        return QueueDepth(*(int(answer["Attributes"].get(name, 0)) for name in names))

    @translating("SQS ReceiveMessage")
    def peek(self, limit: int) -> list[WaitingMessage]:
        with self._looking:
            messages = self._hold(min(limit, self.depth().visible))
            self._let_go(list(messages.values()))
        return [_waiting(message) for message in messages.values()]

    @translating("SQS ReceiveMessage")
    def remove(self, matches: Callable[[str], bool]) -> int:
        url, removed, others = self._queue_url(), 0, []
        with self._looking:
            while True:
                answer = self._client.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=_BATCH_MESSAGES, VisibilityTimeout=_HELD_SECONDS
                )
                if not answer.get("Messages"):
                    break
                for message in answer["Messages"]:
                    if matches(message["Body"]):
                        self._client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                        removed += 1
                    else:
                        others.append(message)
            # Held until here, so that no message was seen twice.
            self._let_go(others)
        return removed

    def _hold(self, count: int) -> dict[str, dict[str, Any]]:
        """So many messages by their ids, hidden for a while; fewer where a queue tells of more than it gives."""
        held: dict[str, dict[str, Any]] = {}
        while len(held) < count:
            answer = self._client.receive_message(
                QueueUrl=self._queue_url(),
                MaxNumberOfMessages=min(_BATCH_MESSAGES, count - len(held)),
                VisibilityTimeout=_HELD_SECONDS,
                # AWS asks a few of its servers only where nobody waits.
                WaitTimeSeconds=1,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
                MessageAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            held |= {message["MessageId"]: message for message in answer["Messages"]}
        return held

    def _let_go(self, messages: Sequence[dict[str, Any]]) -> None:
        receipts = [message["ReceiptHandle"] for message in messages]
        for start in range(0, len(receipts), _BATCH_MESSAGES):
            self.hide(receipts[start : start + _BATCH_MESSAGES], 0)

    def _queue_url(self) -> str:
        if not self._url:
            self._url = self._client.get_queue_url(QueueName=self._name)["QueueUrl"]
        return self._url

    def _send_batch(self, bodies: Sequence[str]) -> None:
        waiting = {str(n): body for n, body in enumerate(bodies)}
        attributes = {"MessageAttributes": own} if (own := _attributes()) else {}
        for attempt in range(_ATTEMPTS):
            entries = [{"Id": id_, "MessageBody": body, **attributes} for id_, body in waiting.items()]
            answer = self._client.send_message_batch(QueueUrl=self._queue_url(), Entries=entries)
            # A 200 may still hold failures: only what is listed as successful was sent.
            for entry in answer.get("Successful", []):
                waiting.pop(entry["Id"], None)
            if not waiting:
                return
            self._sleep(0.1 * 2**attempt)
        raise StorageUnavailable(f"{len(waiting)} of {len(bodies)} messages could not be sent to {self._name}.")


def _attributes() -> dict[str, Any]:
    """What the receiver needs to know of the work that goes on there."""
    known = {CORRELATION_ID: correlation_id(), TRACEPARENT: traceparent()}
    return {name: {"DataType": "String", "StringValue": text} for name, text in known.items() if text is not None}


def _batches(bodies: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    room = 0
    for body in bodies:
        size = len(body.encode()) + _ATTRIBUTE_BYTES
        if not batches or len(batches[-1]) == _BATCH_MESSAGES or size > room:
            batches.append([])
            room = _BATCH_BYTES
        batches[-1].append(body)
        room -= size
    return batches


def _waiting(message: dict[str, Any]) -> WaitingMessage:
    told = message["Attributes"]
    return WaitingMessage(
        message_id=message["MessageId"],
        body=message["Body"],
        sent_at=datetime.fromtimestamp(int(told["SentTimestamp"]) / 1000, UTC),
        receive_count=int(told["ApproximateReceiveCount"]),
        attributes={
            name: value["StringValue"]
            for name, value in message.get("MessageAttributes", {}).items()
            if "StringValue" in value
        },
    )
