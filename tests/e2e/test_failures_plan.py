"""The PLAN rows of the failure catalogue: what Terraform would make, read from its own plan as JSON.

The AWS provider is mocked as in terraform/tests, so no account and no emulator is asked. Each guard is also taken out
of a copy of the configuration, to see that its check notices.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.local.terraform import Terraform, plugin_environment

_ROOT = Path(__file__).resolve().parents[2]
_MAPPING = "aws_lambda_event_source_mapping"
_PROBE = """
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "plan" {
  command = plan
}
"""
_GUARDS = (
    ("main.tf", 'events              = ["s3:ObjectCreated:*"]\n    filter_prefix       = "incoming/"',
     'events              = ["s3:ObjectCreated:*"]'),
    ("permissions.tf", '[for stage in ["processed", "failed", "archived"] :', "[for stage in local.stages :"),
    ("modules/queue/main.tf", ", 6 * var.consumer_timeout_seconds", ", var.consumer_timeout_seconds"),
    ("modules/function/main.tf", '["ReportBatchItemFailures"]', "[]"),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The planned resources: (address, type, attributes)."""

    resources: list[tuple[str, str, dict[str, Any]]]

    def of(self, kind: str) -> Iterator[dict[str, Any]]:
        for _, type_, attributes in self.resources:
            if type_ == kind:
                yield attributes

    def by_module(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """With the key of the module's instance: `module.function["check-health"].…` is check-health's."""
        for address, type_, attributes in self.resources:
            if type_ == kind:
                yield address.split('"')[1], attributes


def planned(work: Path, *, without_guards: bool = False) -> Plan:
    terraform = Terraform(_ROOT / "terraform", work, plugin_environment(dict(os.environ), _ROOT))
    terraform.prepare(backend=False)
    (work / "tests" / "probe.tftest.hcl").write_text(_PROBE)
    for name, guard, instead in _GUARDS if without_guards else ():
        text = (work / name).read_text()
        assert text.count(guard) == 1, f"{text.count(guard)} times in {name}: {guard}"
        (work / name).write_text(text.replace(guard, instead))
    printed = terraform.run(["test", "-json", "-verbose", "-filter=tests/probe.tftest.hcl"])
    messages = [json.loads(line) for line in printed.splitlines()]
    (plan,) = [message["test_plan"] for message in messages if message["type"] == "test_plan"]
    return Plan([(one["address"], one["type"], one["change"]["after"]) for one in plan["resource_changes"]])


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(tmp_path_factory.mktemp("unguarded"), without_guards=True)


def creations_that_start_the_pipeline(plan: Plan) -> list[str]:
    """The prefixes under which a new object invokes a function; "" is the whole bucket."""
    (notification,) = plan.of("aws_s3_bucket_notification")
    assert not notification["eventbridge"]
    assert not notification["queue"]
    assert not notification["topic"]
    return [
        target["filter_prefix"] or ""
        for target in notification["lambda_function"]
        if any(event.startswith("s3:ObjectCreated") for event in target["events"])
    ]


def places_that_functions_may_write(plan: Plan) -> set[str]:
    """Keys of the raw bucket, with their wildcards."""
    bucket = "arn:aws:s3:::portfolio-raw/"
    return {
        resource.removeprefix(bucket)
        for role in plan.of("aws_iam_role_policy")
        for statement in json.loads(role["policy"])["Statement"]
        if statement["Effect"] == "Allow" and "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
        if resource.startswith(bucket)
    }


def times_the_limit(plan: Plan) -> dict[str, float]:
    """How many time limits of its function a message stays hidden for, by function: whoever may receive it."""
    queues = {queue["name"]: queue["visibility_timeout_seconds"] for queue in plan.of("aws_sqs_queue")}
    limits = {module: attributes["timeout"] for module, attributes in plan.by_module("aws_lambda_function")}
    return {
        module: queues[resource.rpartition(":")[2]] / limits[module]
        for module, role in plan.by_module("aws_iam_role_policy")
        for statement in json.loads(role["policy"])["Statement"]
        if "sqs:ReceiveMessage" in statement["Action"]
        for resource in statement["Resource"]
    }


def functions_that_fail_whole_batches(plan: Plan) -> set[str]:
    return {
        module
        for module, mapping in plan.by_module(_MAPPING)
        if "ReportBatchItemFailures" not in (mapping["function_response_types"] or [])
    }


@pytest.mark.failure(5)
def test_only_uploads_start_the_pipeline_and_no_function_can_make_one(plan: Plan) -> None:
    assert creations_that_start_the_pipeline(plan) == ["incoming/"]
    assert places_that_functions_may_write(plan) == {"processed/*", "failed/*", "archived/*"}


@pytest.mark.failure(34)
def test_a_message_stays_hidden_for_six_time_limits_and_fails_alone(plan: Plan) -> None:
    assert times_the_limit(plan).keys() == {module for module, _ in plan.by_module(_MAPPING)}
    assert min(times_the_limit(plan).values()) >= 6
    assert not functions_that_fail_whole_batches(plan)


def test_each_guard_is_missed_when_it_is_taken_out(unguarded: Plan) -> None:
    assert creations_that_start_the_pipeline(unguarded) == [""]
    assert "incoming/*" in places_that_functions_may_write(unguarded)
    assert max(times_the_limit(unguarded).values()) < 6
    assert functions_that_fail_whole_batches(unguarded) == {"document-processor", "embedding-generator"}
