"""What `make deploy` does, as far as it can be done without an account of AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from portfolio_rag.local.throwaway_emulator import throwaway_emulator
from tests.e2e.live import LiveStack

_ROOT = Path(__file__).resolve().parents[2]
_AWS = _ROOT / "scripts" / "aws"


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """scripts/aws is run as programs, which import each other by their bare names."""
    monkeypatch.syspath_prepend(_AWS)
    yield
    for name in ("deploy", "deployment", "quotas", "smoke"):
        sys.modules.pop(name, None)


def test_the_plan_is_shown_without_an_account() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, str(_AWS / "deploy.py"), "plan"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for address in (
        "module.vector_database[0].aws_ebs_volume.data",
        "module.api_service[0].aws_ecs_service.this",
        "module.network[0].aws_nat_gateway.this[0]",
        'module.function["document-intake"].aws_lambda_function.this',
    ):
        assert f"# {address} will be created" in done.stdout.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert not (_ROOT / "terraform" / "localstack_providers_override.tf").exists()


def test_the_whole_applies_once_and_is_then_as_it_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from deployment import Deployment

    # The emulator has no application autoscaling, and keeps a deleted secret's name.
    monkeypatch.setenv("TF_VAR_api_service", "{minimum_tasks = 2, maximum_tasks = 2, secret_recovery_days = 0}")
    with throwaway_emulator(tmp_path) as url:
        deployment = Deployment.emulated(tmp_path / "terraform", url)
        deployment.init()
        deployment.apply("-parallelism=30")
        assert not deployment.plan()
        assert deployment.output("service_names") == {
            "cluster": "portfolio",
            "api": "portfolio-api",
            "chroma": "portfolio-chroma",
        }
        assert deployment.output("api_url").startswith("http://portfolio-api")
        assert deployment.maximum_tasks() == 2


def test_the_smoke_test_ends_with_an_answer_from_its_own_document(stack: LiveStack) -> None:
    import smoke

    class Outputs:
        def output(self, name: str) -> Any:
            return {"bucket_names": {"raw": stack.settings.s3_raw_bucket}, "api_certificate_arn": None}[name]

    class Session:
        def client(self, name: str) -> Any:
            return stack.clients(name)

    smoke.smoke_test(Session(), Outputs(), str(stack.api.base_url), stack.settings.api_key)  # type: ignore[arg-type]
    found = stack.api.post("/api/search", json={"query": smoke.QUESTION, "top_k": 5}).json()["passages"]
    assert "smoke-test/portfolio-rag.md" not in str(found)


class Account:
    """Two quotas that are too small, one that cannot be read, and what is in use."""

    def client(self, name: str) -> Any:
        return self

    def describe_vpcs(self) -> dict[str, Any]:
        return {"Vpcs": [{}] * 5}

    def describe_addresses(self) -> dict[str, Any]:
        return {"Addresses": []}

    def get_service_quota(self, *, ServiceCode: str, QuotaCode: str) -> dict[str, Any]:  # noqa: N803
        if QuotaCode == "L-1216C47A":
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetServiceQuota")
        allowed = {"L-B99A9384": 10.0, "L-F678F1CE": 5.0}
        return {"Quota": {"Value": allowed.get(QuotaCode, 100.0)}}


def test_what_an_account_does_not_allow_is_said_with_what_to_ask_for() -> None:
    from quotas import shortages

    lambdas, vpcs, machines = shortages(Account(), maximum_tasks=4)
    assert "0 in use, 30 more needed, 10 allowed" in lambdas
    assert "--service-code lambda --quota-code L-B99A9384 --desired-value 30" in lambdas
    assert vpcs.startswith("VPCs: 5 in use, 1 more needed, 5 allowed.")
    assert machines == "vCPUs of standard EC2 instances: the quota could not be read (AccessDeniedException)."


def test_nothing_is_deleted_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import deploy

    monkeypatch.setattr(sys, "argv", ["deploy.py", "destroy", "--yes"])
    assert deploy.main() == 1
    assert "make destroy DELETE_DOCUMENTS=1" in capsys.readouterr().err
