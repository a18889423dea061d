"""The roles that Terraform made allow every call that the functions make, and not much more.

The emulator does not enforce IAM, so a missing permission would show on AWS only. Here the calls of simulated schedules
(the real handlers, with deletions, failures, jobs and repairs) are held against the deployed policies.
"""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.e2e.live import LiveStack
from tests.simulation import fast, schedule
from tests.simulation.faults import Faults
from tests.simulation.world import World

SCHEDULES = 150
ACCOUNT = "000000000000"

Needed = set[tuple[str, str, str]]
"""(function, IAM action, resource ARN)."""

_running = threading.local()
_TRANSACTED = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
_PLAIN = {
    "get_item": "GetItem",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "query": "Query",
    "scan": "Scan",
}


class Recorder(Faults):
    """Faults that also note which function asked for what."""

    needed: ClassVar[Needed] = set()

    def around(self, service: str, operation: str, call: Any, arguments: dict[str, Any]) -> Any:
        function = getattr(_running, "function", None)
        if function is not None and not self._quiet:
            for action, resource in actions_of(service, operation, arguments):
                self.needed.add((function, action, resource))
        return super().around(service, operation, call, arguments)


def actions_of(service: str, operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The IAM actions of one call, with their resources, as the service authorization reference lists them."""
    if service == "s3":
        yield from _s3(operation, arguments)
    elif service == "dynamodb":
        yield from _dynamodb(operation, arguments)
    elif service == "sqs":
        names = {
            "send_message": "SendMessage",
            "send_message_batch": "SendMessage",
            "change_message_visibility_batch": "ChangeMessageVisibility",
            "get_queue_attributes": "GetQueueAttributes",
            "get_queue_url": "GetQueueUrl",
            "receive_message": "ReceiveMessage",
            "delete_message": "DeleteMessage",
            "delete_message_batch": "DeleteMessage",
        }
        queue = arguments.get("QueueName") or arguments["QueueUrl"].rsplit("/", 1)[-1]
        yield f"sqs:{names[operation]}", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"
    elif service == "lambda":
        assert operation == "invoke", f"unknown call lambda.{operation}"
        yield "lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{arguments['FunctionName']}"


def _s3(operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    bucket = f"arn:aws:s3:::{arguments['Bucket']}"
    target = f"{bucket}/{arguments.get('Key', '')}"
    versioned = "Version" if arguments.get("VersionId") else ""
    if operation in ("get_object", "head_object"):
        yield f"s3:GetObject{versioned}", target
    elif operation == "put_object":
        yield "s3:PutObject", target
    elif operation == "copy_object":
        source = arguments["CopySource"]
        versioned = "Version" if source.get("VersionId") else ""
        yield f"s3:GetObject{versioned}", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"
        yield "s3:PutObject", target
    elif operation == "delete_object":
        yield f"s3:DeleteObject{versioned}", target
    elif operation == "delete_objects":
        for entry in arguments["Delete"]["Objects"]:
            yield f"s3:DeleteObject{'Version' if entry.get('VersionId') else ''}", f"{bucket}/{entry['Key']}"
    elif operation == "list_objects_v2":
        yield "s3:ListBucket", bucket
    elif operation == "list_object_versions":
        yield "s3:ListBucketVersions", bucket
    else:
        raise AssertionError(f"unknown call s3.{operation}")


def _dynamodb(operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation == "transact_write_items":
        for entry in arguments["TransactItems"]:
            ((kind, action),) = entry.items()
            yield _TRANSACTED[kind], _table(action["TableName"])
    elif operation in ("batch_get_item", "batch_write_item"):
        action = "dynamodb:BatchGetItem" if operation == "batch_get_item" else "dynamodb:BatchWriteItem"
        for name in arguments["RequestItems"]:
            yield action, _table(name)
    else:
        index = f"/index/{arguments['IndexName']}" if arguments.get("IndexName") else ""
        yield f"dynamodb:{_PLAIN[operation]}", _table(arguments["TableName"]) + index


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}"


@pytest.fixture(scope="module")
def needed() -> Needed:
    """What the functions asked for in all the schedules."""
    invoke = World.invoke

    def recorded(self: World, function: str, event: dict[str, Any], request_id: str = "") -> dict[str, Any]:
        _running.function = function.replace("_", "-")
        try:
            return invoke(self, function, event, request_id)
        finally:
            _running.function = None

    with pytest.MonkeyPatch.context() as patch:
        fast.install(patch)
        patch.setattr(World, "invoke", recorded)
        patch.setattr(schedule, "Faults", Recorder)
        for seed in range(1, SCHEDULES + 1):
            schedule.Schedule(seed).run()
    return Recorder.needed


@pytest.fixture(scope="module")
def policies(stack: LiveStack) -> dict[str, list[dict[str, Any]]]:
    """Function -> the statements of its role, from Terraform's state."""
    state = json.loads((stack.config.terraform_dir / "terraform.tfstate").read_text())
    found = {}
    for resource in state["resources"]:
        if resource["type"] == "aws_iam_role_policy":
            for instance in resource["instances"]:
                attributes = instance["attributes"]
                function = attributes["role"].removeprefix("portfolio-")
                found[function] = json.loads(attributes["policy"])["Statement"]
    return found


def _listed(entry: str | list[str]) -> list[str]:
    return [entry] if isinstance(entry, str) else entry


def test_every_call_of_every_function_is_allowed(needed: Needed, policies: dict[str, list[dict[str, Any]]]) -> None:
    assert {function for function, _, _ in needed} == policies.keys()
    missing = sorted(
        {
            (function, action, resource.split("/incoming/")[0])
            for function, action, resource in needed
            if not any(
                action in _listed(statement["Action"])
                and any(fnmatch.fnmatchcase(resource, pattern) for pattern in _listed(statement["Resource"]))
                for statement in policies[function]
            )
        }
    )
    assert not missing, "\n".join(map(str, missing))


def test_nothing_may_write_where_the_pipeline_begins(policies: dict[str, list[dict[str, Any]]]) -> None:
    upload = "arn:aws:s3:::portfolio-raw/incoming/a.md"
    for function, statements in policies.items():
        for statement in statements:
            if any(fnmatch.fnmatchcase(upload, pattern) for pattern in _listed(statement["Resource"])):
                assert "s3:PutObject" not in _listed(statement["Action"]), function
                assert "*" not in _listed(statement["Resource"]) or statement.get("Condition"), function
