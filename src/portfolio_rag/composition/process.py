"""The composition root: the only place that builds clients and wires use cases. Nothing is built at import time.

`Container` builds each part when it is first asked for, so that a light function never imports the model, and a warm
invocation reuses all that the first one built.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.aws.cloudwatch import CloudWatchMetrics
from portfolio_rag.adapters.aws.lambda_launcher import LambdaJobLauncher
from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.dynamodb.chunk_store import DynamoChunkStore
from portfolio_rag.adapters.dynamodb.conversation_store import DynamoConversationStore
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.adapters.dynamodb.vector_index import DynamoVectorIndex
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.adapters.process.json_logs import configure_logging
from portfolio_rag.adapters.process.threads import Threads
from portfolio_rag.answering.retrieval.fair_semaphore import Turns
from portfolio_rag.domain.object_keys import INCOMING
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.documents.purge import Purge
from portfolio_rag.pipeline.documents.staging import Staging
from portfolio_rag.pipeline.documents.vector_backup import VectorBackup
from portfolio_rag.pipeline.ingestion.intake import Intake
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.jobs.report import JobReport
from portfolio_rag.pipeline.jobs.service import Jobs
from portfolio_rag.pipeline.maintenance.abandoned_jobs import Leftovers
from portfolio_rag.pipeline.maintenance.dependency_health import Check, HealthChecks
from portfolio_rag.pipeline.maintenance.full_scan import Verification
from portfolio_rag.pipeline.maintenance.monitor import PipelineMonitor
from portfolio_rag.pipeline.maintenance.reconciler import Reconciler
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.language_model import LanguageModel
from portfolio_rag.ports.runtime import Clock, Parallel
from portfolio_rag.ports.vector_store import VectorStore
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import ConfigSource

if TYPE_CHECKING:
    from portfolio_rag.adapters.dynamodb.live_reads import DynamoLiveReads
    from portfolio_rag.adapters.sqlite.full_text_index import SqliteLexicalIndex
    from portfolio_rag.answering.generation.chat import Chat
    from portfolio_rag.answering.generation.conversations import Conversations
    from portfolio_rag.answering.generation.judge import Judge
    from portfolio_rag.answering.retrieval.full_text_follower import LexicalFollower
    from portfolio_rag.answering.retrieval.search import Retrieval
    from portfolio_rag.pipeline.ingestion.cited_chunks import CitedChunks
    from portfolio_rag.pipeline.ingestion.embedding import Embedding
    from portfolio_rag.pipeline.ingestion.processing import Processing
    from portfolio_rag.pipeline.jobs.runner import BatchReindex


QUESTIONS_A_CPU = 2
"""Questions that compute or search at once, for each CPU: while one waits for Chroma or DynamoDB the other computes.

More only fight over the interpreter's lock: with 64 at once two cores gave half of the answers that they gave with
four, and the event loop came to its turn seconds late (docs/performance.md, the API under load).
"""

SLICE_CHUNKS = 400
"""So many chunks are written and sent before the next are cut: a few seconds' work, and what most documents have."""


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


