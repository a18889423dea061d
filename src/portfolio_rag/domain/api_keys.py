"""API keys: what one is, how it is written, and how a given one is told to be it.

A key reads `rag_<id>_<secret>`. The id finds the record, which holds a salted hash of the secret: a secret of 256
random bits cannot be guessed, so a fast hash is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "rag"
"""What a key begins with, so that scanners of repositories and logs know it."""

_WRITTEN = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
_SECRET_BYTES = 32


class Scope(StrEnum):
    """What a key may do: ask and look; upload, retry and delete; everything, jobs included."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


def permits(held: Collection[Scope], needed: Scope) -> bool:
    """`admin` stands for all; `write` does not stand for `read`, so that a key can be made that only delivers."""
    return needed in held or Scope.ADMIN in held


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The record of a key. Times are as `identifiers.iso` writes them, None where there is none.

    `requests_per_minute` and `tokens_per_day` (of the language model, days in UTC) are None for no limit. `tenant` is
    the first folder of the only documents that the key works with, `groups` are those of the access lists
    (domain/access.py).
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    salt: str
    secret_hash: str
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    tenant: str | None = None
    groups: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None

    def opens_with(self, secret: str) -> bool:
        """Whether this is the key's secret, in the same time for any."""
        return hmac.compare_digest(_hash(self.salt, secret), self.secret_hash)

    def is_valid(self, now: str) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: a key's holder, or whoever needs none."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    tenant: str | None = None
    groups: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None

    @classmethod
    def of(cls, key: ApiKey) -> Caller:
        return cls(
            key_id=key.key_id,
            name=key.name,
            scopes=key.scopes,
            tenant=key.tenant,
            groups=key.groups,
            requests_per_minute=key.requests_per_minute,
            tokens_per_day=key.tokens_per_day,
        )


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What a new key is made of; `written` is shown once and stored nowhere."""

    key_id: str
    salt: str
    secret_hash: str
    written: str


def new_secret() -> NewSecret:
    key_id, salt, secret = secrets.token_hex(6), secrets.token_hex(16), secrets.token_urlsafe(_SECRET_BYTES)
    return NewSecret(key_id, salt, _hash(salt, secret), f"{PREFIX}_{key_id}_{secret}")


def split_written(written: str) -> tuple[str, str] | None:
    """The id and the secret of a key as it is written; None for anything else."""
    match = _WRITTEN.fullmatch(written)
    return (match[1], match[2]) if match else None


def same_text(given: str, expected: str) -> bool:
    """Whether two texts are the same, in a time that tells nothing of either, its length included."""
    return hmac.compare_digest(_digest(given), _digest(expected))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}:{secret}".encode()).hexdigest()
