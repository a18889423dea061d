"""The models keep to what the services do: the same expectations against the models and against a real MiniStack."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.local.isolation import free_ports

from .dynamodb import DynamoModel, TableModel
from .s3 import S3Model
from .sqs import QueueModel, SqsModel


@dataclass
class Services:
    """Clients of both kinds; `bucket`, `table` and `queue` exist and are empty."""

    s3: Any
    sqs: Any
    dynamodb: Any
    bucket: str
    table: str
    queue_url: str
    dead_url: str
    pass_time: Callable[[float], None]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    [port] = free_ports(1)
    folder = tmp_path_factory.mktemp("ministack")
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(folder),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], stdout=log, stderr=log, env=environment, cwd=folder
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(f"{address}/_ministack/ready", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=["model", "emulator"])
def services(request: pytest.FixtureRequest) -> Services:
    if request.param == "model":
        return models()
    return emulated(request.getfixturevalue("endpoint"))


def models() -> Services:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]

    def pass_time(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    dead = QueueModel("dead")
    queue = QueueModel("queue", timedelta(seconds=1), 2, dead)
    tables = {"table": TableModel(("id", "n"), {"by-status": ("status", "at")})}
    return Services(
        S3Model(["bucket"], lambda: clock[0]),
        SqsModel([queue, dead], lambda: clock[0]),
        DynamoModel(tables, lambda: clock[0]),
        "bucket",
        "table",
        "sim://queue",
        "sim://dead",
        pass_time,
    )


def emulated(endpoint: str) -> Services:
    def client(name: str) -> Any:
        return boto3.client(
            name,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, proxies={}),
        )

    s3, sqs, dynamodb = client("s3"), client("sqs"), client("dynamodb")
    name = f"contract-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "2"}}'
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1", "RedrivePolicy": policy})["QueueUrl"]
    kinds = [("id", "S"), ("n", "N"), ("status", "S"), ("at", "S")]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in kinds],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return Services(s3, sqs, dynamodb, name, name, queue, dead, time.sleep)


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


# --- S3


def test_every_put_is_a_version_that_stays_readable(services: Services) -> None:
    first = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"one")["VersionId"]
    second = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"two")["VersionId"]
    assert first != second
    assert services.s3.get_object(Bucket=services.bucket, Key="a")["Body"].read() == b"two"
    assert services.s3.get_object(Bucket=services.bucket, Key="a", VersionId=first)["Body"].read() == b"one"
    assert services.s3.head_object(Bucket=services.bucket, Key="a")["VersionId"] == second


def test_a_range_tells_the_whole_length_and_an_empty_object_has_none(services: Services) -> None:
    """What `S3ObjectStore.peek` rests on: one call for the beginning and all that a head would tell."""
    version = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"0123456789")["VersionId"]
    services.s3.put_object(Bucket=services.bucket, Key="empty", Body=b"")
    store = S3ObjectStore(services.s3)
    found = store.peek(ObjectRef(services.bucket, "a"), 4)
    assert found is not None
    assert found[1] == b"0123"
    assert found[0] == store.head(ObjectRef(services.bucket, "a"))
    assert (found[0].size, found[0].ref.version_id) == (10, version)
    assert store.peek(ObjectRef(services.bucket, "a"), 100) == (found[0], b"0123456789")
    assert store.peek(ObjectRef(services.bucket, "missing"), 4) is None
    empty = store.peek(ObjectRef(services.bucket, "empty"), 4)
    assert empty is not None
    assert (empty[0].size, empty[1]) == (0, b"")


def test_a_part_of_an_older_version_is_read(services: Services) -> None:
    """By `peek` for a rollback, by `stream` for a page of a PDF; MiniStack answers with the whole."""
    body = b"0123456789" * 300_000
    version = services.s3.put_object(Bucket=services.bucket, Key="a", Body=body)["VersionId"]
    services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"later")
    store, ref = S3ObjectStore(services.s3), ObjectRef(services.bucket, "a", version)
    found = store.peek(ref, 4)
    assert found is not None
    assert (found[0].size, found[0].ref, found[1]) == (len(body), ref, b"0123")
    last = len(body) - 1
    for part in ((0, 3), (5, 1_048_583), (1_048_577, 2_500_001), (last, last), (0, last)):
        assert b"".join(store.stream(ref, part)) == body[part[0] : part[1] + 1]


def test_a_version_is_hashed_as_it_is_read(services: Services) -> None:
    """What tells an upload that changes nothing: that version's bytes, whatever lies on top of it."""
    body = b"0123456789" * 300_000
    version = services.s3.put_object(Bucket=services.bucket, Key="a", Body=body)["VersionId"]
    services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"later")
    store = S3ObjectStore(services.s3)
    assert store.sha256(ObjectRef(services.bucket, "a", version)) == hashlib.sha256(body).hexdigest()
    with pytest.raises(NotFound):
        store.sha256(ObjectRef(services.bucket, "missing"))


