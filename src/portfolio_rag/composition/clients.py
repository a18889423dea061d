"""The stores, queues and services that every part of the pipeline works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Self

from portfolio_rag.adapters.aws.clients import AwsClients, Patience
from portfolio_rag.adapters.aws.cloudwatch import CloudWatchMetrics
from portfolio_rag.adapters.aws.lambda_launcher import LambdaJobLauncher
from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.chroma.api import ChromaWay
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.adapters.chroma.login import Login
from portfolio_rag.adapters.chroma.partitions import PartitionedVectorStore
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.chunk_store import DynamoChunkStore
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.embedding_locations import DynamoEmbeddingLocations
from portfolio_rag.adapters.dynamodb.index_aliases import DynamoIndexAliases
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.adapters.process.threads import Threads, repeating
from portfolio_rag.ports.runtime import Clock, Repeating
from portfolio_rag.ports.vector_store import VectorStore
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import ConfigSource


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


class Clients:
    """What one process has of the outside. Each part is built when it is first asked for, and kept.

    The classes of the other modules of this package add the parts of their entry points to these.
    """

    patience = Patience()
    """With AWS."""

    chroma_api: ChromaWay = HttpApi
    """The way to Chroma: plain requests start fastest, the API and the jobs take Chroma's own client."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.sleep: Callable[[float], None] = time.sleep
        self.repeating: Repeating = repeating
        self._aws = AwsClients(settings, self.patience)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Raises ConfigurationError."""
        return cls(Settings.from_env(env))

    @cached_property
    def store(self) -> S3ObjectStore:
        return S3ObjectStore(self._aws("s3"))

    @cached_property
    def config(self) -> ConfigSource:
        return ConfigSource(self.store, self.settings)

    @cached_property
    def registry(self) -> DynamoDocumentRegistry:
        return DynamoDocumentRegistry(self._table(self.settings.dynamodb_document_table))

    @cached_property
    def chunks(self) -> DynamoChunkStore:
        return DynamoChunkStore(self._table(self.settings.dynamodb_chunks_table), self.settings.dynamodb_document_table)

    @cached_property
    def jobs(self) -> DynamoJobStore:
        return DynamoJobStore(self._table(self.settings.dynamodb_jobs_table))

    @cached_property
    def index_aliases(self) -> DynamoIndexAliases:
        table = self._table(self.settings.dynamodb_jobs_table)
        return DynamoIndexAliases(table, self.jobs, self.settings.chroma_collection)

    @cached_property
    def embedding_locations(self) -> DynamoEmbeddingLocations:
        return DynamoEmbeddingLocations(self._table(self.settings.dynamodb_vectors_table))

    @cached_property
    def vectors(self) -> VectorStore:
        store = ChromaVectorStore(self.settings.chroma_url, self.chroma_api, login=self.chroma_login)
        return PartitionedVectorStore(store, Threads())

    @property
    def chroma_login(self) -> Login:
        settings = self.settings
        return Login(settings.chroma_api_key, settings.chroma_tenant, settings.chroma_database)

    @cached_property
    def ingestion_queue(self) -> SqsQueue:
        return SqsQueue(self._aws("sqs"), self.settings.sqs_ingestion_queue)

    @cached_property
    def embedding_queue(self) -> SqsQueue:
        return SqsQueue(self._aws("sqs"), self.settings.sqs_embedding_queue)

    @cached_property
    def dead_letter_queues(self) -> list[SqsQueue]:
        names = (self.settings.sqs_dlq, self.settings.sqs_embedding_dlq, self.settings.sqs_events_dlq)
        return [SqsQueue(self._aws("sqs"), name) for name in names]

    @cached_property
    def job_launcher(self) -> LambdaJobLauncher:
        return LambdaJobLauncher(self._aws("lambda"), self.settings.reindex_function)

    @cached_property
    def metrics(self) -> CloudWatchMetrics:
        return CloudWatchMetrics(self._aws("cloudwatch"), self.settings.metrics_namespace)

    def _table(self, name: str) -> Table:
        return Table(self._aws("dynamodb"), name)
