"""What `rag keys` prints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.cli import keys
from portfolio_rag.cli.main import app
from portfolio_rag.domain.api_keys import Scope, split_written
from portfolio_rag.domain.errors import InvalidRequest
from tests.support.api import MemoryApiKeys, TestClock


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def keyring(clock: TestClock) -> Keyring:
    return Keyring(MemoryApiKeys(), clock)


@pytest.fixture
def rag(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(keys, "_keyring", lambda on_aws: keyring)
    return CliRunner()


def test_a_key_is_printed_alone_so_that_a_shell_can_take_it(rag: CliRunner, keyring: Keyring) -> None:
    options = ["--scope", "read", "--scope", "write", "--group", "board", "--tenant", "acme", "--expires-in-days", "9"]
    done = rag.invoke(app, ["keys", "create", "reports", *options, "--tokens-per-day", "1000"])
    assert done.exit_code == 0
    assert split_written(done.stdout.strip()) is not None
    assert "shown once" in done.stderr
    caller = keyring.authenticate(done.stdout.strip())
    assert caller is not None
    assert caller.scopes == {Scope.READ, Scope.WRITE}
    assert (caller.groups, caller.tenant) == (("board",), "acme")
    assert caller.tokens_per_day == 1000


def test_a_key_reads_unless_it_is_told_otherwise(rag: CliRunner, keyring: Keyring) -> None:
    rag.invoke(app, ["keys", "create", "reader"])
    assert keyring.list()[0].scopes == {Scope.READ}


def test_the_list_shows_states_and_no_secret(rag: CliRunner, keyring: Keyring, clock: TestClock) -> None:
    assert rag.invoke(app, ["keys", "list"]).stdout.strip() == "No keys."
    keyring.create("ends soon", [Scope.READ], expires_in_days=1)
    keyring.create("ended", [Scope.ADMIN])
    kept, _ = keyring.create("kept", [Scope.WRITE], requests_per_minute=60, tokens_per_day=100_000)
    assert rag.invoke(app, ["keys", "revoke", "ended"]).exit_code == 0
    clock.moment += timedelta(days=2)
    shown = rag.invoke(app, ["keys", "list"]).stdout
    lines = {line.split()[1]: line for line in shown.splitlines()[1:]}
    assert "expired 2026-01-06" in lines["ends"]
    assert "revoked 2026-01-05" in lines["ended"]
    assert "60 requests/min, 100,000 tokens/day" in lines["kept"]
    assert lines["kept"].rstrip().endswith("valid")
    assert kept.salt not in shown
    assert kept.secret_hash not in shown


def test_what_cannot_be_says_why(rag: CliRunner) -> None:
    failed = rag.invoke(app, ["keys", "create", "a", "--scope", "admin", "--tenant", "acme"])
    assert isinstance(failed.exception, InvalidRequest)
    assert rag.invoke(app, ["keys", "create", "a", "--scope", "root"]).exit_code == 2
