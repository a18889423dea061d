"""Tests that need a Docker engine and built images; `.ci/containers` runs them with `-m containers`.

Elsewhere they are skipped: a plain test run never needs an engine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from portfolio_rag.local.isolation import free_ports
from tests.containers.live import ROOT, LiveContainers, docker

_OWN = Path(__file__).parent
_MARKER = "containers"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_MARKER}: needs a Docker engine and built images (run by .ci/containers)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _MARKER in (config.option.markexpr or ""):
        return
    skip = pytest.mark.skip(reason="needs a Docker engine and built images: .ci/containers")
    for item in items:
        if item.path.is_relative_to(_OWN) and item.get_closest_marker(_MARKER):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveContainers]:
    """The compose stack with stand-in images, on free ports, Terraform applied, the sample corpus on its way in."""
    emulator, chroma, api = free_ports(3)
    project = f"portfolio-test-{os.getpid()}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_", "TF_VAR_"))},
        **{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"},
        "COMPOSE_PROJECT_NAME": project,
        "COMPOSE_FILE": f"{ROOT / 'docker-compose.yml'}:{_OWN / 'compose.override.yml'}",
        "PORTFOLIO_HOME": str(tmp_path_factory.mktemp("home")),
        "PORTFOLIO_NETWORK": project,
        "EMULATOR_PORT": str(emulator),
        "CHROMA_PORT": str(chroma),
        "API_PORT": str(api),
        # A message that failed comes back after six times the timeout of its function: short, so that the test that
        # takes Chroma away does not wait for long.
        "TF_VAR_function_settings": '{"embedding-generator": {"timeout_seconds": 25}}',
    }
    command = [sys.executable, str(ROOT / "scripts" / "containers" / "stack.py")]
    with ExitStack() as cleanup:
        cleanup.callback(subprocess.run, [*command, "clean"], env=environment, check=True)
        cleanup.callback(_keep_logs, project)
        subprocess.run([*command, "up", "--no-build"], env=environment, check=True)
        client = cleanup.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{api}", timeout=60, trust_env=False),
        )
        yield LiveContainers(project, environment, client)


def _keep_logs(network: str) -> None:
    """What every container of the run wrote, for whoever reads why a test failed."""
    folder = ROOT / ".portfolio" / "containers-logs"
    folder.mkdir(parents=True, exist_ok=True)
    for name in docker("ps", "--all", "--filter", f"network={network}", "--format", "{{.Names}}").split():
        logs = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=False)
        (folder / f"{name}.log").write_text(logs.stdout + logs.stderr)
