"""Keys made, listed and revoked, over the table itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portfolio_rag.access.keyring import ENVIRONMENT, Keyring
from portfolio_rag.adapters.dynamodb.api_key_store import DynamoApiKeyStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.api_keys import Scope, new_secret, same_text, split_written
from portfolio_rag.domain.errors import InvalidRequest, NotFound, StorageUnavailable
from tests.simulation.world import World
from tests.support.api import TestClock


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(world: World) -> DynamoApiKeyStore:
    return DynamoApiKeyStore(Table(world.dynamo, "api_keys"))


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def keyring(store: DynamoApiKeyStore, clock: TestClock) -> Keyring:
    return Keyring(store, clock)


def test_a_key_comes_back_as_it_was_made(keyring: Keyring, store: DynamoApiKeyStore) -> None:
    assert not store.has_any()
    key, written = keyring.create(
        "reports",
        [Scope.READ, Scope.WRITE],
        expires_in_days=30,
        tenant="acme",
        groups=["finance", "board", "finance"],
        requests_per_minute=60,
        tokens_per_day=100_000,
    )
    assert store.get(key.key_id) == key
    assert keyring.list() == [key]
    assert key.groups == ("finance", "board")
    caller = keyring.authenticate(written)
    assert caller is not None
    assert (caller.name, caller.tenant, caller.groups, caller.scopes) == ("reports", "acme", key.groups, key.scopes)


class NoTable:
    """DynamoDB before the Terraform of this version was applied."""

    def get_item(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetItem")

    scan = get_item


def test_without_the_table_nobody_is_let_in_and_nothing_of_the_callers_is_missing() -> None:
    store = DynamoApiKeyStore(Table(NoTable(), "api_keys"))
    with pytest.raises(StorageUnavailable, match="Apply the Terraform"):
        store.has_any()
    with pytest.raises(StorageUnavailable, match="Apply the Terraform"):
        store.get("key-1")


def test_only_a_salted_hash_is_stored(world: World, keyring: Keyring) -> None:
    _, written = keyring.create("one", [Scope.READ])
    _, other = keyring.create("two", [Scope.READ])
    stored = json.dumps(list(world.dynamo.tables["api_keys"].items.values()))
    for text in (written, other):
        parts = split_written(text)
        assert parts is not None
        assert parts[0] in stored
        assert parts[1] not in stored
    first, second = keyring.list()
    assert first.salt != second.salt
    assert first.secret_hash != second.secret_hash


def test_the_same_secret_never_gives_the_same_hash() -> None:
    assert len({new_secret().written for _ in range(100)}) == 100
    assert len({new_secret().salt for _ in range(100)}) == 100


def test_a_secret_opens_with_the_salt_that_it_was_hashed_with_alone(keyring: Keyring) -> None:
    key, written = keyring.create("one", [Scope.READ])
    _, secret = split_written(written) or ("", "")
    assert key.opens_with(secret)
    assert not replace(key, salt="0" * 32).opens_with(secret)


def test_half_a_key_opens_nothing(keyring: Keyring) -> None:
    _, written = keyring.create("one", [Scope.READ])
    _, other = keyring.create("two", [Scope.READ])
    key_id, secret = split_written(written) or ("", "")
    other_id, other_secret = split_written(other) or ("", "")
    for wrong in (
        f"rag_{key_id}_{other_secret}",
        f"rag_{other_id}_{secret}",
        f"rag_{key_id}_{secret[:-1]}",
        f"rag_{key_id}_{secret}x",
        f"rag_{key_id}_",
        written + "\n",
        written.upper(),
        secret,
        key_id,
        "",
        f"usage#{key_id}#2026-01-05",
    ):
        assert keyring.authenticate(wrong) is None, wrong


def test_a_key_is_revoked_by_name_or_id_and_stays_in_the_list(
    keyring: Keyring, store: DynamoApiKeyStore, clock: TestClock
) -> None:
    first, written = keyring.create("one", [Scope.READ])
    second, other = keyring.create("two", [Scope.READ])
    clock.moment += timedelta(hours=1)
    keyring.revoke("one")
    keyring.revoke(second.key_id)
    assert keyring.authenticate(written) is None
    assert keyring.authenticate(other) is None
    assert [key.revoked_at for key in keyring.list()] == [clock.now_iso()] * 2
    with pytest.raises(NotFound):
        keyring.revoke("one")
    # Its name is free again.
    assert keyring.create("one", [Scope.READ])[0].key_id != first.key_id
    assert keyring.is_required()
    for key in (key for key in keyring.list() if key.revoked_at is None):
        keyring.revoke(key.key_id)
    # A server that starts now finds no valid key, and is as closed.
    assert Keyring(store, clock).is_required()


def test_the_key_of_the_environment_is_an_admin_key(store: DynamoApiKeyStore, clock: TestClock) -> None:
    keyring = Keyring(store, clock, "opens")
    assert keyring.is_required()
    assert keyring.authenticate("opens") == ENVIRONMENT
    assert keyring.authenticate("open") is None
    assert keyring.authenticate("") is None
    assert ENVIRONMENT.scopes == {Scope.ADMIN}
    assert not Keyring(store, clock).is_required()
    assert Keyring(store, clock).authenticate("") is None


@pytest.mark.parametrize(
    ("name", "scopes", "options"),
    [
        ("", [Scope.READ], {}),
        ("a\x1b[31m", [Scope.READ], {}),
        ("a" * 129, [Scope.READ], {}),
        ("a", [], {}),
        ("a", [Scope.READ], {"expires_in_days": 0}),
        ("a", [Scope.READ], {"tenant": "a/b"}),
        ("a", [Scope.READ], {"tenant": ".."}),
        ("a", [Scope.READ], {"groups": ["a\nb"]}),
        ("a", [Scope.READ], {"requests_per_minute": 0}),
        ("a", [Scope.READ], {"tokens_per_day": -1}),
        ("a", [Scope.ADMIN], {"tenant": "acme"}),
        ("a", [Scope.ADMIN, Scope.READ], {"groups": ["finance"]}),
    ],
)
def test_what_no_key_can_be(keyring: Keyring, name: str, scopes: list[Scope], options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        keyring.create(name, scopes, **options)
    assert keyring.list() == []


def test_no_two_keys_have_one_name(keyring: Keyring) -> None:
    keyring.create("one", [Scope.READ])
    with pytest.raises(InvalidRequest, match="already"):
        keyring.create("one", [Scope.WRITE])


def test_tokens_are_counted_by_key_and_day(store: DynamoApiKeyStore, world: World) -> None:
    for tokens in (100, 250):
        store.add_tokens("a", "2026-01-05", tokens, remove_at=7)
    store.add_tokens("a", "2026-01-06", 1, remove_at=8)
    assert [store.tokens_used("a", day) for day in ("2026-01-05", "2026-01-06", "2026-01-07")] == [350, 1, 0]
    assert store.tokens_used("b", "2026-01-05") == 0
    assert store.all() == []
    assert not store.has_any()


def test_comparing_takes_whole_texts() -> None:
    assert same_text("ä", "ä")
    assert not same_text("a", "ab")
    assert not same_text("\ud800", "a")
