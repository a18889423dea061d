"""DynamoDB: items, conditions, transactions, global secondary indexes with lag, and the service's limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from .expressions import Expression, InvalidExpression, Item, plain

MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_ACTIONS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_BATCH_GET = 100
MAX_BATCH_WRITE = 25

MAX_LAG = timedelta(minutes=1)
"""Of an index behind its table: "typically within a fraction of a second" in the service's words, an hour of which is
no use to anybody; what relies on a bound waits several times as long (pipeline/maintenance/reconciler.py)."""

Key = tuple[Any, ...]


@dataclass
class TableModel:
    """`keys`: partition and (perhaps) sort key. `indexes`: name -> (partition key, sort key)."""

    keys: tuple[str, ...]
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    items: dict[Key, Item] = field(default_factory=dict)
    unseen: list[tuple[datetime, Key, Item | None]] = field(default_factory=list)
    """Writes that the indexes do not show yet, oldest first, with their time."""
    shown: dict[Key, Item] = field(default_factory=dict)
    heads: list[tuple[datetime, str, int]] = field(default_factory=list)
    """Each write of a document's head: when, of which document, and which version answers from then on."""

    def key_of(self, item: Mapping[str, Any]) -> Key:
        return tuple(plain(item[name]) for name in self.keys)

    def write(self, key: Key, item: Item | None, now: datetime) -> None:
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item
            if "live_version" in item:
                self.heads.append((now, item["document_id"]["S"], int(item["live_version"]["N"])))
        if self.indexes:
            self.unseen.append((now, key, item))

    def propagate(self, keep: int, now: datetime) -> None:
        """Let the indexes catch up, all but the last `keep` writes, of which none is older than MAX_LAG."""
        while len(self.unseen) > keep or (self.unseen and self.unseen[0][0] < now - MAX_LAG):
            _, key, item = self.unseen.pop(0)
            if item is None:
                self.shown.pop(key, None)
            else:
                self.shown[key] = item


def pipeline_tables() -> dict[str, TableModel]:
    """The tables of this project."""
    return {
        "document_registry": TableModel(
            ("document_id", "version"), {"status-upload_timestamp-index": ("status", "upload_timestamp")}
        ),
        "embedding_chunks": TableModel(
            ("chunk_id", "document_id"), {"document_id-chunk_index-index": ("document_id", "chunk_index")}
        ),
        "ingestion_jobs": TableModel(("job_id",), {"status-started_at-index": ("status", "started_at")}),
        "embedding_vectors": TableModel(("vector_id",)),
        "conversations": TableModel(("conversation_id",)),
        "answers": TableModel(
            ("answer_id",),
            {"outcome-asked_at-index": ("outcome", "asked_at"), "rating-rated_at-index": ("rating", "rated_at")},
        ),
        "api_keys": TableModel(("key_id",)),
    }


