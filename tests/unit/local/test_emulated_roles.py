"""What the emulator asks for beside AWS follows from what Terraform gives: no more, and nothing of its own."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.local.emulated_roles import API_POLICY, API_ROLE, EMULATOR_POLICY, additions, give_api_its_role
from portfolio_rag.settings.environment import Settings

# moto's own, about what it imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

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


def test_the_role_of_the_api_has_the_statements_of_its_task_role_and_what_the_emulator_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    condition = {"StringEquals": {"cloudwatch:namespace": "Ours"}}
    statements: list[dict[str, Any]] = [
        {"sid": "Send", "actions": ["sqs:SendMessage"], "resources": QUEUE},
        {"sid": "Publish", "actions": ["cloudwatch:PutMetricData"], "resources": ["*"], "condition": condition},
        {"sid": "Never", "effect": "Deny", "actions": ["s3:DeleteBucket"], "resources": ["*"]},
    ]
    publish = {"Sid": "Publish", "Effect": "Allow", "Action": ["cloudwatch:PutMetricData"], "Resource": ["*"]}
    deployed: list[dict[str, Any]] = [
        {"Sid": "Send", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": QUEUE},
        {**publish, "Condition": condition},
        {"Sid": "Never", "Effect": "Deny", "Action": ["s3:DeleteBucket"], "Resource": ["*"]},
    ]
    with mock_aws():
        clients = AwsClients(Settings())
        give_api_its_role(clients, statements[:1])
        give_api_its_role(clients, statements)
        for policy, granted in ((API_POLICY, deployed), (EMULATOR_POLICY, additions(deployed))):
            document = clients("iam").get_role_policy(RoleName=API_ROLE, PolicyName=policy)["PolicyDocument"]
            assert document["Statement"] == granted
    assert API_ROLE == "portfolio-api-task"
