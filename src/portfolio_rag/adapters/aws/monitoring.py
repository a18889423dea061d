"""Reading CloudWatch behind `ports.Monitoring`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from portfolio_rag.adapters.aws.clients import translating
from portfolio_rag.ports.monitoring import Alarm, AlarmState, MetricQuery

_MAX_ALARM_PAGES = 10
"""Pages of 100 alarms: an account has those of others, too, and only names tell them apart before they are read."""


class CloudWatchMonitoring:
    """`alarm_prefix`: what the names of this deployment's alarms begin with."""

    def __init__(self, client: Any, namespace: str, alarm_prefix: str) -> None:
        self._client = client
        self._namespace = namespace
        self._alarm_prefix = alarm_prefix

    @translating("CloudWatch DescribeAlarms")
    def alarms(self) -> list[Alarm]:
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=self._alarm_prefix,
            AlarmTypes=["MetricAlarm"],
            PaginationConfig={"PageSize": 100, "MaxItems": 100 * _MAX_ALARM_PAGES},
        )
        alarms = [_alarm(alarm) for page in pages for alarm in page["MetricAlarms"]]
        return sorted(alarms, key=lambda alarm: alarm.name)

    @translating("CloudWatch GetMetricData")
    def series(
        self, queries: Sequence[MetricQuery], *, start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[
                {
                    "Id": f"q{number}",
                    "MetricStat": {
                        "Metric": {"Namespace": self._namespace, "MetricName": query.metric},
                        "Period": period_seconds,
                        "Stat": query.statistic,
                    },
                }
                for number, query in enumerate(queries)
            ],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        found: list[dict[datetime, float]] = [{} for _ in queries]
        for page in pages:
            for result in page["MetricDataResults"]:
                moments = (moment.astimezone(UTC) for moment in result["Timestamps"])
                found[int(result["Id"][1:])].update(zip(moments, result["Values"], strict=True))
        return found


def _alarm(alarm: Mapping[str, Any]) -> Alarm:
    return Alarm(
        name=alarm["AlarmName"],
        description=alarm.get("AlarmDescription", ""),
        state=AlarmState(alarm["StateValue"]),
        reason=alarm.get("StateReason", ""),
        # When the state changed; the other field moves with each evaluation.
        since=alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp"),
        metric=alarm.get("MetricName", ""),
        threshold=alarm.get("Threshold"),
    )
