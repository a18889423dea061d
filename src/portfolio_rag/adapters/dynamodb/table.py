"""What every DynamoDB adapter shares: items, batches and transactions with bounded retries.

Limits of the service (Service, account, and table quotas in Amazon DynamoDB): 100 keys a BatchGetItem, 25 writes a
BatchWriteItem, 100 actions and 4 MB a TransactWriteItems, 400 KB an item.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import uniform
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from portfolio_rag.adapters.aws.clients import error_code, translated
from portfolio_rag.domain.errors import ConditionFailed, StorageUnavailable

TRANSACTION_ACTIONS = 100
TRANSACTION_BYTES = 3_500_000
"""Below 4 MB: expressions and names count too."""
_GET_KEYS = 100
_WRITE_ITEMS = 25
_ATTEMPTS = 8

_LARGEST = 10**38
"""Of integers with all their digits."""

_serializer = TypeSerializer()

Item = dict[str, Any]


def value(plain: Any) -> Any:
    """A plain Python value in DynamoDB's notation, as boto3's serializer has it, which takes eight times as long.

    Raises TypeError for what DynamoDB does not hold, decimal.Inexact for more than 38 digits.
    """
    if isinstance(plain, str):
        return {"S": plain}
    if plain is None:
        return {"NULL": True}
    if isinstance(plain, bool):
        return {"BOOL": plain}
    if isinstance(plain, int) and -_LARGEST < plain < _LARGEST:
        return {"N": str(int(plain))}
    if isinstance(plain, Mapping):
        return {"M": {key: value(inner) for key, inner in plain.items()}}
    if isinstance(plain, (list, tuple)):
        return {"L": [value(inner) for inner in plain]}
    return _serializer.serialize(Decimal(repr(plain)) if isinstance(plain, float) else plain)


def item(plain: Mapping[str, Any]) -> Item:
    """An item in DynamoDB's notation; None values are left out (an attribute that is not there)."""
    return {name: value(content) for name, content in plain.items() if content is not None}


def plain(stored: Mapping[str, Any]) -> Item:
    """The reverse of `item`, numbers as int or float."""
    return {name: _plain(content) for name, content in stored.items()}


def item_bytes(stored: Mapping[str, Any]) -> int:
    """The size of an item (in DynamoDB's notation) as the service counts it for its 400 KB.

    Names and texts in UTF-8; a number takes a byte for two digits and one more; lists and maps take 3 bytes and one
    for each entry ("DynamoDB item sizes and formats", developer guide). Numbers are counted with a byte to spare.
    """
    return sum(len(name.encode()) + _value_bytes(content) for name, content in stored.items())


def _value_bytes(content: Mapping[str, Any]) -> int:
    ((kind, inner),) = content.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return len(inner) // 2 + 3
        case "L":
            return 3 + sum(1 + _value_bytes(entry) for entry in inner)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(entry) for name, entry in inner.items())
        case _:
            return 1


def _plain(content: Mapping[str, Any]) -> Any:
    """One value. boto3's deserializer takes three times as long, by way of Decimal; a search reads 25 items."""
    ((kind, inner),) = content.items()
    match kind:
        case "S" | "BOOL":
            return inner
        case "N":
            return _number(inner)
        case "L":
            return [_plain(entry) for entry in inner]
        case "M":
            return {key: _plain(entry) for key, entry in inner.items()}
        case "NULL":
            return None
        case _:
            raise TypeError(f"No attribute of this project has the type {kind}.")


def _number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        exact = Decimal(digits)
        return int(exact) if exact == exact.to_integral_value() else float(exact)


