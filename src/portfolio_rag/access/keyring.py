"""The keys of the API: made, listed, revoked, and told from anything else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from datetime import timedelta

from portfolio_rag.access.limits import RateLimit
from portfolio_rag.domain.api_keys import ApiKey, Caller, Scope, new_secret, same_text, split_written
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.ports.api_key_store import ApiKeyStore
from portfolio_rag.ports.runtime import Clock

CACHE_SECONDS = 10.0
"""So long a key is believed without another look at the table: when it is revoked, it ends within that time."""

MAX_DAYS = 3650
_MAX_CACHED = 10_000

ENVIRONMENT = Caller("environment", "API_KEY", frozenset({Scope.ADMIN}))
"""Who brings the key of the variable API_KEY."""

KEYLESS = Caller("keyless", "keyless", frozenset({Scope.ADMIN}))
"""Whoever calls from this machine while there is no key at all."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,127}")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Keyring:
    """`environment_key` is the value of API_KEY, an admin key; `now` is in seconds from any start.

    `rates` holds each key to its requests a minute.

    `always_required`: nobody is answered without a key, also while there is none.
    """

    def __init__(
        self,
        store: ApiKeyStore,
        clock: Clock,
        environment_key: str = "",
        always_required: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._environment_key = environment_key
        self._now = now
        self._cache: dict[str, tuple[float, ApiKey]] = {}
        self._none_until = 0.0
        self.rates = RateLimit(store, clock)
        self._some = always_required

    def authenticate(self, given: str) -> Caller | None:
        """Who has this key; None for one that is wrong, expired or revoked. Raises StorageUnavailable."""
        if self._environment_key and same_text(given, self._environment_key):
            return ENVIRONMENT
        parts = split_written(given)
        if parts is None:
            return None
        key_id, secret = parts
        key = self._record(key_id)
        if key is None or not key.opens_with(secret) or not key.is_valid(self._clock.now_iso()):
            return None
        return Caller.of(key)

    def is_required(self) -> bool:
        """Whether there is any key: one that was ever made counts, lest a revocation opens what it should close.

        Raises StorageUnavailable.
        """
        if self._environment_key or self._some:
            return True
        if self._now() >= self._none_until:
            self._some = self._store.has_any()
            self._none_until = self._now() + CACHE_SECONDS
        return self._some

    def create(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        expires_in_days: int | None = None,
        tenant: str | None = None,
        groups: Collection[str] = (),
        requests_per_minute: int | None = None,
        tokens_per_day: int | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key, and how it is written: that is nowhere else to be read again. Raises InvalidRequest."""
        _check(name, scopes, expires_in_days, tenant, groups, (requests_per_minute, tokens_per_day))
        if any(key.name == name and key.revoked_at is None for key in self._store.all()):
            raise InvalidRequest(f"There is a key named {name!r} already. Revoke it, or choose another name.")
        secret = new_secret()
        now = self._clock.now()
        key = ApiKey(
            key_id=secret.key_id,
            name=name,
            scopes=frozenset(scopes),
            salt=secret.salt,
            secret_hash=secret.secret_hash,
            created_at=iso(now),
            expires_at=iso(now + timedelta(days=expires_in_days)) if expires_in_days else None,
            tenant=tenant,
            groups=tuple(dict.fromkeys(groups)),
            requests_per_minute=requests_per_minute,
            tokens_per_day=tokens_per_day,
        )
        self._store.add(key)
        return key, secret.written

    def now_iso(self) -> str:
        """The time by which keys expire."""
        return self._clock.now_iso()

    def list(self) -> list[ApiKey]:
        """Every key, oldest first."""
        return self._store.all()

    def revoke(self, id_or_name: str) -> ApiKey:
        """End a key, told by its id or its name. Raises NotFound where none that is not revoked has it."""
        named = [key for key in self._store.all() if id_or_name in (key.key_id, key.name) and key.revoked_at is None]
        if not named:
            raise NotFound(f"There is no key {id_or_name!r} that could be revoked.")
        for key in named:
            self._store.revoke(key.key_id, self._clock.now_iso())
            self._cache.pop(key.key_id, None)
        return named[0]

    def _record(self, key_id: str) -> ApiKey | None:
        cached = self._cache.get(key_id)
        if cached is not None and self._now() < cached[0]:
            return cached[1]
        key = self._store.get(key_id)
        if key is None:
            self._cache.pop(key_id, None)
            return None
        if len(self._cache) >= _MAX_CACHED:
            self._cache.clear()
        self._cache[key_id] = (self._now() + CACHE_SECONDS, key)
        return key


def _check(
    name: str,
    scopes: Collection[Scope],
    expires_in_days: int | None,
    tenant: str | None,
    groups: Collection[str],
    limits: Collection[int | None],
) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequest("A key's name has 1 to 128 letters, digits, spaces and ._@+- after a letter or digit.")
    if not scopes:
        raise InvalidRequest(f"A key needs a scope: {', '.join(Scope)}.")
    if expires_in_days is not None and not 1 <= expires_in_days <= MAX_DAYS:
        raise InvalidRequest(f"A key expires in 1 to {MAX_DAYS} days, or never.")
    if tenant is not None and not _TENANT.fullmatch(tenant):
        raise InvalidRequest("A tenant is a folder's name: 1 to 128 letters, digits and ._-")
    if (tenant is not None or groups) and Scope.ADMIN in scopes:
        raise InvalidRequest("An admin key works with all documents: it has neither a tenant nor groups.")
    if not all(_NAME.fullmatch(group) for group in groups):
        raise InvalidRequest("A group's name has 1 to 128 letters, digits, spaces and ._@+-")
    if any(limit is not None and limit < 1 for limit in limits):
        raise InvalidRequest("A limit is 1 or more; without one there is none.")
