"""`api_keys` behind `ports.ApiKeyStore`: an item a key, one for its rate, one for each day on which it used tokens.

What is counted has items with ids of their own (`usage#<key id>#<day>`, `rate#<key id>`), and only they have
`remove_at`, the table's TTL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any

from portfolio_rag.adapters.dynamodb.table import Item, Table, value
from portfolio_rag.domain.api_keys import ApiKey, Scope
from portfolio_rag.domain.errors import ConditionFailed, NotFound, StorageUnavailable

_FIELDS = tuple(field.name for field in fields(ApiKey))


@contextmanager
def _table_expected() -> Iterator[None]:
    """Without the table nobody is let in, and it is nothing of the caller's that was not found."""
    try:
        yield
    except NotFound as error:
        raise StorageUnavailable("The table of the API's keys is not there. Apply the Terraform.") from error


class DynamoApiKeyStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, key: ApiKey) -> None:
        stored = {**asdict(key), "scopes": sorted(key.scopes), "groups": list(key.groups)}
        if not self._table.create(stored, "key_id"):
            raise ConditionFailed(f"There is a key {key.key_id} already.")

    def get(self, key_id: str) -> ApiKey | None:
        with _table_expected():
            stored = self._table.get(_key(key_id))
        return _api_key(stored) if stored else None

    def all(self) -> list[ApiKey]:
        keys = map(_api_key, self._table.scan(FilterExpression="attribute_exists(secret_hash)", ConsistentRead=True))
        return sorted(keys, key=lambda key: key.created_at)

    def has_any(self) -> bool:
        stored = self._table.scan(FilterExpression="attribute_exists(secret_hash)", ConsistentRead=True)
        with _table_expected():
            return next(stored, None) is not None

    def revoke(self, key_id: str, now: str) -> None:
        try:
            self._table.update(
                _key(key_id),
                UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :now)",
                ConditionExpression="attribute_exists(secret_hash)",
                ExpressionAttributeValues={":now": value(now)},
            )
        except ConditionFailed:
            raise NotFound(f"There is no key {key_id}.") from None

    def tokens_used(self, key_id: str, day: str) -> int:
        stored = self._table.get(_key(_usage_id(key_id, day)))
        return int(stored["tokens"]) if stored else 0

    def add_tokens(self, key_id: str, day: str, tokens: int, *, remove_at: int) -> None:
        self._table.update(
            _key(_usage_id(key_id, day)),
            UpdateExpression="SET tokens = if_not_exists(tokens, :zero) + :tokens, remove_at = :remove_at",
            ExpressionAttributeValues={":zero": value(0), ":tokens": value(tokens), ":remove_at": value(remove_at)},
        )

    def take_turn(self, key_id: str, *, now: int, share: int, latest: int, remove_at: int) -> int:
        # No expression knows the greater of two numbers: one for a key that is free by now, one for another.
        for free_at, condition, values in (
            (":next", "attribute_not_exists(free_at) OR free_at <= :now", {":next": now + share, ":now": now}),
            ("free_at + :share", "free_at <= :latest", {":share": share, ":latest": latest}),
        ):
            try:
                stored = self._table.update(
                    _key(_rate_id(key_id)),
                    UpdateExpression=f"SET free_at = {free_at}, remove_at = :remove_at",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={
                        **{name: value(number) for name, number in values.items()},
                        ":remove_at": value(remove_at),
                    },
                )
            except ConditionFailed:
                continue
            return int(stored["free_at"])
        raise ConditionFailed(f"The key {key_id} has no turn yet.")

    def next_turn(self, key_id: str) -> int:
        stored = self._table.get(_key(_rate_id(key_id)))
        return int(stored["free_at"]) if stored else 0


def _key(key_id: str) -> dict[str, Any]:
    return {"key_id": key_id}


def _usage_id(key_id: str, day: str) -> str:
    return f"usage#{key_id}#{day}"


def _rate_id(key_id: str) -> str:
    return f"rate#{key_id}"


def _api_key(stored: Item) -> ApiKey:
    known = {name: stored[name] for name in _FIELDS if name in stored}
    known["scopes"] = frozenset(map(Scope, stored["scopes"]))
    known["groups"] = tuple(stored.get("groups", ()))
    return ApiKey(**known)
