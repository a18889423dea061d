"""Conversations: the chat with a memory of its last turns."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.question_rewriting import MAX_TURNS
from portfolio_rag.domain.answers import Answer, AnswerEvent, ConversationTurn, Done
from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.conversation_store import ConversationStore
from portfolio_rag.ports.runtime import Clock

KEPT = timedelta(days=7)
"""For so long after its last turn a conversation can be continued."""

_MAX_ANSWER_CHARACTERS = 2000
_ATTEMPTS = 5


class Conversations:
    def __init__(self, chat: Chat, store: ConversationStore, clock: Clock) -> None:
        self._chat = chat
        self._store = store
        self._clock = clock

    def answer(
        self,
        conversation_id: str,
        question: str,
        *,
        top_k: int | None = None,
        where: Filter | None = None,
        temperature: float | None = None,
        as_of: str | None = None,
    ) -> Answer:
        """As `Chat.answer`, the question understood from the conversation, and the turn remembered.

        An unknown id begins a conversation. Raises DependencyUnavailable when DynamoDB does not answer.
        """
        history = self.history(conversation_id)
        answer = self._chat.answer(
            question, top_k=top_k, where=where, temperature=temperature, history=history, as_of=as_of
        )
        self._remember(conversation_id, question, answer)
        return answer

    def stream(
        self,
        conversation_id: str,
        question: str,
        *,
        top_k: int | None = None,
        where: Filter | None = None,
        temperature: float | None = None,
        as_of: str | None = None,
    ) -> Generator[AnswerEvent, None, None]:
        """As `Chat.stream`; the turn is remembered before the last event."""
        history = self.history(conversation_id)
        events = self._chat.stream(
            question, top_k=top_k, where=where, temperature=temperature, history=history, as_of=as_of
        )
        for event in events:
            if isinstance(event, Done):
                self._remember(conversation_id, question, event.answer)
            yield event

    def history(self, conversation_id: str) -> tuple[ConversationTurn, ...]:
        """The last turns, oldest first."""
        stored = self._store.get(conversation_id)
        # The TTL deletes within days, not at once.
        return stored.turns if stored.expires_at > self._now() else ()

    def _remember(self, conversation_id: str, question: str, answer: Answer) -> None:
        turn = ConversationTurn(question, answer.question or question, answer.text[:_MAX_ANSWER_CHARACTERS])
        for attempt in range(1, _ATTEMPTS + 1):
            seen = self._store.get(conversation_id)
            kept = seen.turns if seen.expires_at > self._now() else ()
            expires_at = self._now() + int(KEPT.total_seconds())
            try:
                self._store.put(conversation_id, seen, [*kept, turn][-MAX_TURNS:], expires_at)
                return
            except ConditionFailed:
                # The same conversation in another window: its turn stays, this one goes behind it.
                if attempt == _ATTEMPTS:
                    raise

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
