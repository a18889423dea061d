"""The table of API keys, and of what each has used of its rate and its budget."""

from __future__ import annotations

from typing import Protocol

from portfolio_rag.domain.api_keys import ApiKey


class ApiKeyStore(Protocol):
    """`api_keys`. Raises StorageUnavailable when DynamoDB does not answer."""

    def add(self, key: ApiKey) -> None: ...

    def get(self, key_id: str) -> ApiKey | None: ...

    def all(self) -> list[ApiKey]:
        """Every key that was ever made, revoked and expired ones included, oldest first."""

    def has_any(self) -> bool:
        """Whether a key was ever made."""

    def revoke(self, key_id: str, now: str) -> None:
        """Mark it as revoked; the first time stays. Raises NotFound."""

    def tokens_used(self, key_id: str, day: str) -> int:
        """Tokens of the language model that the key has used on that day (`2026-01-05`)."""

    def add_tokens(self, key_id: str, day: str, tokens: int, *, remove_at: int) -> None:
        """Count them. The count may be deleted from `remove_at` (Unix time) on."""

    def take_turn(self, key_id: str, *, now: int, share: int, latest: int, remove_at: int) -> int:
        """Count a request of the key: the moment at which it is free again moves on by `share`, from `now` at least.

        Times are in whole microseconds of Unix time, `remove_at`, from which on the count may be deleted, in seconds.
        Returns the moment as it is after. Raises ConditionFailed where it was later than `latest`.
        """

    def next_turn(self, key_id: str) -> int:
        """The moment at which the key is free again, in microseconds of Unix time; 0 where nothing was counted."""
