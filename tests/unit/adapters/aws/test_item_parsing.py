"""Items come as DynamoDB writes them, without botocore's walk through its model of each value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import botocore.parsers
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.settings.environment import Settings

# moto's own, about what it imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

KEY = {"id": {"S": "é"}}
ITEM = {
    **KEY,
    "number": {"N": "1.50"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": ""}, {"L": []}]},
    "map": {"M": {"S": {"M": {"N": {"S": "named like a type"}}}}},
}
CALLS: dict[str, dict[str, Any]] = {
    "get_item": {"TableName": "things", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"},
    "batch_get_item": {"RequestItems": {"things": {"Keys": [KEY]}}},
    "query": {
        "TableName": "things",
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": KEY["id"]},
    },
    "scan": {"TableName": "things"},
    "update_item": {
        "TableName": "things",
        "Key": KEY,
        "UpdateExpression": "SET flag = :no",
        "ExpressionAttributeValues": {":no": {"BOOL": False}},
        "ReturnValues": "ALL_NEW",
    },
}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Ours, and one of boto3 as it comes."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        ours, plain = AwsClients(Settings())("dynamodb"), boto3.client("dynamodb", region_name="us-east-1")
        ours.create_table(
            TableName="things",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ours.put_item(TableName="things", Item=ITEM)
        yield ours, plain


@pytest.mark.parametrize("operation", CALLS)
def test_an_answer_is_what_botocore_makes_of_it(operation: str, clients: tuple[Any, Any]) -> None:
    ours, expected = (getattr(client, operation)(**CALLS[operation]) for client in clients)
    assert ours["ResponseMetadata"]["HTTPStatusCode"] == 200
    for answer in (ours, expected):
        del answer["ResponseMetadata"]
    assert ours == expected
    assert "é" in str(ours)


@pytest.mark.parametrize("operation", CALLS)
def test_no_value_is_looked_up_in_the_model(
    operation: str, clients: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def walk(*_: Any) -> None:
        raise AssertionError("botocore went through the values")

    monkeypatch.setattr(botocore.parsers.BaseJSONParser, "_handle_map", walk)
    getattr(clients[0], operation)(**CALLS[operation])
    with pytest.raises(AssertionError, match="went through"):
        getattr(clients[1], operation)(**CALLS[operation])


def test_an_error_is_told_as_ever(clients: tuple[Any, Any]) -> None:
    with pytest.raises(ClientError) as raised:
        clients[0].get_item(TableName="other", Key=KEY)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as raised:
        clients[0].update_item(
            TableName="things",
            Key=KEY,
            UpdateExpression="SET flag = :yes",
            ConditionExpression="flag = :yes",
            ExpressionAttributeValues={":yes": {"BOOL": True}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert raised.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert raised.value.response["Item"]["flag"] == {"BOOL": False}
