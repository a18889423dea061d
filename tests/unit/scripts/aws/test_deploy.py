"""`make deploy`: what it writes where, and what it waits for, with Chroma here and with Chroma Cloud."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

# moto's own, about what it imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCRIPTS = Path(__file__).parents[4] / "scripts" / "aws"
KEY = "ck-of-the-account"


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    before = set(sys.modules)
    yield importlib.import_module("deploy")
    for name in set(sys.modules) - before:
        if name in ("deploy", "deployment", "quotas", "smoke"):
            del sys.modules[name]


@dataclass
class Terraform:
    """What a deployment says to Terraform and hears of it; its variables are read as they really are."""

    folder: Path
    outputs: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    planned: list[tuple[str, ...]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    variable: Any = None

    def maximum_tasks(self) -> int:
        return 4

    def init(self) -> None:
        self.seen.append("init")

    def plan(self, targets: tuple[str, ...] = ()) -> bool:
        self.planned.append(targets)
        return True

    def apply_plan(self) -> None:
        self.seen.append("secrets" if self.planned[-1] else "everything")

    def output(self, name: str) -> Any:
        return self.outputs[name]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "eu-central-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("TF_VAR_chroma_api_key", raising=False)
    with mock_aws():
        yield boto3.Session()


def secret(account: boto3.Session, name: str) -> str:
    return str(account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def run(
    deploy: ModuleType,
    account: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *,
    cloud: bool = False,
    openai: bool = False,
    environment: dict[str, str] | None = None,
) -> tuple[Terraform, list[str]]:
    """A deployment from an empty account; also the services that it waited for."""
    secrets = {"API_KEY": "portfolio/api-key"} | ({"CHROMA_API_KEY": "portfolio/chroma-api-key"} if cloud else {})
    secrets |= {"OPENAI_API_KEY": "portfolio/openai-api-key"} if openai else {}
    services = {"cluster": "portfolio", "api": "portfolio-api"} | ({} if cloud else {"chroma": "portfolio-chroma"})
    outputs = {"api_secret_names": secrets, "service_names": services, "api_url": "http://rag.example"}
    terraform = Terraform(folder, outputs, environment or {})
    terraform.variable = lambda name: deploy.Deployment.variable(terraform, name)
    waited: list[str] = []
    client = account.client("secretsmanager")
    there = {entry["Name"] for entry in client.list_secrets()["SecretList"]}
    for name in set(secrets.values()) - there:
        client.create_secret(Name=name)
    monkeypatch.setattr(
        deploy, "Deployment", type("Stub", (), {"on_aws": lambda _: terraform, "variable": deploy.Deployment.variable})
    )
    monkeypatch.setattr(deploy, "shortages", lambda session, maximum_tasks: ["Lambda gives ten"])
    monkeypatch.setattr(
        deploy, "smoke_test", lambda session, deployment, url, key: terraform.seen.append(f"smoke {url} {key}")
    )
    monkeypatch.setattr(subprocess, "run", lambda command, **_: terraform.seen.append(" ".join(command)))
    monkeypatch.setattr(deploy, "_session", lambda: Waiting(account, waited))
    deploy.deploy("", ask=False)
    return terraform, waited


class Waiting:
    """The account, in which services are stable as soon as somebody waits for them."""

    def __init__(self, account: boto3.Session, waited: list[str]) -> None:
        self._account = account
        self._waited = waited

    def client(self, service: str) -> Any:
        return self if service == "ecs" else self._account.client(service)

    def get_waiter(self, name: str) -> Any:
        assert name == "services_stable"
        return self

    def wait(self, *, cluster: str, services: list[str]) -> None:
        assert cluster == "portfolio"
        self._waited += services


def chosen(folder: Path, text: str) -> Path:
    (folder / "terraform.tfvars").write_text(f'name_suffix = "acme"\n{text}')
    return folder


@pytest.mark.parametrize("given", ["environment", "file"])
def test_the_key_of_chroma_cloud_is_in_its_secret_before_the_tasks_start(
    deploy: ModuleType,
    account: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    given: str,
) -> None:
    folder = chosen(tmp_path, f'chroma_api_key = "{KEY}"\n' if given == "file" else "")
    environment = {"TF_VAR_chroma_api_key": KEY} if given == "environment" else {}
    terraform, waited = run(deploy, account, monkeypatch, folder, cloud=True, environment=environment)
    assert secret(account, "portfolio/chroma-api-key") == KEY
    key = secret(account, "portfolio/api-key")
    assert terraform.planned == [deploy.FIRST, ()]
    images = "make build-images push-images"
    assert terraform.seen == ["init", "secrets", images, "everything", f"smoke http://rag.example {key}"]
    # There is no Chroma of one's own to wait for.
    assert waited == ["portfolio-api"]
    told = capsys.readouterr().out
    assert key in told
    assert KEY not in told


def test_a_chroma_of_ones_own_has_no_key_and_is_waited_for(
    deploy: ModuleType, account: boto3.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, waited = run(deploy, account, monkeypatch, chosen(tmp_path, ""), cloud=False)
    assert waited == ["portfolio-chroma", "portfolio-api"]
    names = [entry["Name"] for entry in account.client("secretsmanager").list_secrets()["SecretList"]]
    assert names == ["portfolio/api-key"]


def test_the_key_of_the_api_is_made_once(
    deploy: ModuleType, account: boto3.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(deploy, account, monkeypatch, chosen(tmp_path, ""), cloud=False)
    first = secret(account, "portfolio/api-key")
    assert deploy._first_key(account, "portfolio/api-key") == first
    assert len(first) > 40


def test_without_a_suffix_nothing_is_made(
    deploy: ModuleType, account: boto3.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "terraform.tfvars").write_text("")
    with pytest.raises(deploy.DeployError, match="put name_suffix"):
        run(deploy, account, monkeypatch, tmp_path, cloud=True)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "is for an emulator"), ({"AWS_DEFAULT_REGION": ""}, "No region")],
)
def test_an_account_is_asked_for_before_anything_else(
    deploy: ModuleType,
    account: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    problem: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(deploy.DeployError, match=problem):
        deploy._session()


def test_the_key_of_openai_is_asked_for_once_and_before_anything_is_built(
    deploy: ModuleType, account: boto3.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = chosen(tmp_path, "")
    with pytest.raises(deploy.DeployError, match="set OPENAI_API_KEY"):
        run(deploy, account, monkeypatch, folder, openai=True)
    run(deploy, account, monkeypatch, folder, openai=True, environment={"OPENAI_API_KEY": "sk-of-the-account"})
    assert secret(account, "portfolio/openai-api-key") == "sk-of-the-account"
    terraform, _ = run(deploy, account, monkeypatch, folder, openai=True)
    assert "everything" in terraform.seen
    assert secret(account, "portfolio/openai-api-key") == "sk-of-the-account"


def test_an_output_that_is_null_is_none(deploy: ModuleType, tmp_path: Path) -> None:
    """Without a certificate, or with Chroma Cloud, there are such outputs; Terraform does not keep them."""
    text = 'output "api_url" {\n  value = "http://rag.example"\n}\noutput "api_certificate_arn" {\n  value = null\n}\n'
    (tmp_path / "outputs.tf").write_text(text)
    environment = dict(os.environ) | {"CHECKPOINT_DISABLE": "1"}
    deployment = deploy.Deployment(tmp_path, ("terraform",), environment)
    deployment.init()
    deployment.apply()
    assert (deployment.output("api_url"), deployment.output("api_certificate_arn")) == ("http://rag.example", None)