class DynamoModel:
    """The methods of boto3's DynamoDB client that this project calls. `lag` says how many writes an index misses."""

    def __init__(
        self,
        tables: dict[str, TableModel],
        now: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC),
        *,
        lag: Callable[[], int] = lambda: 0,
        page_size: int = 1000,
    ) -> None:
        self.tables = tables
        self._now = now
        self._lag = lag
        self._page_size = page_size

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        table = self.tables[TableName]
        item = table.items.get(table.key_of(Key))
        return {"Item": _copy(item)} if item is not None else {}

    def put_item(self, *, TableName: str, Item: Item, **conditions: Any) -> dict[str, Any]:
        table = self.tables[TableName]
        key = table.key_of(Item)
        self._check(conditions, table.items.get(key))
        _limit_item(Item)
        table.write(key, _copy(Item), self._now())
        return {}

    def update_item(
        self, *, TableName: str, Key: Item, UpdateExpression: str, ReturnValues: str = "NONE", **conditions: Any
    ) -> dict[str, Any]:
        table = self.tables[TableName]
        key = table.key_of(Key)
        updated = self._updated(table.items.get(key), Key, UpdateExpression, conditions)
        table.write(key, updated, self._now())
        return {"Attributes": _copy(updated)} if ReturnValues == "ALL_NEW" else {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        responses: dict[str, list[Item]] = {}
        if sum(len(request["Keys"]) for request in RequestItems.values()) > MAX_BATCH_GET:
            raise _invalid("BatchGetItem takes at most 100 keys")
        for name, request in RequestItems.items():
            table = self.tables[name]
            keys = [table.key_of(key) for key in request["Keys"]]
            if not keys or len(set(keys)) != len(keys):
                raise _invalid("BatchGetItem takes different keys, one at least")
            responses[name] = [_projected(table.items[key], request) for key in keys if key in table.items]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        for name, requests in RequestItems.items():
            table = self.tables[name]
            keys = [table.key_of(_request_key(table, request)) for request in requests]
            if not 1 <= len(keys) <= MAX_BATCH_WRITE or len(set(keys)) != len(keys):
                raise _invalid("BatchWriteItem takes 1 to 25 requests on different items")
            for key, request in zip(keys, requests, strict=True):
                if "PutRequest" in request:
                    _limit_item(request["PutRequest"]["Item"])
                    table.write(key, _copy(request["PutRequest"]["Item"]), self._now())
                elif key in table.items:
                    table.write(key, None, self._now())
        return {"UnprocessedItems": {}}

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """All or nothing; cancellation reasons in order, as the service gives them."""
        if len(TransactItems) > MAX_TRANSACTION_ACTIONS:
            raise _invalid("a transaction takes at most 100 actions")
        if len(json.dumps(list(TransactItems), ensure_ascii=False).encode()) > MAX_TRANSACTION_BYTES:
            raise _invalid("a transaction holds at most 4 MB")
        writes: list[tuple[TableModel, Key, Item | None, bool]] = []
        reasons: list[str] = []
        for entry in TransactItems:
            ((kind, action),) = entry.items()
            table = self.tables[action["TableName"]]
            key = table.key_of(action["Item"] if kind == "Put" else action["Key"])
            if any(other is table and target == key for other, target, _, _ in writes):
                raise _invalid("Transaction request cannot include multiple operations on one item")
            current = table.items.get(key)
            try:
                writes.append((table, key, *self._transacted(kind, action, current)))
                reasons.append("None")
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                writes.append((table, key, None, False))
                reasons.append("ConditionalCheckFailed")
        if any(reason != "None" for reason in reasons):
            raise ClientError(
                {
                    "Error": {"Code": "TransactionCanceledException", "Message": f"Transaction cancelled {reasons}"},
                    "CancellationReasons": [{"Code": reason} for reason in reasons],
                },
                "TransactWriteItems",
            )
        for table, key, item, changes in writes:
            if changes:
                table.write(key, item, self._now())
        return {}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        IndexName: str | None = None,
        ScanIndexForward: bool = True,
        **options: Any,
    ) -> dict[str, Any]:
        table = self.tables[TableName]
        if IndexName is None:
            items = list(table.items.values())
            order: tuple[str, ...] = table.keys
        else:
            if options.get("ConsistentRead"):
                raise _invalid("Consistent reads are not supported on global secondary indexes")
            table.propagate(self._lag(), self._now())
            order = table.indexes[IndexName]
            items = [item for item in table.shown.values() if all(name in item for name in order)]
        condition = self._expression(KeyConditionExpression, options)
        matching = [item for item in items if condition.holds(item)]
        matching.sort(key=lambda item: (plain(item[order[-1]]), table.key_of(item)), reverse=not ScanIndexForward)
        return self._page(table, matching, (*order, *table.keys), options, {*condition.used})

    def scan(self, *, TableName: str, **options: Any) -> dict[str, Any]:
        table = self.tables[TableName]
        items = [table.items[key] for key in sorted(table.items, key=str)]
        if start := options.pop("ExclusiveStartKey", None):
            # Where the last page ended, whether or not that item is there yet.
            items = [item for item in items if str(table.key_of(item)) > str(table.key_of(start))]
        return self._page(table, items, table.keys, options, set())

    # --- inside

    def _page(
        self, table: TableModel, items: list[Item], names: Iterable[str], options: Mapping[str, Any], used: set[str]
    ) -> dict[str, Any]:
        start = options.get("ExclusiveStartKey")
        if start is not None:
            keys = [table.key_of(item) for item in items]
            at = table.key_of(start)
            items = items[keys.index(at) + 1 :] if at in keys else []
        limit = min(options.get("Limit", self._page_size), self._page_size)
        page, rest = items[:limit], items[limit:]
        answer: dict[str, Any] = {}
        if rest or (page and "Limit" in options and len(page) == limit):
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in dict.fromkeys(names)}
        if "FilterExpression" in options:
            condition = self._expression(options["FilterExpression"], options)
            page = [item for item in page if condition.holds(item)]
            used |= condition.used
        if items:
            _refuse_unused(options, used)
        answer["Count"] = len(page)
        if options.get("Select") != "COUNT":
            answer["Items"] = _copy(page)
        return answer

    def _transacted(self, kind: str, action: Mapping[str, Any], current: Item | None) -> tuple[Item | None, bool]:
        """The item after the action, and whether the action writes."""
        if kind == "Update":
            return self._updated(current, action["Key"], action["UpdateExpression"], action), True
        self._check(action, current)
        if kind == "Put":
            _limit_item(action["Item"])
            return _copy(action["Item"]), True
        return None, kind == "Delete"

    def _updated(self, current: Item | None, key: Item, update: str, options: Mapping[str, Any]) -> Item:
        used = self._check(options, current, final=False)
        expression = self._expression(update, options)
        try:
            updated = expression.apply(_copy(current) if current is not None else _copy(dict(key)))
        except InvalidExpression as error:
            raise _invalid(str(error)) from error
        _refuse_unused(options, used | expression.used)
        _limit_item(updated)
        return updated

    def _check(self, options: Mapping[str, Any], current: Item | None, *, final: bool = True) -> set[str]:
        """Raise unless the condition holds; returns the names and values that it used."""
        if "ConditionExpression" not in options:
            return set()
        condition = self._expression(options["ConditionExpression"], options)
        try:
            holds = condition.holds(current or {})
        except InvalidExpression as error:
            raise _invalid(str(error)) from error
        if final:
            _refuse_unused(options, condition.used)
        if not holds:
            raise _error("ConditionalCheckFailedException", "The conditional request failed")
        return condition.used

    def _expression(self, text: str, options: Mapping[str, Any]) -> Expression:
        return Expression(
            text, options.get("ExpressionAttributeNames", {}), options.get("ExpressionAttributeValues", {})
        )


