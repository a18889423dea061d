"""What the emulator asks for beside AWS follows from what Terraform gives: no more, and nothing of its own."""

from __future__ import annotations

from portfolio_rag.local.emulated_roles import additions

QUEUE = ["arn:aws:sqs:us-east-1:000000000000:q"]


def statement(*actions: str, resources: list[str] | None = None) -> dict[str, object]:
    return {"Sid": "Any", "Effect": "Allow", "Action": list(actions), "Resource": resources or QUEUE}


def test_a_batch_is_allowed_where_its_single_call_is() -> None:
    assert additions([statement("sqs:GetQueueUrl", "sqs:SendMessage")]) == [
        {"Effect": "Allow", "Action": ["sqs:SendMessageBatch"], "Resource": QUEUE}
    ]
    assert additions([statement("sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:ReceiveMessage")]) == [
        {
            "Effect": "Allow",
            "Action": ["sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch"],
            "Resource": QUEUE,
        }
    ]


def test_metrics_are_allowed_without_the_namespace_that_the_emulator_does_not_fill_in() -> None:
    granted = statement("cloudwatch:PutMetricData", resources=["*"])
    assert additions([granted]) == [{"Effect": "Allow", "Action": ["cloudwatch:PutMetricData"], "Resource": "*"}]


def test_a_role_without_them_gets_nothing() -> None:
    assert additions([statement("s3:GetObject", "dynamodb:PutItem", "sqs:GetQueueAttributes")]) == []
