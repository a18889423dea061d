"""One local stack for all end-to-end tests: what `rag up` starts, on free ports, with a home of its own.

A stack that the developer has running is left alone, and so are `.env` and whatever the shell has set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.isolation import isolated_environment
from portfolio_rag.local.stack import Stack
from portfolio_rag.settings.environment import Settings
from tests.e2e.live import LiveStack

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def stack() -> Iterator[LiveStack]:
    """The running stack, the sample corpus ingested."""
    home = _ROOT / ".portfolio" / "e2e" / str(os.getpid())
    environment = isolated_environment(home, model_dir=_ROOT / ".portfolio" / "model")
    environment["ENFORCE_IAM"] = "true"
    config = StackConfig.load(environment, project=_ROOT)
    running = Stack(config)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, home, ignore_errors=True)
        cleanup.callback(_keep_logs, config)
        cleanup.callback(running.down)
        running.up(RichReporter(Console()))
        settings = Settings.from_env(config.child_environment())
        api = cleanup.enter_context(httpx.Client(base_url=config.api_url, timeout=60, trust_env=False))
        clients = aws_clients(config)
        yield LiveStack(config, settings, clients, api, environment | config.child_environment())
        for client in clients._clients.values():
            client.close()


def _keep_logs(config: StackConfig) -> None:
    """The logs of the last run stay: `.portfolio/e2e/logs`."""
    kept = config.home.parent / "logs"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(config.logs_dir, kept, dirs_exist_ok=True)