class TransactionRefused(ConditionFailed):
    """A transaction was cancelled; `reasons` holds one code an action, in order (`None` where it was fine)."""

    def __init__(self, message: str, reasons: Sequence[str]) -> None:
        super().__init__(message)
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Items of one table by their keys, and the names of their attributes that are read: all, where none is named."""

    table: Table
    keys: Iterable[Mapping[str, Any]]
    attributes: Sequence[str] = ()

    def request(self, keys: Sequence[Item]) -> dict[str, Any]:
        """The table's part of a BatchGetItem. Names through placeholders: some are reserved words."""
        whole = {"Keys": keys, "ConsistentRead": True}
        if not self.attributes:
            return whole
        names = {f"#{name}": name for name in self.attributes}
        return {**whole, "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}


def get_many(*wanted: Wanted) -> list[list[Item]]:
    """The items of each table, in as few calls of BatchGetItem for all as there can be; strongly consistent.

    Missing items are left out, order is not kept. Raises StorageUnavailable when DynamoDB keeps throttling.
    """
    entries = [(of, item(key)) for of in wanted for key in of.keys]
    items_of: dict[str, list[Item]] = {of.table.name: [] for of in wanted}
    for start in range(0, len(entries), _GET_KEYS):
        group = entries[start : start + _GET_KEYS]
        request = {
            of.table.name: of.request(keys) for of in wanted if (keys := [key for other, key in group if other is of])
        }
        table = group[0][0].table
        for attempt in range(_ATTEMPTS):
            with translated("DynamoDB BatchGetItem"):
                answer = table.client.batch_get_item(RequestItems=request)
            for name, items in answer.get("Responses", {}).items():
                items_of[name] += map(plain, items)
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                break
            table.back_off(attempt)
        else:
            raise StorageUnavailable(f"DynamoDB kept throttling reads of {', '.join(request)}.")
    return [items_of[of.table.name] for of in wanted]


class Table:
    """One table through the low-level client; every call translated and retried within bounds."""

    def __init__(self, client: Any, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get(self, key: Mapping[str, Any]) -> Item | None:
        """One item, strongly consistent."""
        with translated("DynamoDB GetItem"):
            answer = self.client.get_item(TableName=self.name, Key=item(key), ConsistentRead=True)
        return plain(answer["Item"]) if answer.get("Item") else None

    def create(self, content: Mapping[str, Any], key: str) -> bool:
        """PutItem of a new item, told by its attribute `key`; false if it is there already."""
        with translated("DynamoDB PutItem"):
            try:
                self.client.put_item(
                    TableName=self.name, Item=item(content), ConditionExpression=f"attribute_not_exists({key})"
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def update(self, key: Mapping[str, Any], **expressions: Any) -> Item:
        """UpdateItem; returns the item as it is after. Raises ConditionFailed."""
        with translated("DynamoDB UpdateItem"):
            try:
                answer = self.client.update_item(
                    TableName=self.name, Key=item(key), ReturnValues="ALL_NEW", **expressions
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    raise ConditionFailed(f"The item in {self.name} has changed.") from error
                raise
        return plain(answer.get("Attributes", {}))

    def query(self, **expressions: Any) -> Iterator[Item]:
        """Every match, page after page."""
        yield from self._pages("query", "DynamoDB Query", expressions)

    def scan(self, **expressions: Any) -> Iterator[Item]:
        yield from self._pages("scan", "DynamoDB Scan", expressions)

    def get_many(self, keys: Iterable[Mapping[str, Any]], *, attributes: Sequence[str] = ()) -> list[Item]:
        """BatchGetItem, strongly consistent; missing items are left out, order is not kept.

        `attributes` are the names of those that are read; without any, items come whole.
        """
        return get_many(Wanted(self, keys, attributes))[0]

    def put_many(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._write_many([{"PutRequest": {"Item": item(content)}} for content in items])

    def delete_many(self, keys: Iterable[Mapping[str, Any]]) -> None:
        self._write_many([{"DeleteRequest": {"Key": item(key)}} for key in keys])

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """TransactWriteItems. Raises TransactionRefused when a condition fails, StorageUnavailable on conflicts.

        A conflict (another transaction on the same item) and throttling are tried again, with jitter.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with translated("DynamoDB TransactWriteItems"):
                    try:
                        self.client.transact_write_items(TransactItems=list(actions))
                        return
                    except ClientError as error:
                        if error_code(error) not in ("TransactionCanceledException", "TransactionInProgressException"):
                            raise
                        reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
                        if "ConditionalCheckFailed" in reasons:
                            raise TransactionRefused(f"An item in {self.name} has changed.", reasons) from error
            except TransactionRefused:
                raise
            self.back_off(attempt)
        raise StorageUnavailable(f"DynamoDB kept refusing a transaction on {self.name}.")

    def _write_many(self, requests: list[dict[str, Any]]) -> None:
        for start in range(0, len(requests), _WRITE_ITEMS):
            waiting = {self.name: requests[start : start + _WRITE_ITEMS]}
            for attempt in range(_ATTEMPTS):
                with translated("DynamoDB BatchWriteItem"):
                    answer = self.client.batch_write_item(RequestItems=waiting)
                waiting = answer.get("UnprocessedItems") or {}
                if not waiting:
                    break
                self.back_off(attempt)
            else:
                raise StorageUnavailable(f"DynamoDB kept throttling writes to {self.name}.")

    def _pages(self, operation: str, what: str, expressions: Mapping[str, Any]) -> Iterator[Item]:
        request = {"TableName": self.name, **expressions}
        while True:
            with translated(what):
                answer = getattr(self.client, operation)(**request)
            for stored in answer.get("Items", []):
                yield plain(stored)
            if not answer.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def back_off(self, attempt: int) -> None:
        """Wait before another attempt, the first being 0: with full jitter, and two seconds at most.

        Amazon Builders' Library, "Timeouts, retries, and backoff with jitter".
        """
        self._sleep(uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311
