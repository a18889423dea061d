"""What CloudWatch is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from portfolio_rag.adapters.aws.cloudwatch import CloudWatchBilledUsage, CloudWatchMetrics
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


BEGAN, NOW = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)


def test_what_aws_bills_is_summed_by_price(client: Any) -> None:
    values = [[10.0, 20.0], [60_000.0], [5.0], [], [100.0], [90.0], [80.0], [7.0, 3.0]]
    results = [{"Id": f"m{n}", "Values": numbers} for n, numbers in enumerate(values)]
    with Stubber(client) as stubber:
        stubber.add_response(
            "get_metric_data",
            {"MetricDataResults": results},
            {"MetricDataQueries": ANY, "StartTime": BEGAN, "EndTime": NOW},
        )
        billed = CloudWatchBilledUsage(client, {"document-intake": 0.5, "batch-reindex": 1.73}, ["the-queue"])
        # 60 s at half a GB; sent, received, deleted and empty receives.
        assert billed.between(BEGAN, NOW) == {
            "Lambda request": 35.0,
            "Lambda GB-second": 30.0,
            "SQS request": 280.0,
        }


def test_without_points_or_permission_nothing_is_billed(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    billed = CloudWatchBilledUsage(client, {"document-intake": 0.5}, [])
    with Stubber(client) as stubber:
        stubber.add_response("get_metric_data", {"MetricDataResults": [{"Id": "m0", "Values": []}]})
        stubber.add_client_error("get_metric_data", "AccessDenied")
        assert billed.between(BEGAN, NOW) == billed.between(BEGAN, NOW) == {}
    assert "CloudWatch's own counts cannot be read." in caplog.text
