"""How often a key may call, and how many tokens of the language model it may use in a day."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime, timedelta

from portfolio_rag.domain.answers import Usage
from portfolio_rag.domain.api_keys import Caller
from portfolio_rag.domain.errors import ConditionFailed, LimitReached, StorageUnavailable
from portfolio_rag.ports.api_key_store import ApiKeyStore
from portfolio_rag.ports.runtime import Clock

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
"""In microseconds, whole ones: the table adds them up."""

_MAX_REMEMBERED = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_USAGE_KEPT = timedelta(days=35)
"""A month's use of a key can be looked up in the table."""

_log = logging.getLogger(__name__)


class RateLimit:
    """So many requests of a key in any minute, counted in the table: they hold for all processes.

    The generic cell rate algorithm: a moment a key. A minute's requests may come at once, and each of the next has its
    turn when its share of the minute is over. `clock` is that of the processes, which AWS keeps within milliseconds.
    """

    def __init__(self, store: ApiKeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._free_at: dict[str, int] = {}

    def wait_seconds(self, caller: Caller) -> int:
        """0, and the request is counted; or the whole seconds after which one is let through, and it is not.

        Raises StorageUnavailable.
        """
        if caller.requests_per_minute is None:
            return 0
        now, share = _microseconds(self._clock.now()), _MINUTE // caller.requests_per_minute
        latest = now + _MINUTE - share
        # The moment never goes back: who is refused again and again costs the table nothing.
        if (known := self._free_at.get(caller.key_id, 0)) > latest:
            return _whole_seconds(known - latest)
        try:
            free_at = self._store.take_turn(
                caller.key_id, now=now, share=share, latest=latest, remove_at=(now + 2 * _MINUTE) // _SECOND
            )
        except ConditionFailed:
            free_at = self._store.next_turn(caller.key_id)
            self._remember(caller, free_at)
            return _whole_seconds(free_at - latest)
        self._remember(caller, free_at)
        return 0

    def _remember(self, caller: Caller, free_at: int) -> None:
        if len(self._free_at) >= _MAX_REMEMBERED:
            self._free_at.clear()
        self._free_at[caller.key_id] = free_at


class TokenBudget:
    """Tokens of the language model by key and day (UTC), counted in the table: they hold for all processes."""

    def __init__(self, store: ApiKeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def check(self, caller: Caller) -> None:
        """Raises LimitReached when the day's tokens are used up, and StorageUnavailable.

        The question that goes beyond the budget is answered, and the next one is not: what an answer costs is known
        when it is there.
        """
        if caller.tokens_per_day is None:
            return
        now = self._clock.now().astimezone(UTC)
        used = self._store.tokens_used(caller.key_id, _day(now))
        if used >= caller.tokens_per_day:
            raise LimitReached(
                f"The key {caller.name!r} has used {used:,} of its {caller.tokens_per_day:,} tokens today (UTC).",
                retry_after_seconds=math.ceil((_midnight(now) - now).total_seconds()),
            )

    def spend(self, caller: Caller, usage: Usage) -> None:
        """Count what an answer has used. Where the table does not answer, the log says so and the answer stands."""
        tokens = usage.prompt_tokens + usage.completion_tokens
        if caller.tokens_per_day is None or not tokens:
            return
        now = self._clock.now().astimezone(UTC)
        remove_at = int((_midnight(now) + _USAGE_KEPT).timestamp())
        try:
            self._store.add_tokens(caller.key_id, _day(now), tokens, remove_at=remove_at)
        except StorageUnavailable:
            _log.warning("%d tokens of the key %s are not counted.", tokens, caller.key_id, exc_info=True)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _whole_seconds(microseconds: int) -> int:
    return max(math.ceil(microseconds / _SECOND), 1)


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
