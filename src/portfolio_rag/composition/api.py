"""The API: all that its routes use, its model loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.access.limits import TokenBudget
from portfolio_rag.adapters.aws.clients import Patience
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.retrieval.full_text_follower import LAG, FullTextFollower
from portfolio_rag.answering.retrieval.load_reporter import LoadReporter
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.composition.health_checks import ingestion_checks
from portfolio_rag.composition.keys import KeyParts
from portfolio_rag.composition.redrive import RedriveParts
from portfolio_rag.domain.access import AccessRules
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.pipeline.documents.comparison import VersionComparison
from portfolio_rag.pipeline.ingestion.chunking import DocumentChunker
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkLookup
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.ingestion.rollback import Rollback
from portfolio_rag.pipeline.jobs.report import JobReport
from portfolio_rag.pipeline.jobs.service import JobService
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks
from portfolio_rag.settings.environment import Settings


class ApiParts(RedriveParts, AnsweringParts, KeyParts):
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
        state = self.full_text_follower.state()
        counted = f"{state.documents} documents, {state.waiting} waiting"
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
    health: HealthChecks
    retrieval: PassageSearch
    chat: Chat
    conversations: Conversations
    keyring: Keyring
    token_budget: TokenBudget
    access_rules: Callable[[], AccessRules]
    settings: Settings
    full_text_follower: FullTextFollower | None = None
    load_reporter: LoadReporter | None = None
    """Both to be started and stopped with the server."""


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
        health=parts.health,
        retrieval=parts.retrieval,
        chat=parts.chat,
        conversations=parts.conversations,
        keyring=parts.keyring,
        token_budget=parts.token_budget,
        access_rules=parts.config.access_rules,
        settings=settings,
        full_text_follower=parts.full_text_follower,
        load_reporter=parts.load_reporter,
    )
