"""The table of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.answers import ConversationTurn


class ConversationStore(Protocol):
    """`conversations`."""

    def get(self, conversation_id: str) -> StoredConversation: ...

    def put(
        self, conversation_id: str, seen: StoredConversation, turns: Sequence[ConversationTurn], expires_at: int
    ) -> None:
        """Replace the turns. Raises ConditionFailed when they are no longer as `seen`."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """Oldest turn first; `revision` counts the writes, 0 for a conversation that is not stored."""

    turns: tuple[ConversationTurn, ...] = ()
    revision: int = 0
    expires_at: int = 0