def _copy(content: Any) -> Any:
    """A deep copy of an item in the service's notation, several times as fast as deepcopy."""
    if isinstance(content, dict):
        return {name: _copy(inner) for name, inner in content.items()}
    if isinstance(content, list):
        return [_copy(inner) for inner in content]
    return content


def _refuse_unused(options: Mapping[str, Any], used: set[str]) -> None:
    given = {*options.get("ExpressionAttributeNames", {}), *options.get("ExpressionAttributeValues", {})}
    if unused := given - used:
        raise _invalid(f"unused in expressions: {sorted(unused)}")


def _projected(item: Item, request: Mapping[str, Any]) -> Item:
    if "ProjectionExpression" in request:
        names = request.get("ExpressionAttributeNames", {})
        wanted = [part.strip() for part in request["ProjectionExpression"].split(",")]
        item = {name: item[name] for part in wanted if (name := names.get(part, part)) in item}
    copied: Item = _copy(item)
    return copied


def _request_key(table: TableModel, request: Mapping[str, Any]) -> Item:
    source = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return {name: source[name] for name in table.keys}


def _limit_item(item: Item) -> None:
    if len(json.dumps(item, ensure_ascii=False).encode()) > MAX_ITEM_BYTES:
        raise _invalid("Item size has exceeded the maximum allowed size")


def _invalid(message: str) -> ClientError:
    return _error("ValidationException", message)


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DynamoDB")
