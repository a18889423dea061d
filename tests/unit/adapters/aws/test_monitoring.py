"""What CloudWatch is asked, and what is made of its answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from portfolio_rag.adapters.aws.monitoring import CloudWatchMonitoring
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.ports.monitoring import AlarmState, MetricQuery

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def client() -> Any:
    return boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_alarms_are_those_with_the_prefix_by_name_over_all_pages(client: Any) -> None:
    asked = {"AlarmNamePrefix": "ours-", "AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}
    first = {"AlarmName": "ours-z", "StateValue": "OK", "MetricName": "QueueDepth", "Threshold": 100.0}
    second = {
        "AlarmName": "ours-a",
        "AlarmDescription": "Too many.",
        "StateValue": "ALARM",
        "StateReason": "1 > 0",
        "StateUpdatedTimestamp": NOON,
        "StateTransitionedTimestamp": NOON - timedelta(hours=1),
        "MetricName": "DeadLetters",
        "Threshold": 0.0,
    }
    with Stubber(client) as stubber:
        stubber.add_response("describe_alarms", {"MetricAlarms": [first], "NextToken": "more"}, asked)
        stubber.add_response("describe_alarms", {"MetricAlarms": [second]}, {**asked, "NextToken": "more"})
        alarms = CloudWatchMonitoring(client, "Ours", "ours-").alarms()
    assert [alarm.name for alarm in alarms] == ["ours-a", "ours-z"]
    assert alarms[0].state is AlarmState.ALARM
    assert alarms[0].since == NOON - timedelta(hours=1)
    assert (alarms[1].reason, alarms[1].since, alarms[1].threshold) == ("", None, 100.0)


def test_each_query_has_its_values_over_all_pages(client: Any) -> None:
    queries = [MetricQuery("IngestedDocuments", "Sum"), MetricQuery("ProcessingDuration", "p95")]
    asked = {
        "MetricDataQueries": [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {"Namespace": "Ours", "MetricName": query.metric},
                    "Period": 300,
                    "Stat": query.statistic,
                },
            }
            for number, query in enumerate(queries)
        ],
        "StartTime": NOON - timedelta(hours=1),
        "EndTime": NOON,
        "ScanBy": "TimestampAscending",
    }
    moments = [NOON - timedelta(minutes=minutes) for minutes in (10, 5)]
    pages = [
        {"MetricDataResults": [{"Id": "q0", "Timestamps": moments[:1], "Values": [3.0]}], "NextToken": "more"},
        {
            "MetricDataResults": [
                {"Id": "q1", "Timestamps": moments[1:], "Values": [4.5]},
                {"Id": "q0", "Timestamps": moments[1:], "Values": [2.0]},
            ]
        },
    ]
    with Stubber(client) as stubber:
        stubber.add_response("get_metric_data", pages[0], asked)
        stubber.add_response("get_metric_data", pages[1], {**asked, "NextToken": "more"})
        found = CloudWatchMonitoring(client, "Ours", "ours-").series(
            queries, start=NOON - timedelta(hours=1), end=NOON, period_seconds=300
        )
    assert found == [{moments[0]: 3.0, moments[1]: 2.0}, {moments[1]: 4.5}]


def test_a_cloudwatch_that_does_not_answer_is_a_dependency_that_is_not_there(client: Any) -> None:
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_alarms", "Throttling")
        with pytest.raises(StorageUnavailable, match="CloudWatch DescribeAlarms"):
            CloudWatchMonitoring(client, "Ours", "ours-").alarms()
