"""CloudWatch behind `ports.Metrics` and `ports.BilledUsage`.

PutMetricData and not the embedded metric format: emulators have no EMF extraction, and one way serves everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from portfolio_rag.ports.runtime import Metric

_log = logging.getLogger(__name__)

_DAY_SECONDS: Final = 86_400
_QUEUE_REQUESTS: Final = (
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
)
"""Messages, of which a request may have ten: the most that is billed."""


class CloudWatchMetrics:
    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None:
        datum = _datum(Metric(name, value, unit))
        if dimensions:
            datum["Dimensions"] = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        self._publish([datum])

    def put_all(self, metrics: Sequence[Metric]) -> None:
        self._publish([_datum(metric) for metric in metrics])

    def _publish(self, data: list[dict[str, Any]]) -> None:
        try:
            self._client.put_metric_data(Namespace=self._namespace, MetricData=data)
        except (BotoCoreError, ClientError):
            names = ", ".join(datum["MetricName"] for datum in data)
            _log.warning("Not published: %s.", names, exc_info=True)


def _datum(metric: Metric) -> dict[str, Any]:
    return {"MetricName": metric.name, "Value": metric.value, "Unit": metric.unit}


class CloudWatchBilledUsage:
    """Invocations and their time, messages and empty receives, summed by AWS itself.

    `memory_gb` is that of each function by its name. One call of GetMetricData, a hundredth of a cent for ten metrics.
    """

    def __init__(self, client: Any, memory_gb: Mapping[str, float], queues: Iterable[str]) -> None:
        self._client = client
        self._memory_gb = memory_gb
        self._queues = list(queues)

    def between(self, start: datetime, end: datetime) -> dict[str, float]:
        sums = self._sums(start, end)
        usage: dict[str, float] = {}
        for (name, metric), total in sums.items():
            if metric == "Invocations":
                _count(usage, "Lambda request", total)
            elif metric == "Duration":
                # In milliseconds.
                _count(usage, "Lambda GB-second", total / 1000 * self._memory_gb[name])
            else:
                _count(usage, "SQS request", total)
        return usage

    def _sums(self, start: datetime, end: datetime) -> dict[tuple[str, str], float]:
        """By function or queue, and metric; only what there are points of."""
        wanted = list(self._wanted())
        queries = [
            {
                "Id": f"m{n}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric,
                        "Dimensions": [{"Name": dimension, "Value": name}],
                    },
                    "Period": _DAY_SECONDS,
                    "Stat": "Sum",
                },
            }
            for n, (namespace, dimension, name, metric) in enumerate(wanted)
        ]
        try:
            answer = self._client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
        except (BotoCoreError, ClientError):
            _log.warning("CloudWatch's own counts cannot be read.", exc_info=True)
            return {}
        results = ((wanted[int(result["Id"][1:])], result["Values"]) for result in answer["MetricDataResults"])
        return {(name, metric): sum(values) for (_, _, name, metric), values in results if values}

    def _wanted(self) -> Iterator[tuple[str, str, str, str]]:
        for function in self._memory_gb:
            for metric in ("Invocations", "Duration"):
                yield "AWS/Lambda", "FunctionName", function, metric
        for queue in self._queues:
            for metric in _QUEUE_REQUESTS:
                yield "AWS/SQS", "QueueName", queue, metric


def _count(usage: dict[str, float], price: str, quantity: float) -> None:
    usage[price] = usage.get(price, 0.0) + quantity