def test_a_copy_keeps_the_etag_and_refuses_an_original_that_has_changed(services: Services) -> None:
    """What `rag sync` from a bucket rests on."""
    services.s3.put_object(Bucket=services.bucket, Key="source/a", Body=b"one")
    [listed] = services.s3.list_objects_v2(Bucket=services.bucket, Prefix="source/")["Contents"]

    def copy(etag: str) -> None:
        services.s3.copy_object(
            Bucket=services.bucket,
            Key="target/a",
            CopySource={"Bucket": services.bucket, "Key": "source/a"},
            CopySourceIfMatch=etag,
            TaggingDirective="REPLACE",
        )

    copy(listed["ETag"])
    [copied] = services.s3.list_objects_v2(Bucket=services.bucket, Prefix="target/")["Contents"]
    assert (copied["ETag"], copied["Size"]) == (listed["ETag"], 3)
    services.s3.put_object(Bucket=services.bucket, Key="source/a", Body=b"two")
    with pytest.raises(ClientError) as refused:
        copy(listed["ETag"])
    assert code_of(refused.value) == "PreconditionFailed"


def test_a_delete_marker_hides_and_keeps(services: Services) -> None:
    version = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"one")["VersionId"]
    marker = services.s3.delete_object(Bucket=services.bucket, Key="a")
    assert marker["DeleteMarker"]
    with pytest.raises(ClientError) as missing:
        services.s3.head_object(Bucket=services.bucket, Key="a")
    assert code_of(missing.value) == "404"
    assert services.s3.get_object(Bucket=services.bucket, Key="a", VersionId=version)["Body"].read() == b"one"
    assert (
        "Contents" not in services.s3.list_objects_v2(Bucket=services.bucket)
        or not (services.s3.list_objects_v2(Bucket=services.bucket)["Contents"])
    )


def test_a_version_deleted_for_good_brings_the_older_one_to_light(services: Services) -> None:
    services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"one")
    second = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"two")["VersionId"]
    services.s3.delete_object(Bucket=services.bucket, Key="a", VersionId=second)
    assert services.s3.get_object(Bucket=services.bucket, Key="a")["Body"].read() == b"one"
    # Deleting what is not there is fine.
    services.s3.delete_object(Bucket=services.bucket, Key="a", VersionId=second)


def test_a_copy_takes_the_version_that_is_named(services: Services) -> None:
    first = services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"one")["VersionId"]
    services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"two")
    source = {"Bucket": services.bucket, "Key": "a", "VersionId": first}
    answer = services.s3.copy_object(
        Bucket=services.bucket, Key="b", CopySource=source, Metadata={"error-code": "X"}, MetadataDirective="REPLACE"
    )
    found = services.s3.head_object(Bucket=services.bucket, Key="b")
    assert (found["VersionId"], found["Metadata"], found["ContentLength"]) == (
        answer["VersionId"],
        {"error-code": "X"},
        3,
    )
    gone = {"Bucket": services.bucket, "Key": "nothing"}
    with pytest.raises(ClientError) as missing:
        services.s3.copy_object(Bucket=services.bucket, Key="c", CopySource=gone)
    assert code_of(missing.value) == "NoSuchKey"


def test_versions_are_listed_newest_first_with_markers_apart(services: Services) -> None:
    ids = [services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"x")["VersionId"] for _ in range(3)]
    services.s3.delete_object(Bucket=services.bucket, Key="a")
    (page,) = services.s3.get_paginator("list_object_versions").paginate(Bucket=services.bucket, Prefix="a")
    assert [version["VersionId"] for version in page["Versions"]] == ids[::-1]
    assert {version["Size"] for version in page["Versions"]} == {1}
    assert len(page["DeleteMarkers"]) == 1
    assert not any(version["IsLatest"] for version in page["Versions"])
    services.s3.put_object(Bucket=services.bucket, Key="a", Body=b"x")
    (page,) = services.s3.get_paginator("list_object_versions").paginate(Bucket=services.bucket, Prefix="a")
    assert [version["IsLatest"] for version in page["Versions"]] == [True, False, False, False]
    assert sorted((version["LastModified"] for version in page["Versions"]), reverse=True) == [
        version["LastModified"] for version in page["Versions"]
    ]


