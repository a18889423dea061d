from __future__ import annotations

from typing import Any

from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.adapters.dynamodb.usage_store import DynamoUsageStore
from portfolio_rag.domain.model_usage import ModelUsage


class OneTable:
    """Understands the one update that the store makes, as DynamoDB does: ADD makes a number that is not there."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.updates = 0

    def update_item(self, **call: Any) -> dict[str, Any]:
        self.updates += 1
        kept = self.items.setdefault(call["Key"]["key_id"]["S"], {"key_id": call["Key"]["key_id"]})
        changes = call["UpdateExpression"].removeprefix("ADD ").split(", ")
        for name, number in (change.split() for change in changes):
            attribute = call["ExpressionAttributeNames"][name]
            before = int(kept.get(attribute, {"N": "0"})["N"])
            kept[attribute] = {"N": str(before + int(call["ExpressionAttributeValues"][number]["N"]))}
        return {"Attributes": kept}

    def get_item(self, **call: Any) -> dict[str, Any]:
        kept = self.items.get(call["Key"]["key_id"]["S"])
        return {"Item": kept} if kept else {}


def test_months_and_models_add_up_apart() -> None:
    client = OneTable()
    store = DynamoUsageStore(Table(client, "api_keys"))
    store.add("2026-10", {"gpt-4o-mini": ModelUsage(1, 100, 10)})
    store.add("2026-11", {"gpt-4o-mini": ModelUsage(2, 200, 20), "amazon.nova-lite-v1:0": ModelUsage(1, 50)})
    store.add("2026-11", {"gpt-4o-mini": ModelUsage(1, 5, 5), "extractive": ModelUsage(4)})
    assert store.of_month("2026-11") == {
        "gpt-4o-mini": ModelUsage(3, 205, 25),
        "amazon.nova-lite-v1:0": ModelUsage(1, 50, 0),
        "extractive": ModelUsage(4),
    }
    assert store.of_month("2026-10") == {"gpt-4o-mini": ModelUsage(1, 100, 10)}
    assert store.of_month("2026-09") == {}
    assert client.updates == 3


def test_what_is_nothing_is_not_written() -> None:
    client = OneTable()
    DynamoUsageStore(Table(client, "api_keys")).add("2026-11", {"extractive": ModelUsage()})
    assert client.updates == 0
