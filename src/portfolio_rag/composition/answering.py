"""From a question to an answer: the read path of the API."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

from portfolio_rag.adapters.dynamodb.conversation_store import DynamoConversationStore
from portfolio_rag.adapters.dynamodb.live_reads import DynamoLiveReads
from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.adapters.sqlite.full_text_index import SqliteLexicalIndex
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.generation.cost import Price
from portfolio_rag.answering.generation.judge import JUDGE_SECONDS, Judge
from portfolio_rag.answering.retrieval.fair_semaphore import Turns
from portfolio_rag.answering.retrieval.full_text_follower import LexicalFollower
from portfolio_rag.answering.retrieval.search import Retrieval
from portfolio_rag.answering.retrieval.vector_follower import VectorFollower
from portfolio_rag.composition.models import ModelParts
from portfolio_rag.ports.language_model import LanguageModel

QUESTIONS_A_CPU = 2
"""Questions that compute or search at once, for each CPU: while one waits for Chroma or DynamoDB the other computes.

More only fight over the interpreter's lock: with 64 at once two cores gave half of the answers that they gave with
four, and the event loop came to its turn seconds late (docs/performance.md, the API under load).
"""


class AnsweringParts(ModelParts):
    @cached_property
    def turns(self) -> Turns:
        return Turns(QUESTIONS_A_CPU * available_cpus())

    # --- retrieval

    @cached_property
    def live_reads(self) -> DynamoLiveReads:
        settings = self.settings
        return DynamoLiveReads(
            self._table(settings.dynamodb_document_table), self._table(settings.dynamodb_chunks_table)
        )

    @cached_property
    def lexical_index(self) -> SqliteLexicalIndex:
        if self.settings.lexical_index_path:
            return SqliteLexicalIndex(self.settings.lexical_index_path)
        folder = Path(tempfile.mkdtemp(prefix="portfolio-rag-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return SqliteLexicalIndex(folder / "lexical.sqlite")

    @cached_property
    def lexical(self) -> LexicalFollower:
        """The full-text side of retrieval; empty, and retrieval dense only, until it is started and has caught up."""
        vectors = VectorFollower(self.lexical_index.vectors, self.vectors, self.jobs)
        return LexicalFollower(self.lexical_index, self.registry, self.chunks, vectors)

    @cached_property
    def retrieval(self) -> Retrieval:
        copy = self.lexical_index.vectors
        return Retrieval(self.embedder, self.vectors, self.live_reads, self.jobs, self.lexical, copy, self.turns)

    # --- generation

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """None without a key: the answers are extractive then."""
        if not self.settings.openai_api_key:
            return None
        return OpenAIModel(
            self.settings.openai_api_key, self.model_settings.gpt_model, base_url=self.settings.openai_base_url
        )

    @cached_property
    def judge(self) -> Judge | None:
        """Only with a key, and when it is asked for."""
        if self.settings.validation_judge != "true" or not self.settings.openai_api_key:
            return None
        model = OpenAIModel(
            self.settings.openai_api_key,
            self.model_settings.gpt_model,
            base_url=self.settings.openai_base_url,
            timeout_seconds=JUDGE_SECONDS,
            deadline_seconds=JUDGE_SECONDS,
        )
        return Judge(model)

    @cached_property
    def chat(self) -> Chat:
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
    def conversation_store(self) -> DynamoConversationStore:
        return DynamoConversationStore(self._table(self.settings.dynamodb_conversations_table))

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.chat, self.conversation_store, self.clock)
