"""What a run writes holds no key, and its logs no question: last of these tests, so that all of them have written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from portfolio_rag.local.isolation import free_ports
from portfolio_rag.local.private_files import private_files, write_private
from portfolio_rag.local.stack import Stack
from tests.e2e.live import LiveStack
from tests.support.openai_server import Reply, says, serving, streams

OPENAI_KEY = "sk-canary-4b1e77c0d2"
CLIENT_KEY = "client-canary-93ff10"
WRONG_KEY = "wrong-canary-55aa21"
QUESTION = "How long does Amazon SQS keep a message by default, Zeugma?"
TELLTALES = (OPENAI_KEY, CLIENT_KEY, WRONG_KEY, "Zeugma")

REFUSAL = Reply({"error": {"message": f"Incorrect API key provided: {OPENAI_KEY}", "code": "invalid_api_key"}}, 401)


@contextmanager
def api(stack: LiveStack, openai_url: str, folder: Path) -> Iterator[httpx.Client]:
    """A second API beside the stack's, as the stack starts it, with keys and a language model."""
    [port] = free_ports(1)
    variables = folder / "api-environment.json"
    write_private(variables, json.dumps({"OPENAI_API_KEY": OPENAI_KEY, "API_KEY": CLIENT_KEY}))
    command = [sys.executable, "-m", "portfolio_rag.local.api_server", "--app-dir", str(stack.config.project)]
    environment = stack.config.process_environment() | {
        "OPENAI_BASE_URL": openai_url,
        "LEXICAL_INDEX_PATH": str(folder / "lexical.sqlite"),
        "LOG_LEVEL": "DEBUG",
    }
    with private_files(), (stack.config.logs_dir / "api-with-keys.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--environment", str(variables)],
            env=environment,
            cwd=stack.config.project,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        try:
            while True:
                try:
                    client.get("/api/live").raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None
                    time.sleep(0.2)
            assert OPENAI_KEY not in str(psutil.Process(process.pid).environ())
            yield client
        finally:
            process.terminate()
            process.wait()


def ask_in_every_way(client: httpx.Client) -> list[int]:
    key = {"X-API-Key": CLIENT_KEY}
    completion = {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}]}
    return [
        client.post("/api/search", json={"query": QUESTION}, headers=key).status_code,
        client.post("/api/chat", json={"question": QUESTION}, headers=key).status_code,
        client.post("/api/chat", json={"question": QUESTION, "stream": True}, headers=key).status_code,
        client.post(
            "/v1/chat/completions", json=completion, headers={"Authorization": f"Bearer {CLIENT_KEY}"}
        ).status_code,
        client.post("/api/chat", json={"question": QUESTION}, headers={"X-API-Key": WRONG_KEY}).status_code,
        client.post("/api/chat", content=QUESTION, headers=key).status_code,
    ]


@pytest.fixture(scope="module")
def asked(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Status codes of questions to an API whose model answers, streams, and refuses the key by repeating it."""
    folder = tmp_path_factory.mktemp("api")
    answer = "Amazon SQS keeps a message for four days by default [1]."
    with (
        serving(says(answer), streams(answer), says(answer), REFUSAL) as server,
        api(stack, server.url, folder) as client,
    ):
        return ask_in_every_way(client) + ask_in_every_way(client)


def test_no_log_holds_a_key_or_a_question(stack: LiveStack, asked: list[int]) -> None:
    assert {200, 401} <= set(asked)
    assert any(status >= 500 for status in asked), asked
    logs = [path for path in stack.config.logs_dir.rglob("*") if path.is_file()]
    assert {"api.log", "api-with-keys.log", "emulator.log", "lambda.log", "supervisord.log"} <= {p.name for p in logs}
    for path in logs:
        text = path.read_text(encoding="utf-8", errors="replace")
        for telltale in TELLTALES:
            assert telltale not in text, f"{telltale} in {path.name}"
    # What the refusing server repeated came as far as the log.
    assert "[redacted]" in (stack.config.logs_dir / "api-with-keys.log").read_text()


def test_no_file_of_the_stack_holds_a_key(stack: LiveStack, asked: list[int]) -> None:
    for folder in (stack.config.run_dir, stack.config.terraform_dir, stack.config.state_dir):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                for telltale in (OPENAI_KEY, CLIENT_KEY, WRONG_KEY):
                    assert telltale.encode() not in content, f"{telltale} in {path}"


def test_every_file_of_the_stack_is_for_its_owner_alone(stack: LiveStack) -> None:
    config = stack.config
    # Terraform gives its lock file a mode of its own; nobody else comes into its folder.
    assert config.terraform_dir.stat().st_mode & 0o777 == 0o700
    for folder in (config.run_dir, config.logs_dir, config.state_dir):
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.rglob("*"):
            if path.is_socket() or path.is_symlink():
                continue
            assert path.stat().st_mode & 0o077 == 0, f"{path} {oct(path.stat().st_mode)}"


def test_no_process_but_the_api_has_a_key(stack: LiveStack) -> None:
    """The processes of the stack, their supervisor and the functions' environments carry nothing that steers OpenAI."""
    for info in Stack(stack.config).supervisor.all():
        process = psutil.Process(info.pid)
        for running in (process, *process.parents()[:1], *process.children(recursive=True)):
            if running.pid != os.getpid():
                assert not {"OPENAI_API_KEY", "API_KEY"} & running.environ().keys()
