"""Batches and transactions: partial answers, throttles, conflicts, limits."""

from __future__ import annotations

from decimal import Decimal, Inexact
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError, EndpointConnectionError

from portfolio_rag.adapters.dynamodb.table import Table, TransactionRefused, Wanted, get_many, item, plain, value
from portfolio_rag.domain.chunks import ChunkStatus
from portfolio_rag.domain.errors import ConditionFailed, NotFound, StorageUnavailable


def client_error(code: str, **extra: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **extra}, "Operation")


class Scripted:
    """A client that plays a list of answers for one operation; an exception in it is raised."""

    def __init__(self, operation: str, answers: list[Any]) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answers = answers
        setattr(self, operation, self._call)

    def _call(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def table(operation: str, answers: list[Any]) -> tuple[Table, Scripted]:
    client = Scripted(operation, answers)
    return Table(client, "things", sleep=lambda _: None), client


@pytest.mark.failure(11)
def test_unprocessed_items_are_written_again_until_none_is_left() -> None:
    left = [{"PutRequest": {"Item": {"id": {"S": "b"}}}}]
    things, client = table("batch_write_item", [{"UnprocessedItems": {"things": left}}, {"UnprocessedItems": {}}])
    things.put_many([{"id": "a"}, {"id": "b"}])
    assert len(client.calls[0]["RequestItems"]["things"]) == 2
    assert client.calls[1]["RequestItems"] == {"things": left}


@pytest.mark.failure(11, 12)
def test_writes_that_stay_unprocessed_raise() -> None:
    left = {"UnprocessedItems": {"things": [{"PutRequest": {"Item": {"id": {"S": "a"}}}}]}}
    things, _ = table("batch_write_item", [left] * 20)
    with pytest.raises(StorageUnavailable, match="kept throttling writes"):
        things.put_many([{"id": "a"}])


@pytest.mark.failure(11)
def test_unprocessed_keys_are_read_again() -> None:
    first = {
        "Responses": {"things": [{"id": {"S": "a"}}]},
        "UnprocessedKeys": {"things": {"Keys": [{"id": {"S": "b"}}], "ConsistentRead": True}},
    }
    things, client = table("batch_get_item", [first, {"Responses": {"things": [{"id": {"S": "b"}}]}}])
    assert things.get_many([{"id": "a"}, {"id": "b"}]) == [{"id": "a"}, {"id": "b"}]
    assert client.calls[0]["RequestItems"]["things"]["ConsistentRead"] is True


def test_batches_keep_to_the_services_limits() -> None:
    things, client = table("batch_write_item", [{}] * 3)
    things.put_many({"id": str(n)} for n in range(60))
    assert [len(call["RequestItems"]["things"]) for call in client.calls] == [25, 25, 10]
    things, client = table("batch_get_item", [{}] * 3)
    things.get_many({"id": str(n)} for n in range(250))
    assert [len(call["RequestItems"]["things"]["Keys"]) for call in client.calls] == [100, 100, 50]


def test_tables_are_read_together_within_the_services_limits() -> None:
    client = Scripted("batch_get_item", [{"Responses": {"things": [{"id": {"S": "0"}}]}}, {}])
    things, others = (Table(client, name, sleep=lambda _: None) for name in ("things", "others"))
    ids = [{"id": str(n)} for n in range(70)]
    assert get_many(Wanted(things, ids), Wanted(others, ids, ("id", "size"))) == [[{"id": "0"}], []]
    asked = [call["RequestItems"] for call in client.calls]
    assert [{name: len(of["Keys"]) for name, of in one.items()} for one in asked] == [
        {"things": 70, "others": 30},
        {"others": 40},
    ]
    # SIZE is one of DynamoDB's reserved words.
    assert asked[1]["others"]["ProjectionExpression"] == "#id, #size"
    assert asked[1]["others"]["ExpressionAttributeNames"] == {"#id": "id", "#size": "size"}
    assert all(of["ConsistentRead"] for one in asked for of in one.values())
    assert "ProjectionExpression" not in asked[0]["things"]


@pytest.mark.failure(11)
def test_reads_of_two_tables_that_stay_unprocessed_raise() -> None:
    left = {"UnprocessedKeys": {"others": {"Keys": [{"id": {"S": "a"}}], "ConsistentRead": True}}}
    client = Scripted("batch_get_item", [left] * 20)
    things, others = (Table(client, name, sleep=lambda _: None) for name in ("things", "others"))
    with pytest.raises(StorageUnavailable, match="kept throttling reads of others"):
        get_many(Wanted(things, [{"id": "a"}]), Wanted(others, [{"id": "a"}]))


@pytest.mark.failure(12)
def test_a_conflict_is_tried_again() -> None:
    conflict = client_error("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
    things, client = table("transact_write_items", [conflict, conflict, {}])
    things.transact([{"Put": {}}])
    assert len(client.calls) == 3


def test_a_refused_condition_is_not_tried_again_and_says_which() -> None:
    refused = client_error(
        "TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    )
    things, client = table("transact_write_items", [refused])
    with pytest.raises(TransactionRefused) as caught:
        things.transact([{"Put": {}}, {"Put": {}}])
    assert caught.value.reasons == ["None", "ConditionalCheckFailed"]
    assert len(client.calls) == 1


def test_every_page_of_a_scan_is_read() -> None:
    pages = [{"Items": [{"id": {"S": "a"}}], "LastEvaluatedKey": {"id": {"S": "a"}}}, {"Items": [{"id": {"S": "b"}}]}]
    things, client = table("scan", pages)
    assert list(things.scan()) == [{"id": "a"}, {"id": "b"}]
    assert client.calls[1]["ExclusiveStartKey"] == {"id": {"S": "a"}}


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (client_error("ConditionalCheckFailedException"), ConditionFailed),
        (client_error("ResourceNotFoundException"), NotFound),
        (client_error("ProvisionedThroughputExceededException"), StorageUnavailable),
        (EndpointConnectionError(endpoint_url="http://nowhere"), StorageUnavailable),
    ],
)
def test_errors_are_translated(raised: Exception, expected: type[Exception]) -> None:
    things, _ = table("update_item", [raised])
    with pytest.raises(expected):
        things.update({"id": "a"}, UpdateExpression="SET a = :a")


def test_items_make_a_round_trip() -> None:
    content = {"s": "x", "n": 3, "f": 0.25, "b": True, "l": ["a", 1], "m": {"k": 1.5}}
    assert plain(item({**content, "absent": None})) == content


def test_what_is_written_is_read_back_as_it_was() -> None:
    written = {
        "text": "t",
        "n": 3,
        "share": 2.5,
        "tiny": 1e-9,
        "big": 10**20,
        "off": False,
        "list": [1, [2.5, "x"], {}],
    }
    assert plain(item({**written, "nothing": None, "map": {"deep": {"none": None}}})) == {
        **written,
        "map": {"deep": {"none": None}},
    }
    assert plain({"three": {"N": "3.0"}, "hundred": {"N": "1E+2"}}) == {"three": 3, "hundred": 100}
    with pytest.raises(TypeError, match="SS"):
        plain({"set": {"SS": ["a"]}})


VALUES: list[Any] = [
    *("", "é", "1", ChunkStatus.PENDING),
    *(0, -1, 10**38 - 1, -(10**20), True, False, None),
    *(0.1, -2.0, 1e-7, 123456789.25, Decimal("1.50")),
    *([], [1, "a", [0.5]], (1, ((2, 3),)), {}, {"S": {"N": [None, True]}}, {"set"}, b"bytes"),
]


@pytest.mark.parametrize("plain_value", VALUES, ids=repr)
def test_a_value_is_written_as_boto3_writes_it(plain_value: Any) -> None:
    def decimals(content: Any) -> Any:
        """boto3 takes no float, and no tuple."""
        if isinstance(content, float):
            return Decimal(repr(content))
        if isinstance(content, dict):
            return {name: decimals(inner) for name, inner in content.items()}
        return [decimals(inner) for inner in content] if isinstance(content, (list, tuple)) else content

    assert value(plain_value) == TypeSerializer().serialize(decimals(plain_value))


@pytest.mark.parametrize(
    ("unfit", "error"),
    [(object(), TypeError), (float("nan"), TypeError), ([float("inf")], TypeError), (10**40 + 1, Inexact)],
)
def test_what_dynamodb_does_not_hold_is_refused(unfit: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        value(unfit)
