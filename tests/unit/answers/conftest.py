from __future__ import annotations

import pytest

from tests.unit.answers.fakes import Corpus

SQS = """Amazon SQS keeps messages in a queue for 4 days by default. You can set the retention period from 60 seconds \
to 14 days.

The visibility timeout hides a message after a consumer has received it. Its default is 30 seconds and its maximum \
is 12 hours.

Standard queues do not guarantee the order of messages. FIFO queues deliver messages in order."""

DYNAMO = """An item in DynamoDB may hold at most 400 KB, attribute names included.

Point-in-time recovery keeps continuous backups of a table for the last 35 days."""


@pytest.fixture
def corpus() -> Corpus:
    """Two documents: queues and tables."""
    made = Corpus()
    made.text("guides/sqs.md", SQS, heading=("Amazon SQS", "Queues"))
    made.text("guides/dynamodb.md", DYNAMO, heading=("DynamoDB", "Limits"))
    return made
