"""`conversations` behind `ports.ConversationStore`: an item a conversation, which the table's TTL deletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from portfolio_rag.adapters.dynamodb.table import Table, value
from portfolio_rag.domain.answers import ConversationTurn
from portfolio_rag.ports.conversation_store import StoredConversation


class DynamoConversationStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, conversation_id: str) -> StoredConversation:
        stored = self._table.get({"conversation_id": conversation_id})
        if stored is None:
            return StoredConversation()
        turns = tuple(ConversationTurn(**turn) for turn in stored["turns"])
        return StoredConversation(turns, stored["revision"], stored["expires_at"])

    def put(
        self, conversation_id: str, seen: StoredConversation, turns: Sequence[ConversationTurn], expires_at: int
    ) -> None:
        self._table.update(
            {"conversation_id": conversation_id},
            UpdateExpression="SET turns = :turns, revision = :next, expires_at = :expires_at",
            # An item that has expired may be deleted at any time.
            ConditionExpression="attribute_not_exists(conversation_id) OR revision = :seen",
            ExpressionAttributeValues={
                ":turns": value([asdict(turn) for turn in turns]),
                ":next": value(seen.revision + 1),
                ":seen": value(seen.revision),
                ":expires_at": value(expires_at),
            },
        )
