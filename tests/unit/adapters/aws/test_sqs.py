"""What SQS answers with 200 and yet has not done."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.domain.errors import StorageUnavailable


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