# --- SQS


def send(services: Services, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    answer = services.sqs.send_message_batch(QueueUrl=services.queue_url, Entries=entries)
    assert len(answer["Successful"]) == len(bodies)


def receive(services: Services, url: str, visibility: int = 1) -> list[dict[str, Any]]:
    found = services.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=visibility)
    return list(found.get("Messages", []))


def test_a_received_message_is_hidden_for_its_visibility_timeout(services: Services) -> None:
    send(services, "one", "two")
    first = receive(services, services.queue_url)
    assert sorted(message["Body"] for message in first) == ["one", "two"]
    assert receive(services, services.queue_url) == []
    services.sqs.delete_message(QueueUrl=services.queue_url, ReceiptHandle=first[0]["ReceiptHandle"])
    services.pass_time(1.2)
    assert [message["Body"] for message in receive(services, services.queue_url)] == [first[1]["Body"]]


def test_visibility_zero_gives_a_message_back(services: Services) -> None:
    send(services, "one")
    (message,) = receive(services, services.queue_url, visibility=60)
    services.sqs.change_message_visibility(
        QueueUrl=services.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    assert len(receive(services, services.queue_url)) == 1


def test_depths_count_visible_and_hidden(services: Services) -> None:
    send(services, "one", "two", "three")
    (message, *_) = receive(services, services.queue_url, visibility=60)
    for other in _:
        services.sqs.change_message_visibility(
            QueueUrl=services.queue_url, ReceiptHandle=other["ReceiptHandle"], VisibilityTimeout=0
        )
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = services.sqs.get_queue_attributes(QueueUrl=services.queue_url, AttributeNames=names)
    assert [answer["Attributes"][name] for name in names] == ["2", "1"]
    assert message["Body"]


# --- DynamoDB


def key(id_: str, n: int) -> dict[str, Any]:
    return {"id": {"S": id_}, "n": {"N": str(n)}}


def put(services: Services, id_: str, n: int, **attributes: str) -> None:
    item = {**key(id_, n), **{name: {"S": content} for name, content in attributes.items()}}
    services.dynamodb.put_item(TableName=services.table, Item=item)


def test_a_condition_that_does_not_hold_changes_nothing(services: Services) -> None:
    put(services, "a", 1, status="PENDING", at="1")
    with pytest.raises(ClientError) as refused:
        services.dynamodb.update_item(
            TableName=services.table,
            Key=key("a", 1),
            UpdateExpression="SET #s = :done",
            ConditionExpression="#s IN (:busy, :failed)",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":done": {"S": "DONE"}, ":busy": {"S": "BUSY"}, ":failed": {"S": "FAILED"}},
        )
    assert code_of(refused.value) == "ConditionalCheckFailedException"
    found = services.dynamodb.get_item(TableName=services.table, Key=key("a", 1), ConsistentRead=True)["Item"]
    assert found["status"] == {"S": "PENDING"}


def test_comparisons_with_what_is_not_there_do_not_hold(services: Services) -> None:
    put(services, "a", 1)
    for condition in ("lease < :now", "lease = :now", "lease <> :now AND attribute_exists(lease)"):
        with pytest.raises(ClientError) as refused:
            services.dynamodb.update_item(
                TableName=services.table,
                Key=key("a", 1),
                UpdateExpression="SET lease_owner = :now",
                ConditionExpression=condition,
                ExpressionAttributeValues={":now": {"S": "5"}},
            )
        assert code_of(refused.value) == "ConditionalCheckFailedException"


def test_updates_read_the_item_as_it_was(services: Services) -> None:
    put(services, "a", 1)
    answer = services.dynamodb.update_item(
        TableName=services.table,
        Key=key("a", 1),
        UpdateExpression="SET drives = if_not_exists(drives, :zero) + :one REMOVE nothing ADD tally :two",
        ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}, ":two": {"N": "2"}},
        ReturnValues="ALL_NEW",
    )
    assert (answer["Attributes"]["drives"], answer["Attributes"]["tally"]) == ({"N": "1"}, {"N": "2"})


