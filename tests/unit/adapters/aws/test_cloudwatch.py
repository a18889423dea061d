"""What CloudWatch is sent."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from portfolio_rag.adapters.aws.cloudwatch import CloudWatchMetrics
from portfolio_rag.ports.runtime import Metric


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_several_metrics_go_in_one_call(client: Any) -> None:
    sent = {
        "Namespace": "Ours",
        "MetricData": [
            {"MetricName": "IngestedDocuments", "Value": 1, "Unit": "Count"},
            {"MetricName": "ProcessingDuration", "Value": 2.5, "Unit": "Seconds"},
        ],
    }
    with Stubber(client) as stubber:
        stubber.add_response("put_metric_data", {}, sent)
        CloudWatchMetrics(client, "Ours").put_all(
            [Metric("IngestedDocuments", 1, "Count"), Metric("ProcessingDuration", 2.5, "Seconds")]
        )
        stubber.assert_no_pending_responses()


def test_a_point_that_is_lost_fails_nothing_and_is_named(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Stubber(client) as stubber:
        stubber.add_client_error("put_metric_data", "Throttling", expected_params={"Namespace": ANY, "MetricData": ANY})
        CloudWatchMetrics(client, "Ours").put("FailedChunks", 3, "Count", {"stage": "embedding"})
    assert "Not published: FailedChunks." in caplog.text
