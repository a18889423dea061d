"""What the stack writes is for its owner alone, and the API alone gets the keys."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.private_files import make_private, private_files, remove_secrets, write_private, write_secrets
from portfolio_rag.local.programs import programs
from portfolio_rag.local.supervise import Supervisor

KEY = "sk-of-the-owner"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The widest umask: what is private must be so by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    return StackConfig.load(
        {"PATH": os.environ["PATH"], "OPENAI_API_KEY": KEY, "API_KEY": "of the clients"}, project=tmp_path
    )


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folders_and_files_are_for_their_owner_and_older_ones_become_so(tmp_path: Path) -> None:
    old = tmp_path / "state"
    old.mkdir(mode=0o755)
    make_private(old)
    make_private(tmp_path / "a" / "run")
    assert (mode(old), mode(tmp_path / "a" / "run")) == (0o700, 0o700)
    stale = tmp_path / "stale"
    stale.write_text("readable by all, and longer than what comes")
    write_private(stale, "new")
    assert (mode(stale), stale.read_text()) == (0o600, "new")


def test_a_link_in_the_place_of_a_private_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    write_private(tmp_path / "file", KEY)
    assert (tmp_path / "elsewhere").read_text() == "untouched"


def test_what_is_made_meanwhile_is_private_and_afterwards_as_before(tmp_path: Path) -> None:
    with private_files():
        (tmp_path / "within").write_text("")
    (tmp_path / "after").write_text("")
    assert (mode(tmp_path / "within"), mode(tmp_path / "after")) == (0o600, 0o666)


def test_secrets_are_written_for_the_processes_and_removed(config: StackConfig) -> None:
    make_private(config.run_dir)
    write_secrets(config)
    assert json.loads(config.api_environment_file.read_text()) == {"OPENAI_API_KEY": KEY, "API_KEY": "of the clients"}
    first = config.lambda_secret_file.read_text()
    assert len(first) == 64
    assert (mode(config.api_environment_file), mode(config.lambda_secret_file)) == (0o600, 0o600)
    write_secrets(config)
    assert config.lambda_secret_file.read_text() != first
    remove_secrets(config)
    remove_secrets(config)
    assert list(config.run_dir.iterdir()) == []


def test_only_the_api_is_told_where_the_keys_are(config: StackConfig) -> None:
    assert KEY not in config.process_environment().values()
    assert config.child_environment()["OPENAI_API_KEY"] == KEY
    knows = [
        program.name
        for program in programs(config)
        if str(config.api_environment_file) in (*program.command, *program.environment.values())
    ]
    assert knows == ["api"]
    knows = [
        program.name
        for program in programs(config)
        if str(config.lambda_secret_file) in (*program.command, *program.environment.values())
    ]
    assert knows == ["emulator", "lambda"]


def test_a_supervised_process_has_no_key_and_leaves_private_files(config: StackConfig, tmp_path: Path) -> None:
    import dataclasses

    script = tmp_path / "server.py"
    script.write_text("import sys, time; open(sys.argv[1], 'w').close(); print('up', flush=True); time.sleep(600)")
    made = tmp_path / "made"
    program = dataclasses.replace(
        programs(config)[0], name="server", command=(sys.executable, str(script), str(made)), environment={}
    )
    supervisor = Supervisor(config)
    supervisor.start([program], config.process_environment())
    try:
        supervisor.start_program("server")
        process = psutil.Process(supervisor.info("server").pid)
        daemon = process.parent()
        assert daemon is not None
        for running in (process, daemon):
            assert KEY not in "\0".join(running.environ().values())
            assert "OPENAI_API_KEY" not in running.environ()
        while not (config.logs_dir / "server.log").read_text():
            pass
        assert mode(made) == 0o600
        for folder in (config.run_dir, config.logs_dir, config.state_dir):
            assert mode(folder) == 0o700
            for path in folder.rglob("*"):
                assert mode(path) & 0o077 == 0, path
    finally:
        supervisor.shutdown()


def test_pages_of_the_api_and_of_the_named_origins_may_upload(tmp_path: Path) -> None:
    def origins(**environment: str) -> list[str]:
        return StackConfig.load(environment, project=tmp_path).page_origins()

    own = ["http://127.0.0.1:8100", "http://localhost:8100", "http://[::1]:8100"]
    assert origins(API_PORT="8100") == own
    assert origins(API_PORT="8100", API_CORS_ORIGINS="*") == own
    assert origins(API_PORT="8100", API_CORS_ORIGINS="https://a.example, ") == [*own, "https://a.example"]
