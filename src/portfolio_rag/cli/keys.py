"""`rag keys`: make, list and revoke the API's keys, in the table itself: it must work before there is a key."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, neutral
from portfolio_rag.composition.keys import KeyParts
from portfolio_rag.domain.api_keys import ApiKey, Scope
from portfolio_rag.local.config import StackConfig


def create(
    name: str,
    scopes: Sequence[Scope],
    *,
    expires_in_days: int | None,
    tenant: str | None,
    groups: Sequence[str],
    requests_per_minute: int | None,
    tokens_per_day: int | None,
    on_aws: bool,
    as_json: bool = False,
    keyring: Keyring | None = None,
) -> None:
    """Print the new key on standard output, alone, and what to know of it beside. Raises InvalidRequest."""
    key, written = (keyring or _keyring(on_aws)).create(
        name,
        scopes,
        expires_in_days=expires_in_days,
        tenant=tenant,
        groups=groups,
        requests_per_minute=requests_per_minute,
        tokens_per_day=tokens_per_day,
    )
    if as_json:
        print_json(_record(key) | {"key": written})
        return
    print(written)
    Console(stderr=True).print(
        "Keep it now: it is stored nowhere and shown once. From now on every request needs a key (X-API-Key); "
        "`rag` itself sends API_KEY, from the environment or .env."
    )


def show_all(*, on_aws: bool, as_json: bool = False, keyring: Keyring | None = None) -> None:
    """A line for each key that was ever made."""
    parts = keyring or _keyring(on_aws)
    keys = parts.list()
    if as_json:
        print_json({"items": [_record(key) | {"valid": key.is_valid(parts.now_iso())} for key in keys]})
        return
    table = Table(
        Column("Id", no_wrap=True),
        *("Name", "Scopes", "Tenant", "Groups", "Limits", Column("State", overflow="fold")),
        box=None,
    )
    for key in keys:
        table.add_row(
            key.key_id,
            escape(key.name),
            ", ".join(sorted(key.scopes)),
            escape(key.tenant or ""),
            escape(", ".join(key.groups)),
            _limits(key),
            _state(key, parts.now_iso()),
        )
    screen().print(table if keys else "No keys.")


def revoke(id_or_name: str, *, on_aws: bool, as_json: bool = False, keyring: Keyring | None = None) -> None:
    """End a key. Raises NotFound."""
    key = (keyring or _keyring(on_aws)).revoke(id_or_name)
    if as_json:
        print_json(_record(key))
        return
    print(f"{neutral(key.name)} ({key.key_id}) is revoked; running servers notice within 10 seconds.")


def _record(key: ApiKey) -> dict[str, Any]:
    """What may be told of a key: neither its secret nor what that is compared with."""
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "tenant": key.tenant,
        "groups": list(key.groups),
        "requests_per_minute": key.requests_per_minute,
        "tokens_per_day": key.tokens_per_day,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _state(key: ApiKey, now: str) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at[:10]}"
    if key.expires_at is None:
        return "valid"
    return f"valid until {key.expires_at[:10]}" if key.is_valid(now) else f"expired {key.expires_at[:10]}"


def _limits(key: ApiKey) -> str:
    limits = {"requests/min": key.requests_per_minute, "tokens/day": key.tokens_per_day}
    return ", ".join(f"{limit:,} {what}" for what, limit in limits.items() if limit is not None)


def _keyring(on_aws: bool) -> Keyring:
    """Of the local stack; or of the deployment that the environment's credentials and names lead to."""
    return KeyParts.from_env(os.environ if on_aws else StackConfig.load().child_environment()).keyring
