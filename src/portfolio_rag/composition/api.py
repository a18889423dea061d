"""The API: all that its routes use, its model loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.access.limits import TokenBudget
from portfolio_rag.adapters.aws.clients import Patience
from portfolio_rag.adapters.aws.cloudwatch import CloudWatchBilledUsage
from portfolio_rag.adapters.dynamodb.usage_store import DynamoUsageStore
from portfolio_rag.answering.answer_durations import AnswerDurations
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.answering.feedback.feedback_service import FeedbackService
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.generation.cost import Price, price_of
from portfolio_rag.answering.retrieval.full_text_follower import LAG, FullTextFollower
from portfolio_rag.answering.retrieval.load_reporter import LoadReporter
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.composition.health_checks import ingestion_checks
from portfolio_rag.composition.keys import KeyParts
from portfolio_rag.composition.operations import Operations, OperationsParts
from portfolio_rag.costs.month import MonthlyCost
from portfolio_rag.costs.usage_recorder import UsageRecorder
from portfolio_rag.domain.access import AccessRules
from portfolio_rag.domain.answers import AnswerMode
from portfolio_rag.domain.cost_lines import FUNCTION_GB
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.pipeline.documents.comparison import VersionComparison
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkLookup
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.ingestion.rollback import Rollback
from portfolio_rag.pipeline.jobs.estimate import JobEstimator
from portfolio_rag.pipeline.jobs.report import JobReport
from portfolio_rag.pipeline.jobs.service import JobService
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks
from portfolio_rag.settings.environment import REPLICA_MODES, Settings


class ApiParts(OperationsParts, KeyParts):
    patience = Patience(connect_seconds=1, read_seconds=2.4, attempts=2)
    """Somebody waits: about 5 seconds for DynamoDB, as for Chroma."""

    @cached_property
    def token_budget(self) -> TokenBudget:
        return TokenBudget(self.api_key_store, self.clock)

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
            self.full_text_follower,
        )

    @cached_property
    def cited(self) -> ChunkLookup:
        return ChunkLookup(
            self.store,
            self.registry,
            self.chunks,
            self.config,
            DocumentChunker(self.tokenizer, lambda: self.embedder),
            self.clock,
        )

    @cached_property
    def usage_recorder(self) -> UsageRecorder:
        return UsageRecorder(self.usage_store, self.clock, self._writer)

    @cached_property
    def monthly_cost(self) -> MonthlyCost:
        return MonthlyCost(
            self.registry,
            self.usage_store,
            self.billed_usage,
            self._price_of,
            self.clock,
            own_chroma=not self.settings.chroma_api_key,
        )

    @cached_property
    def usage_store(self) -> DynamoUsageStore:
        return DynamoUsageStore(self._table(self.settings.dynamodb_keys_table))

    @cached_property
    def billed_usage(self) -> CloudWatchBilledUsage:
        settings = self.settings
        # Every name of a deployment ends alike, and one function is named to the API.
        suffix = settings.reindex_function.removeprefix("batch-reindex")
        memory_gb = {f"{name}{suffix}": gigabytes for name, gigabytes in FUNCTION_GB.items()}
        queues = (settings.sqs_ingestion_queue, settings.sqs_embedding_queue)
        return CloudWatchBilledUsage(self._aws("cloudwatch"), memory_gb, queues)

    def _price_of(self, model: str) -> tuple[float, float] | None:
        return price_of(model, {name: Price(**price) for name, price in self.config.model_config().prices.items()})

    def _writer(self) -> str:
        return AnswerMode.EXTRACTIVE if self.language_model is None else self.chat_model()

    @cached_property
    def comparison(self) -> VersionComparison:
        return VersionComparison(self.registry, self.chunks)

    @cached_property
    def load_reporter(self) -> LoadReporter | None:
        """None unless it is asked for."""
        return LoadReporter(self.compute_slots, self.metrics) if self.settings.publish_load == "true" else None

    @cached_property
    def job_service(self) -> JobService:
        report = JobReport(self.store, self.settings.s3_embeddings_bucket)
        return JobService(self.jobs, report, self.job_launcher, self.clock)

    @cached_property
    def job_estimator(self) -> JobEstimator:
        return JobEstimator(
            self.store,
            self.registry,
            self.backup,
            self.jobs,
            lambda: self.embedder.fingerprint,
            self.settings.s3_raw_bucket,
        )

    @cached_property
    def answer_durations(self) -> AnswerDurations:
        return AnswerDurations(self.metrics)

    @cached_property
    def health(self) -> HealthChecks:
        return HealthChecks(
            {
                **ingestion_checks(self),
                "search_index": self._check_search_index,
                "embedding_model": self._check_model,
                "openai": self._check_openai,
            }
        )

    def _check_search_index(self) -> str:
        """Never a failure: what is not in it yet is found by its vectors."""
        if self.full_text_follower is None:
            return "None here (SEARCH_REPLICA=off): searches go by vectors alone, and filters are Chroma's."
        state = self.full_text_follower.state()
        counted = f"{state.documents} documents, {state.waiting} waiting"
        if self.settings.search_replica != "whole":
            counted += f", {REPLICA_MODES[self.settings.search_replica]}"
        if not state.whole:
            return f"Being built, searches go by vectors alone until then: {counted}."
        if state.behind > LAG:
            return f"Lags {state.behind.total_seconds():.0f} s behind the registry: {counted}."
        return f"{counted}."

    def _check_model(self) -> str:
        self.embedder.embed(["health"])
        self.retrieval.check_model(self.index_aliases.current().live)
        return f"{self.model_settings.embedding_model}, backend {self.model_settings.embedding_backend}."

    def _check_openai(self) -> str:
        if self.language_model is None:
            return "No language model: answers are extractive."
        return f"Configured for {self.chat_model()}; not called, because a call costs money."


@dataclass(frozen=True, slots=True)
class ApiServices:
    """What the routes of the API use."""

    documents: Documents
    cited: ChunkLookup
    redrive: Redrive
    rollback: Rollback
    comparison: VersionComparison
    jobs: JobService
    job_estimator: JobEstimator
    health: HealthChecks
    operations: Operations
    retrieval: PassageSearch
    chat: Chat
    conversations: Conversations
    answer_log: AnswerLog
    """Stopped with the server; it starts itself."""
    answer_durations: AnswerDurations
    feedback: FeedbackService
    keyring: Keyring
    token_budget: TokenBudget
    usage_recorder: UsageRecorder
    monthly_cost: MonthlyCost
    access_rules: Callable[[], AccessRules]
    settings: Settings
    full_text_follower: FullTextFollower | None = None
    load_reporter: LoadReporter | None = None
    """Both to be started and stopped with the server, as the recorder and the durations are."""


def build_api(settings: Settings) -> ApiServices:
    """All that the API needs, its model loaded, so that the first question waits for nothing."""
    parts = ApiParts(settings)
    parts.embedder.embed(["warm up"])
    return ApiServices(
        documents=parts.documents,
        cited=parts.cited,
        redrive=parts.redrive,
        rollback=parts.rollback,
        comparison=parts.comparison,
        jobs=parts.job_service,
        job_estimator=parts.job_estimator,
        health=parts.health,
        operations=parts.operations,
        retrieval=parts.retrieval,
        chat=parts.chat,
        conversations=parts.conversations,
        answer_log=parts.answer_log,
        answer_durations=parts.answer_durations,
        feedback=parts.feedback,
        keyring=parts.keyring,
        token_budget=parts.token_budget,
        usage_recorder=parts.usage_recorder,
        monthly_cost=parts.monthly_cost,
        access_rules=parts.config.access_rules,
        settings=settings,
        full_text_follower=parts.full_text_follower,
        load_reporter=parts.load_reporter,
    )