def test_a_transaction_is_all_or_nothing_and_says_which_action_refused(services: Services) -> None:
    put(services, "a", 1, status="PENDING", at="1")
    update = {
        "Update": {
            "TableName": services.table,
            "Key": key("a", 1),
            "UpdateExpression": "SET #s = :done",
            "ConditionExpression": "#s = :pending",
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": {":done": {"S": "DONE"}, ":pending": {"S": "PENDING"}},
        }
    }
    insert = {
        "Put": {
            "TableName": services.table,
            "Item": key("b", 1),
            "ConditionExpression": "attribute_not_exists(id)",
        }
    }
    check = {
        "ConditionCheck": {
            "TableName": services.table,
            "Key": key("c", 1),
            "ConditionExpression": "attribute_exists(id)",
        }
    }
    with pytest.raises(ClientError) as refused:
        services.dynamodb.transact_write_items(TransactItems=[update, check, insert])
    assert code_of(refused.value) == "TransactionCanceledException"
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed", "None"]
    assert "Item" not in services.dynamodb.get_item(TableName=services.table, Key=key("b", 1))
    services.dynamodb.transact_write_items(TransactItems=[update, insert])
    assert "Item" in services.dynamodb.get_item(TableName=services.table, Key=key("b", 1))


def test_an_index_holds_only_items_with_its_keys_in_order(services: Services) -> None:
    for n in range(5):
        put(services, "a", n, status="DONE", at=f"{n}")
    put(services, "head", 0)
    put(services, "b", 1, status="OTHER", at="9")
    answer = services.dynamodb.query(
        TableName=services.table,
        IndexName="by-status",
        KeyConditionExpression="#s = :done AND #at > :after",
        ExpressionAttributeNames={"#s": "status", "#at": "at"},
        ExpressionAttributeValues={":done": {"S": "DONE"}, ":after": {"S": "1"}},
        ScanIndexForward=False,
    )
    assert [item["n"]["N"] for item in answer["Items"]] == ["4", "3", "2"]
    services.dynamodb.update_item(
        TableName=services.table,
        Key=key("a", 4),
        UpdateExpression="REMOVE #s, #at",
        ExpressionAttributeNames={"#s": "status", "#at": "at"},
    )
    left = services.dynamodb.query(
        TableName=services.table,
        IndexName="by-status",
        KeyConditionExpression="#s = :done",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":done": {"S": "DONE"}},
    )
    assert [item["n"]["N"] for item in left["Items"]] == ["0", "1", "2", "3"]


def test_pages_go_on_from_their_last_key(services: Services) -> None:
    for n in range(5):
        put(services, "a", n)
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = services.dynamodb.query(
            TableName=services.table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": "a"}},
            Limit=2,
            **start,
        )
        found += [item["n"]["N"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("count", [26, 0])
def test_a_batch_of_writes_has_its_limits(services: Services, count: int) -> None:
    requests = [{"PutRequest": {"Item": key("a", n)}} for n in range(count)]
    with pytest.raises((ClientError, Exception)) as refused:
        services.dynamodb.batch_write_item(RequestItems={services.table: requests})
    assert "Validation" in str(refused.value) or "ParamValidation" in type(refused.value).__name__


def test_a_batch_of_reads_takes_the_named_attributes_alone(services: Services) -> None:
    put(services, "a", 1, size="3", colour="red")
    answer = services.dynamodb.batch_get_item(
        RequestItems={
            services.table: {
                "Keys": [key("a", 1)],
                "ConsistentRead": True,
                "ProjectionExpression": "#id, #size, #absent",
                "ExpressionAttributeNames": {"#id": "id", "#size": "size", "#absent": "absent"},
            }
        }
    )
    assert answer["Responses"][services.table] == [{"id": {"S": "a"}, "size": {"S": "3"}}]


def test_a_batch_of_reads_leaves_out_what_is_missing(services: Services) -> None:
    put(services, "a", 1)
    answer = services.dynamodb.batch_get_item(
        RequestItems={services.table: {"Keys": [key("a", 1), key("b", 1)], "ConsistentRead": True}}
    )
    assert [item["id"]["S"] for item in answer["Responses"][services.table]] == ["a"]
    assert not answer.get("UnprocessedKeys")
