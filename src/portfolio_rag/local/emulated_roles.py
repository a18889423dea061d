"""What MiniStack asks of a role that AWS does not: granted in the emulator, beside the policy that Terraform deploys.

MiniStack knows an action for each batch call of SQS, where AWS asks for the action of one message, and it does not fill
in the namespace by which `cloudwatch:PutMetricData` is narrowed. The additions are made of the role's own statements:
one that Terraform does not give to a role is missing here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from portfolio_rag.adapters.aws.clients import AwsClients

DEPLOYED_POLICY = "function"
"""The inline policy of terraform/modules/function."""

EMULATOR_POLICY = "emulator"

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
