"""From a question to an answer: the read path of the API."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.chroma.partitions import PartitionedVectorStore
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.answer_store import DynamoAnswerStore
from portfolio_rag.adapters.dynamodb.conversation_store import DynamoConversationStore
from portfolio_rag.adapters.dynamodb.live_document_reader import DynamoLiveDocumentReader
from portfolio_rag.adapters.models.bedrock import ATTEMPTS, READ_SECONDS, BedrockModel
from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.adapters.process.circuit_breaker import CircuitBreaker, guarded
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.adapters.process.threads import Threads
from portfolio_rag.adapters.sqlite.file import FileInUse
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.answering.feedback.feedback_service import FeedbackService
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.generation.judge import JUDGE_SECONDS, Judge
from portfolio_rag.answering.retrieval.fair_semaphore import FairSemaphore
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.ports.language_model import LanguageModel
from portfolio_rag.ports.vector_store import VectorStore

_log = logging.getLogger(__name__)

QUESTIONS_PER_CPU = 2
"""Questions that compute or search at once, for each CPU: while one waits for Chroma or DynamoDB the other computes.

More only fight over the interpreter's lock: with 64 at once two cores gave half of the answers that they gave with
four, and the event loop came to its turn seconds late (docs/performance.md, the API under load).
"""


SEARCH_SECONDS = 5.0
"""How long a question waits for Chroma: a search of 100,000 windows takes some 10 ms."""

_PARTS_AT_ONCE = 32
"""Collections that are searched side by side, by all questions of the process together, where the index is several."""


class AnsweringParts(ModelParts):
    chroma_api = ClientApi

    @cached_property
    def compute_slots(self) -> FairSemaphore:
        return FairSemaphore(QUESTIONS_PER_CPU * available_cpus())

    # --- retrieval

    @cached_property
    def live_documents(self) -> DynamoLiveDocumentReader:
        settings = self.settings
        return DynamoLiveDocumentReader(
            self._table(settings.dynamodb_document_table),
            self._table(settings.dynamodb_chunks_table),
            self.index_aliases,
        )

    @cached_property
    def full_text_index(self) -> TantivyFullTextIndex:
        """Each process has its own: a second one of the same path, as in a rolling restart, begins a temporary one."""
        index = self._opened_full_text_index()
        if self.settings.search_replica == "words":
            index.replica.forget()
        return index

    def _opened_full_text_index(self) -> TantivyFullTextIndex:
        if self.settings.lexical_index_path:
            try:
                return TantivyFullTextIndex(self.settings.lexical_index_path)
            except FileInUse as error:
                _log.warning("%s This process keeps a full-text index of its own until it ends.", error)
        folder = Path(tempfile.mkdtemp(prefix="portfolio-rag-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return TantivyFullTextIndex(folder / "lexical.sqlite")

    @cached_property
    def full_text_follower(self) -> FullTextFollower | None:
        """The full-text side of a search, which goes by vectors alone until this is started and has caught up.

        None where this process keeps nothing of the index (`SEARCH_REPLICA`).
        """
        vectors: VectorFollower | None = None
        match self.settings.search_replica:
            case "off":
                return None
            case "whole":
                vectors = VectorFollower(self.full_text_index.replica, self.vectors, self.index_aliases)
        return FullTextFollower(self.full_text_index, self.registry, self.chunks, self.clock, vectors)

    @cached_property
    def search_vectors(self) -> VectorStore:
        """For whom somebody waits: a stalled Chroma costs the first questions seconds, and the next ones nothing."""
        store = ChromaVectorStore(
            self.settings.chroma_url, self.chroma_api, timeout=SEARCH_SECONDS, login=self.chroma_login
        )
        return guarded(PartitionedVectorStore(store, Threads(_PARTS_AT_ONCE)), CircuitBreaker("Chroma"))

    @cached_property
    def retrieval(self) -> PassageSearch:
        return PassageSearch(
            self.embedder,
            self.search_vectors,
            self.live_documents,
            self.index_aliases,
            self.full_text_follower,
            # Of words alone it still says whose a window is, and nothing of vectors: it follows no collection.
            self.full_text_index.replica if self.full_text_follower is not None else None,
            self.compute_slots,
            self.config.model_config,
        )

    # --- generation

    def chat_model(self) -> str:
        if self.settings.language_model_provider == "bedrock":
            return self.settings.bedrock_model
        return self.config.model_config().gpt_model

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """None where nobody writes: the answers are extractive then."""
        match self.settings.language_model_provider:
            case "bedrock":
                return BedrockModel(self._bedrock, self.chat_model)
            case "openai":
                settings = self.settings
                return OpenAIModel(settings.openai_api_key, self.chat_model, base_url=settings.openai_base_url)
        return None

    @cached_property
    def judge(self) -> Judge | None:
        """Only with a language model, and when it is asked for."""
        if self.settings.validation_judge != "true" or self.language_model is None:
            return None
        if self.settings.language_model_provider == "bedrock":
            return Judge(self.language_model)
        model = OpenAIModel(
            self.settings.openai_api_key,
            self.chat_model,
            base_url=self.settings.openai_base_url,
            timeout_seconds=JUDGE_SECONDS,
            deadline_seconds=JUDGE_SECONDS,
        )
        return Judge(model)

    @cached_property
    def _bedrock(self) -> Any:
        return self._aws(
            "bedrock-runtime", retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, read_timeout=READ_SECONDS
        )

    @cached_property
    def chat(self) -> Chat:
        return Chat(
            self.retrieval,
            self.language_model,
            self.embedder,
            config=self.config.model_config,
            judge=self.judge,
            compute_slots=self.compute_slots,
            reader=self.reader,
        )

    @cached_property
    def conversation_store(self) -> DynamoConversationStore:
        return DynamoConversationStore(self._table(self.settings.dynamodb_conversations_table))

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.chat, self.conversation_store, self.clock)

    # --- feedback

    @cached_property
    def answer_store(self) -> DynamoAnswerStore:
        return DynamoAnswerStore(self._table(self.settings.dynamodb_answers_table))

    @cached_property
    def answer_log(self) -> AnswerLog:
        return AnswerLog(self.answer_store, self.clock, kept_days=self.settings.answers_kept_days)

    @cached_property
    def feedback(self) -> FeedbackService:
        return FeedbackService(self.answer_store, self.answer_log, self.clock)