class Container:
    """Everything, lazily. Heavy imports stand inside the part that needs them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.sleep: Callable[[float], None] = time.sleep
        self.slice_chunks = SLICE_CHUNKS
        self.parallel: Parallel = Threads()
        self._aws = AwsClients(settings)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Container:
        """Raises ConfigurationError."""
        return cls(Settings.from_env(env))

    # --- adapters

    @cached_property
    def store(self) -> S3ObjectStore:
        return S3ObjectStore(self._aws("s3"))

    @cached_property
    def registry(self) -> DynamoDocumentRegistry:
        return DynamoDocumentRegistry(self._table(self.settings.dynamodb_document_table))

    @cached_property
    def chunks(self) -> DynamoChunkStore:
        return DynamoChunkStore(self._table(self.settings.dynamodb_chunks_table), self.settings.dynamodb_document_table)

    @cached_property
    def live_reads(self) -> DynamoLiveReads:
        from portfolio_rag.adapters.dynamodb.live_reads import DynamoLiveReads

        settings = self.settings
        return DynamoLiveReads(
            self._table(settings.dynamodb_document_table), self._table(settings.dynamodb_chunks_table)
        )

    @cached_property
    def jobs(self) -> DynamoJobStore:
        return DynamoJobStore(self._table(self.settings.dynamodb_jobs_table), self.settings.chroma_collection)

    @cached_property
    def vector_index(self) -> DynamoVectorIndex:
        return DynamoVectorIndex(self._table(self.settings.dynamodb_vectors_table))

    @cached_property
    def conversation_store(self) -> DynamoConversationStore:
        return DynamoConversationStore(self._table(self.settings.dynamodb_conversations_table))

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

    @cached_property
    def vectors(self) -> VectorStore:
        from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore

        return ChromaVectorStore(self.settings.chroma_url)

    @cached_property
    def embedder(self) -> Embedder:
        from portfolio_rag.adapters.models.factory import make_embedder

        return make_embedder(self.model_settings)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        from portfolio_rag.adapters.models.factory import make_tokenizer

        return make_tokenizer(self.settings)

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """None without a key: the answers are extractive then."""
        if not self.settings.openai_api_key:
            return None
        from portfolio_rag.adapters.models.openai import OpenAIModel

        return OpenAIModel(
            self.settings.openai_api_key, self.model_settings.gpt_model, base_url=self.settings.openai_base_url
        )

    @cached_property
    def judge(self) -> Judge | None:
        """Only with a key, and when it is asked for."""
        if self.settings.validation_judge != "true" or not self.settings.openai_api_key:
            return None
        from portfolio_rag.adapters.models.openai import OpenAIModel
        from portfolio_rag.answering.generation.judge import JUDGE_SECONDS, Judge

        model = OpenAIModel(
            self.settings.openai_api_key,
            self.model_settings.gpt_model,
            base_url=self.settings.openai_base_url,
            timeout_seconds=JUDGE_SECONDS,
            deadline_seconds=JUDGE_SECONDS,
        )
        return Judge(model)

    @cached_property
    def config(self) -> ConfigSource:
        return ConfigSource(self.store, self.settings)

    @cached_property
    def model_settings(self) -> Settings:
        """The settings with what the model configuration in the config bucket says: it wins over the environment."""
        chosen = self.config.model_config()
        return replace(
            self.settings,
            embedding_model=chosen.embedding_model,
            embedding_backend=chosen.embedding_backend,
            gpt_model=chosen.gpt_model,
        )

    # --- use cases

    @cached_property
    def backup(self) -> VectorBackup:
        return VectorBackup(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def purge(self) -> Purge:
        return Purge(self.chunks, self.vectors, self.backup, self.vector_index, self.jobs, self.staging)

    @cached_property
    def staging(self) -> Staging:
        return Staging(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(self.store, self.registry, self.purge, self.metrics, self.clock)

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.store, self.registry, self.ingestion_queue, self.lifecycle, self.config, self.clock)

    @cached_property
    def reconciler(self) -> Reconciler:
        return Reconciler(
            self.store,
            self.registry,
            self.chunks,
            self.vectors,
            self.backup,
            self.jobs,
            self.intake,
            self.lifecycle,
            self.purge,
            self.staging,
            self.clock,
        )

    @cached_property
    def verification(self) -> Verification:
        return Verification(
            self.reconciler,
            self.store,
            self.registry,
            self.chunks,
            self.vectors,
            self.backup,
            self.vector_index,
            self.jobs,
            self.intake,
            self.purge,
            self.settings.s3_raw_bucket,
        )

    @cached_property
    def redrive(self) -> Redrive:
        return Redrive(self.registry, self.intake, self.lifecycle, self.dead_letter_queues)

    @cached_property
    def leftovers(self) -> Leftovers:
        return Leftovers(self.jobs, self.job_launcher, self.vectors, self.clock, self.settings.chroma_collection)

    @cached_property
    def job_report(self) -> JobReport:
        return JobReport(self.store, self.settings.s3_embeddings_bucket)

    @cached_property
    def processing(self) -> Processing:
        from portfolio_rag.pipeline.ingestion.processing import Processing

        return Processing(
            self.store,
            self.registry,
            self.chunks,
            self.embedding_queue,
            self.ingestion_queue,
            self.staging,
            self.lifecycle,
            self.config,
            self.tokenizer,
            lambda: self.embedder,
            self.clock,
            self.slice_chunks,
        )

    @cached_property
    def embedding(self) -> Embedding:
        from portfolio_rag.pipeline.ingestion.embedding import Embedding

        return Embedding(
            self.registry,
            self.chunks,
            self.jobs,
            self.embedder,
            self.vectors,
            self.backup,
            self.vector_index,
            self.lifecycle,
            self.metrics,
            self.clock,
            self.parallel,
        )

    @cached_property
    def batch_reindex(self) -> BatchReindex:
        from portfolio_rag.pipeline.jobs.ingest import IngestJob
        from portfolio_rag.pipeline.jobs.reindex import Rebuild
        from portfolio_rag.pipeline.jobs.runner import BatchReindex

        ingest = IngestJob(
            self.store,
            self.registry,
            self.intake,
            self.job_report,
            self.clock,
            self.settings.s3_raw_bucket,
            self.sleep,
        )
        rebuild = Rebuild(
            self.registry,
            self.chunks,
            self.jobs,
            self.vectors,
            self.backup,
            self.embedder,
            self.job_report,
            self.clock,
            self.settings.chroma_collection,
            self.sleep,
        )
        return BatchReindex(self.jobs, ingest, rebuild, self.job_launcher, self.clock)

    @cached_property
    def monitor(self) -> PipelineMonitor:
        return PipelineMonitor(
            HealthChecks(self.checks()),
            self.store,
            self.registry,
            self.ingestion_queue,
            [self.ingestion_queue, self.embedding_queue],
            self.dead_letter_queues,
            self.intake,
            self.lifecycle,
            self.reconciler,
            self.redrive,
            self.leftovers,
            self.metrics,
            self.clock,
            self.settings.s3_raw_bucket,
            self.settings.stuck_after_seconds,
        )

    @cached_property
    def documents(self) -> Documents:
        return Documents(
            self.store,
            self.registry,
            self.chunks,
            self.lifecycle,
            self.config,
            self.clock,
            self.settings.s3_raw_bucket,
        )

    @cached_property
    def cited(self) -> CitedChunks:
        from portfolio_rag.pipeline.ingestion.cited_chunks import CitedChunks

        return CitedChunks(
            self.store, self.registry, self.chunks, self.config, self.tokenizer, lambda: self.embedder, self.clock
        )

    @cached_property
    def turns(self) -> Turns:
        return Turns(QUESTIONS_A_CPU * available_cpus())

    @cached_property
    def retrieval(self) -> Retrieval:
        from portfolio_rag.answering.retrieval.search import Retrieval

        copy = self.lexical_index.vectors
        return Retrieval(self.embedder, self.vectors, self.live_reads, self.jobs, self.lexical, copy, self.turns)

    @cached_property
    def lexical(self) -> LexicalFollower:
        """The full-text side of retrieval; empty, and retrieval dense only, until it is started and has caught up."""
        from portfolio_rag.answering.retrieval.full_text_follower import LexicalFollower
        from portfolio_rag.answering.retrieval.vector_follower import VectorFollower

        vectors = VectorFollower(self.lexical_index.vectors, self.vectors, self.jobs)
        return LexicalFollower(self.lexical_index, self.registry, self.chunks, vectors)

    @cached_property
    def lexical_index(self) -> SqliteLexicalIndex:
        from portfolio_rag.adapters.sqlite.full_text_index import SqliteLexicalIndex

        if self.settings.lexical_index_path:
            return SqliteLexicalIndex(self.settings.lexical_index_path)
        folder = Path(tempfile.mkdtemp(prefix="portfolio-rag-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return SqliteLexicalIndex(folder / "lexical.sqlite")

    @cached_property
    def chat(self) -> Chat:
        from portfolio_rag.answering.generation.chat import Chat
        from portfolio_rag.answering.generation.cost import Price

        chosen = self.config.model_config()
        return Chat(
            self.retrieval,
            self.language_model,
            self.embedder,
            temperature=chosen.temperature,
            judge=self.judge,
            prices={model: Price(**price) for model, price in chosen.prices.items()},
            turns=self.turns,
        )

    @cached_property
    def conversations(self) -> Conversations:
        from portfolio_rag.answering.generation.conversations import Conversations

        return Conversations(self.chat, self.conversation_store, self.clock)

    # --- health

    def checks(self) -> dict[str, Check]:
        """What ingestion cannot do without."""
        return {
            "s3": self._check_s3,
            "dynamodb": self._check_dynamodb,
            "sqs": self._check_sqs,
            "chromadb": self._check_chroma,
        }

    def api_checks(self) -> dict[str, Check]:
        return {**self.checks(), "embedding_model": self._check_model, "openai": self._check_openai}

    def _check_s3(self) -> str:
        bucket = self.settings.s3_raw_bucket
        next(self.store.list(bucket, INCOMING), None)
        return f"Bucket {bucket} answers."

    def _check_dynamodb(self) -> str:
        self.registry.head("health")
        return f"Table {self.settings.dynamodb_document_table} answers."

    def _check_sqs(self) -> str:
        depths = {queue.name: queue.depth().visible for queue in (self.ingestion_queue, self.embedding_queue)}
        return ", ".join(f"{name}: {depth} waiting" for name, depth in depths.items())

    def _check_chroma(self) -> str:
        self.vectors.ping()
        live = self.jobs.index_pointer().live
        return f"Collection {live} holds {self.vectors.count(live)} windows."

    def _check_model(self) -> str:
        self.embedder.embed(["health"])
        self.retrieval.check_model(self.jobs.index_pointer().live)
        return f"{self.model_settings.embedding_model}, backend {self.model_settings.embedding_backend}."

    def _check_openai(self) -> str:
        if self.language_model is None:
            return "No OPENAI_API_KEY: answers are extractive."
        return f"Configured for {self.model_settings.gpt_model}; not called, because a call costs money."

    def _table(self, name: str) -> Table:
        return Table(self._aws("dynamodb"), name)


@cache
def function_container() -> Container:
    """The container of a Lambda function's process, built by its first invocation and kept for the warm ones."""
    container = Container.from_env()
    configure_logging(container.settings.log_level)
    return container


@dataclass(frozen=True, slots=True)
class ApiServices:
    """What the routes of the API use."""

    documents: Documents
    cited: CitedChunks
    redrive: Redrive
    jobs: Jobs
    health: HealthChecks
    retrieval: Retrieval
    chat: Chat
    conversations: Conversations
    settings: Settings
    lexical: LexicalFollower | None = None
    """To be started and stopped with the server."""


def build_api(settings: Settings) -> ApiServices:
    """All that the API needs, its model loaded, so that the first question waits for nothing."""
    container = Container(settings)
    container.embedder.embed(["warm up"])
    return ApiServices(
        documents=container.documents,
        cited=container.cited,
        redrive=container.redrive,
        jobs=Jobs(container.jobs, container.job_report, container.job_launcher, container.clock),
        health=HealthChecks(container.api_checks()),
        retrieval=container.retrieval,
        chat=container.chat,
        conversations=container.conversations,
        settings=settings,
        lexical=container.lexical,
    )
