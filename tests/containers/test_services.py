"""`deploy_services` applied to the emulator: the API behind a load balancer, and Chroma, as ECS tasks in containers.

The steps are those of `make deploy`, and its smoke test is the test. What the emulator lacks of AWS is stood in for
here, and named in docs/emulator.md.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from portfolio_rag.local.isolation import free_ports
from tests.containers.live import ROOT, docker, eventually

pytestmark = pytest.mark.containers

_AWS = ROOT / "scripts" / "aws"
_OWN = Path(__file__).parent
_CHROMA_HOST = "chroma.portfolio.internal"
_SETTINGS = {
    # The emulator has no application autoscaling, and keeps a deleted secret's name. Its tasks get credentials from
    # an address that AWS's SDK accepts from AWS alone.
    "api_service": {
        "minimum_tasks": 1,
        "maximum_tasks": 1,
        "secret_recovery_days": 0,
        "environment": {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
    },
    "vector_database": {"image": "portfolio/stand-in-chroma:latest"},
}


@dataclass(frozen=True)
class Session:
    """boto3's Session, as far as the smoke test calls it, for the emulator."""

    url: str

    def client(self, name: str) -> Any:
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(name, endpoint_url=self.url, region_name="us-east-1", **credentials)


@dataclass(frozen=True)
class Services:
    """`network` is the name of the compose project too; `deployment` is scripts/aws's, in a copy of terraform/."""

    network: str
    url: str
    deployment: Any

    def task(self, name: str) -> str | None:
        """The running container of a task."""
        labels = (f"label=com.amazonaws.ecs.container-name={name}", f"network={self.network}")
        found = docker("ps", "--quiet", "--no-trunc", "--filter", labels[0], "--filter", labels[1])
        return found.strip() or None


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Everything applied, with the API's key in its secret."""
    [port] = free_ports(1)
    project = f"portfolio-ecs-{os.getpid()}"
    files = ("docker-compose.yml", "tests/containers/compose.override.yml", "tests/containers/services.override.yml")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_", "TF_VAR_"))},
        "COMPOSE_PROJECT_NAME": project,
        "COMPOSE_FILE": ":".join(str(ROOT / name) for name in files),
        "PORTFOLIO_NETWORK": project,
        "EMULATOR_PORT": str(port),
    }
    with ExitStack() as cleanup:
        monkeypatch = cleanup.enter_context(pytest.MonkeyPatch.context())
        for path in (_AWS, ROOT / "scripts" / "containers"):
            monkeypatch.syspath_prepend(path)
        for name, value in _SETTINGS.items():
            monkeypatch.setenv(f"TF_VAR_{name}", json.dumps(value))
        from deploy import FIRST
        from deployment import Deployment
        from docker_cli import compose_command

        cleanup.callback(_remove, compose_command(), environment, project)
        subprocess.run([*compose_command(), "up", "--detach", "emulator"], cwd=ROOT, env=environment, check=True)
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(url), "the emulator answers", timeout=60)
        folder = tmp_path_factory.mktemp("services")
        deployment = Deployment.emulated(folder / "terraform", url)
        # The emulator mounts the folder of its own machine, whatever volume of EBS would be mounted there.
        disk = f'locals {{\n  mount = "{folder / "chroma"}"\n}}\n'
        (deployment.folder / "modules" / "vector_database" / "disk_override.tf").write_text(disk)
        deployment.init()
        deployment.apply("-parallelism=30", *(f"-target={name}" for name in FIRST))
        _write_key(url, deployment.output("api_secret_names")["API_KEY"])
        deployment.apply("-parallelism=30")
        yield Services(project, url, deployment)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/_ministack/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _write_key(url: str, name: str) -> None:
    Session(url).client("secretsmanager").put_secret_value(SecretId=name, SecretString="a-key-of-this-test")


def _remove(compose: list[str], environment: dict[str, str], network: str) -> None:
    """First the emulator, which otherwise starts tasks and functions anew; then these, which hold the network."""
    subprocess.run([*compose, "stop", "emulator"], cwd=ROOT, env=environment, check=True)
    left = docker("ps", "--all", "--quiet", "--filter", f"network={network}", "--filter", "label=ministack").split()
    if left:
        docker("rm", "--force", "--volumes", *left)
    subprocess.run([*compose, "down", "--volumes", "--remove-orphans"], cwd=ROOT, env=environment, check=True)


def _give_name(services: Services, container: str) -> None:
    """What Cloud Map does on AWS: the name leads to Chroma's task."""
    docker("network", "disconnect", services.network, container)
    docker("network", "connect", "--alias", _CHROMA_HOST, services.network, container)


def test_a_document_goes_through_and_is_answered_from_through_the_load_balancer(services: Services) -> None:
    from smoke import smoke_test

    assert eventually(lambda: services.task("api"), "the task of the API runs", timeout=120)
    _give_name(services, eventually(lambda: services.task("chroma"), "the task of Chroma runs", timeout=120))
    smoke_test(Session(services.url), services.deployment, f"{services.url}/_alb/portfolio-api", "a-key-of-this-test")


def test_a_second_plan_is_empty(services: Services) -> None:
    assert not services.deployment.plan()
