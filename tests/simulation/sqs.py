"""SQS standard queues: visibility, receive counts, redrive to a dead-letter queue."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MAX_MESSAGE_BYTES = 256 * 1024


@dataclass
class Message:
    message_id: str
    body: str
    visible_at: datetime
    sent_at: datetime
    receive_count: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class QueueModel:
    name: str
    visibility: timedelta = timedelta(minutes=5)
    max_receive_count: int | None = None
    dead_letters: QueueModel | None = None
    messages: list[Message] = field(default_factory=list)


class SqsModel:
    """The methods of boto3's SQS client that this project calls, and the poller's side of Lambda."""

    def __init__(self, queues: Sequence[QueueModel], now: Callable[[], datetime]) -> None:
        self.queues = {queue.name: queue for queue in queues}
        self._now = now
        self._ids = (f"m{number:06d}" for number in itertools.count(1))

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": f"sim://{self.queues[QueueName].name}"}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        queue = self._queue(QueueUrl)
        if not 1 <= len(Entries) <= 10:
            raise ValueError("SendMessageBatch takes 1 to 10 entries")
        if sum(len(entry["MessageBody"].encode()) for entry in Entries) > MAX_MESSAGE_BYTES:
            raise ValueError("BatchRequestTooLong")
        for entry in Entries:
            attributes = entry.get("MessageAttributes", {})
            sent = self._now()
            queue.messages.append(Message(next(self._ids), entry["MessageBody"], sent, sent, attributes=attributes))
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:
        queue = self._queue(QueueUrl)
        visible = sum(message.visible_at <= self._now() for message in queue.messages)
        counts = {
            "ApproximateNumberOfMessages": visible,
            "ApproximateNumberOfMessagesNotVisible": len(queue.messages) - visible,
            "ApproximateNumberOfMessagesDelayed": 0,
        }
        return {"Attributes": {name: str(counts[name]) for name in AttributeNames}}

    def receive_message(
        self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int, **_: Any
    ) -> dict[str, Any]:
        queue = self._queue(QueueUrl)
        ready = [message for message in queue.messages if message.visible_at <= self._now()][:MaxNumberOfMessages]
        for message in ready:
            message.receive_count += 1
            message.visible_at = self._now() + timedelta(seconds=VisibilityTimeout)
        return {
            "Messages": [
                {
                    "MessageId": message.message_id,
                    "ReceiptHandle": message.message_id,
                    "Body": message.body,
                    "Attributes": {
                        "SentTimestamp": str(round(message.sent_at.timestamp() * 1000)),
                        "ApproximateReceiveCount": str(message.receive_count),
                    },
                    "MessageAttributes": dict(message.attributes),
                }
                for message in ready
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        queue = self._queue(QueueUrl)
        queue.messages = [message for message in queue.messages if message.message_id != ReceiptHandle]

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        for message in self._queue(QueueUrl).messages:
            if message.message_id == ReceiptHandle:
                message.visible_at = self._now() + timedelta(seconds=VisibilityTimeout)

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        if not 1 <= len(Entries) <= 10:
            raise ValueError("ChangeMessageVisibilityBatch takes 1 to 10 entries")
        for entry in Entries:
            self.change_message_visibility(
                QueueUrl=QueueUrl,
                ReceiptHandle=entry["ReceiptHandle"],
                VisibilityTimeout=entry["VisibilityTimeout"],
            )
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int, MessageAttributes: Mapping[str, Any]
    ) -> dict[str, str]:
        visible_at = self._now() + timedelta(seconds=DelaySeconds)
        message = Message(next(self._ids), MessageBody, visible_at, self._now(), attributes=MessageAttributes)
        self._queue(QueueUrl).messages.append(message)
        return {"MessageId": message.message_id}

    # --- the poller's side

    def visible(self, name: str) -> list[Message]:
        """What could be received now; exhausted messages go to the dead-letter queue on the way."""
        queue = self.queues[name]
        ready: list[Message] = []
        for message in list(queue.messages):
            if message.visible_at > self._now():
                continue
            if queue.max_receive_count is not None and message.receive_count >= queue.max_receive_count:
                queue.messages.remove(message)
                if queue.dead_letters is not None:
                    queue.dead_letters.messages.append(message)
                continue
            ready.append(message)
        return ready

    def receive(self, name: str, messages: Sequence[Message]) -> dict[str, Any]:
        """Receive these messages: the event that Lambda hands to the function."""
        queue = self.queues[name]
        for message in messages:
            message.receive_count += 1
            message.visible_at = self._now() + queue.visibility
        return {
            "Records": [
                {
                    "messageId": message.message_id,
                    "receiptHandle": message.message_id,
                    "body": message.body,
                    "attributes": {"ApproximateReceiveCount": str(message.receive_count)},
                    "messageAttributes": {
                        name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
                        for name, value in message.attributes.items()
                    },
                    "eventSource": "aws:sqs",
                }
                for message in messages
            ]
        }

    def acknowledge(self, name: str, messages: Sequence[Message], answer: Mapping[str, Any]) -> None:
        """Delete what the function did not list as failed; Lambda leaves the rest to its visibility timeout."""
        failed = {entry["itemIdentifier"] for entry in answer.get("batchItemFailures", [])}
        known = {message.message_id for message in messages}
        if not failed <= known:
            return  # An id that Lambda does not know fails the whole batch.
        queue = self.queues[name]
        queue.messages = [
            message for message in queue.messages if message.message_id not in known or message.message_id in failed
        ]

    def next_visible_at(self) -> datetime | None:
        """When the next hidden message of a queue with a consumer comes back."""
        hidden = [
            message.visible_at
            for queue in self.queues.values()
            if queue.max_receive_count is not None
            for message in queue.messages
        ]
        return min(hidden, default=None)

    def _queue(self, url: str) -> QueueModel:
        return self.queues[url.removeprefix("sim://")]
