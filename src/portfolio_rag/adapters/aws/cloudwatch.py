"""CloudWatch custom metrics behind `ports.Metrics`.

PutMetricData and not the embedded metric format: emulators have no EMF extraction, and one way serves everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger(__name__)


class CloudWatchMetrics:
    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None:
        datum: dict[str, Any] = {"MetricName": name, "Value": value, "Unit": unit}
        if dimensions:
            datum["Dimensions"] = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        try:
            self._client.put_metric_data(Namespace=self._namespace, MetricData=[datum])
        except (BotoCoreError, ClientError):
            _log.warning("Metric %s was not published.", name, exc_info=True)
