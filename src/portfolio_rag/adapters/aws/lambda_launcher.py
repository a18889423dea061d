"""Starting a Lambda function asynchronously behind `ports.JobLauncher`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from portfolio_rag.adapters.aws.clients import translating


class LambdaJobLauncher:
    def __init__(self, client: Any, function_name: str) -> None:
        self._client = client
        self._function = function_name

    @translating("Lambda Invoke")
    def launch(self, payload: Mapping[str, Any]) -> None:
        self._client.invoke(
            FunctionName=self._function, InvocationType="Event", Payload=json.dumps(dict(payload)).encode()
        )
