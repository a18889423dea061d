"""Buckets, tables and queues like those of a running stack, which wake none of its functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from bench.stack import RunningStack
from portfolio_rag.settings.environment import Settings

_SUFFIX = "-cold"
_BUCKETS = ("s3_raw_bucket", "s3_embeddings_bucket", "s3_config_bucket")
_TABLES = (
    "dynamodb_document_table",
    "dynamodb_chunks_table",
    "dynamodb_jobs_table",
    "dynamodb_vectors_table",
)
_QUEUES = ("sqs_ingestion_queue", "sqs_embedding_queue", "sqs_dlq", "sqs_embedding_dlq", "sqs_events_dlq")
_SCHEMA = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
_TEXT = (
    "# Queues, part {number}\n\n" + "A queue keeps a message for four days by default, and for fourteen at most. " * 60
)


class OwnResources:
    """Made from the stack's own when entered, removed when left. `variables` point a function at them."""

    def __init__(self, stack: RunningStack) -> None:
        environment = stack.environment
        settings = Settings.from_env(environment)
        named = {name: f"{getattr(settings, name)}{_SUFFIX}" for name in (*_BUCKETS, *_TABLES, *_QUEUES)}
        self._settings, self._names = settings, named
        self.variables = {
            **{name: value for name, value in environment.items() if name.lower() in Settings.__dataclass_fields__},
            **{name.upper(): value for name, value in named.items()},
            "CHROMA_COLLECTION": "cold-starts",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        session = boto3.Session("test", "test", region_name=settings.aws_default_region)
        url = settings.aws_endpoint_url
        self._s3, self._dynamodb, self._sqs = (
            session.client(service, endpoint_url=url) for service in ("s3", "dynamodb", "sqs")
        )

    def __enter__(self) -> OwnResources:
        self._remove()  # what a run that was cut off left
        for name in _BUCKETS:
            self._s3.create_bucket(Bucket=self._names[name])
            self._s3.put_bucket_versioning(Bucket=self._names[name], VersioningConfiguration={"Status": "Enabled"})
        for name in _TABLES:
            described = self._dynamodb.describe_table(TableName=getattr(self._settings, name))["Table"]
            schema = {key: described[key] for key in _SCHEMA if key in described}
            for index in schema.get("GlobalSecondaryIndexes", []):
                for key in set(index) - {"IndexName", "KeySchema", "Projection"}:
                    del index[key]
            self._dynamodb.create_table(TableName=self._names[name], BillingMode="PAY_PER_REQUEST", **schema)
        for name in _QUEUES:
            self._sqs.create_queue(QueueName=self._names[name])
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def uploaded(self, number: int) -> Mapping[str, Any]:
        """A new document in the raw bucket: S3's event of it."""
        bucket, key = self._names["s3_raw_bucket"], f"incoming/cold/{number}.md"
        body = _TEXT.format(number=number).encode()
        answer = self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        there = {"key": key, "size": len(body), "versionId": answer["VersionId"], "sequencer": "1"}
        return {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {"bucket": {"name": bucket}, "object": there},
                }
            ]
        }

    def received(self, queue: str) -> Mapping[str, Any]:
        """What lies in the queue `ingestion` or `embedding`, as Lambda hands it over; raises when nothing does."""
        name = self._names[f"sqs_{queue}_queue"]
        url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        messages = answer.get("Messages", [])
        if not messages:
            raise RuntimeError(f"Nothing came to {name}.")
        for message in messages:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {
            "Records": [
                {
                    "eventSource": "aws:sqs",
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                for message in messages
            ]
        }

    def _remove(self) -> None:
        mine = set(self._names.values())
        for table in mine & set(self._dynamodb.list_tables()["TableNames"]):
            self._dynamodb.delete_table(TableName=table)
        for url in self._sqs.list_queues().get("QueueUrls", []):
            if url.rsplit("/", 1)[-1] in mine:
                self._sqs.delete_queue(QueueUrl=url)
        for bucket in mine & {one["Name"] for one in self._s3.list_buckets()["Buckets"]}:
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                    self._s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            self._s3.delete_bucket(Bucket=bucket)
