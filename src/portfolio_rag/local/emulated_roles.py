"""Roles in the emulator, where it holds every call against policies.

What MiniStack asks of a role that AWS does not is granted there, beside the policy that Terraform deploys.

MiniStack knows an action for each batch call of SQS, where AWS asks for the action of one message, and it does not fill
in the namespace by which `cloudwatch:PutMetricData` is narrowed. The additions are made of the role's own statements:
one that Terraform does not give to a role is missing here, too.

The API has its task role on AWS alone, where Terraform makes it. The local stack runs the API as a process of its own,
and makes a role for it with the statements that the task role would have.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.local.emulator_guard import API_IDENTITY

DEPLOYED_POLICY = "function"
"""The inline policy of terraform/modules/function."""

EMULATOR_POLICY = "emulator"

API_ROLE = API_IDENTITY["Role"].rpartition("/")[2]
API_POLICY = "api"
"""As in terraform/modules/api_service."""

_TASKS_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}

_BATCH_ACTIONS = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}
_METRICS = "cloudwatch:PutMetricData"

Statement = Mapping[str, Any]


def grant_what_only_the_emulator_asks(clients: AwsClients, functions: Iterable[str]) -> None:
    """Give the role of each function a second inline policy, EMULATOR_POLICY."""
    functions_client, iam = clients("lambda"), clients("iam")
    for function in functions:
        role = functions_client.get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[-1]
        document = iam.get_role_policy(RoleName=role, PolicyName=DEPLOYED_POLICY)["PolicyDocument"]
        deployed = json.loads(unquote(document)) if isinstance(document, str) else document
        policy = {"Version": "2012-10-17", "Statement": additions(deployed["Statement"])}
        iam.put_role_policy(RoleName=role, PolicyName=EMULATOR_POLICY, PolicyDocument=json.dumps(policy))


def give_api_its_role(clients: AwsClients, statements: Sequence[Mapping[str, Any]]) -> None:
    """Make API_ROLE with these statements, which are those of Terraform's output `api_statements`."""
    iam = clients("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=API_ROLE, AssumeRolePolicyDocument=json.dumps(_TASKS_ASSUME))
    deployed = [_rendered(statement) for statement in statements]
    for name, granted in ((API_POLICY, deployed), (EMULATOR_POLICY, additions(deployed))):
        document = {"Version": "2012-10-17", "Statement": granted}
        iam.put_role_policy(RoleName=API_ROLE, PolicyName=name, PolicyDocument=json.dumps(document))


def _rendered(statement: Mapping[str, Any]) -> Statement:
    rendered = {
        "Sid": statement["sid"],
        "Effect": statement.get("effect", "Allow"),
        "Action": statement["actions"],
        "Resource": statement["resources"],
    }
    return rendered | ({"Condition": statement["condition"]} if "condition" in statement else {})


def additions(deployed: Sequence[Statement]) -> list[Statement]:
    """The statements of EMULATOR_POLICY for a role with these."""
    added: list[Statement] = []
    for statement in deployed:
        actions = [_BATCH_ACTIONS[action] for action in statement["Action"] if action in _BATCH_ACTIONS]
        if actions:
            added.append({"Effect": "Allow", "Action": actions, "Resource": statement["Resource"]})
        if _METRICS in statement["Action"]:
            added.append({"Effect": "Allow", "Action": [_METRICS], "Resource": "*"})
    return added
