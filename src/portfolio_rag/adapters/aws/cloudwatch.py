"""CloudWatch custom metrics behind `ports.Metrics`.

PutMetricData and not the embedded metric format: emulators have no EMF extraction, and one way serves everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from portfolio_rag.ports.runtime import Metric

_log = logging.getLogger(__name__)


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
