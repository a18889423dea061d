"""The month's questions and tokens behind `ports.UsageStore`: an item a month in `api_keys`, an attribute a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from portfolio_rag.adapters.dynamodb.table import Table, value
from portfolio_rag.domain.model_usage import ModelUsage

_COUNTS = tuple(field.name for field in fields(ModelUsage))


class DynamoUsageStore:
    """Attributes are named `<count>#<model>`: ADD makes those that are new, whoever comes first."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, month: str, usage: Mapping[str, ModelUsage]) -> None:
        counts = [
            (f"{name}#{model}", count)
            for model, of_model in usage.items()
            for name, count in asdict(of_model).items()
            if count
        ]
        if not counts:
            return
        self._table.update(
            _key(month),
            UpdateExpression="ADD " + ", ".join(f"#n{n} :n{n}" for n in range(len(counts))),
            ExpressionAttributeNames={f"#n{n}": name for n, (name, _) in enumerate(counts)},
            ExpressionAttributeValues={f":n{n}": value(count) for n, (_, count) in enumerate(counts)},
        )

    def of_month(self, month: str) -> dict[str, ModelUsage]:
        usage: dict[str, ModelUsage] = {}
        for attribute, count in (self._table.get(_key(month)) or {}).items():
            name, separator, model = attribute.partition("#")
            if separator and name in _COUNTS:
                usage[model] = usage.get(model, ModelUsage()) + ModelUsage(**{name: int(count)})
        return usage


def _key(month: str) -> dict[str, Any]:
    return {"key_id": f"usage#month#{month}"}
