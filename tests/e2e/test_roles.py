"""Each function under its own role: what it needs is proven by every other test here, what it does not need is denied.

The stack of these tests runs with ENFORCE_IAM, so a permission that is missing fails the pipeline itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portfolio_rag.local.emulated_roles import EMULATOR_POLICY
from portfolio_rag.local.emulator_guard import CREDENTIALS_PATH, SECRET_HEADER
from portfolio_rag.settings.environment import Settings
from tests.e2e.live import LiveStack

FUNCTIONS = ("document-intake", "document-processor", "embedding-generator", "batch-reindex", "check-health")
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

Call = Callable[["Role"], Any]


class Role:
    """The clients that the code of one function has."""

    def __init__(self, stack: LiveStack, credentials: Mapping[str, str]) -> None:
        self.settings: Settings = stack.settings
        self._session = boto3.Session(
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            region_name=stack.config.region,
        )
        self._url = stack.config.emulator_url

    def __call__(self, service: str) -> Any:
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return self._session.client(service, endpoint_url=self._url, config=config)

    def queue_url(self, name: str) -> str:
        return f"{self._url}/000000000000/{name}"


@pytest.fixture(scope="module")
def roles(stack: LiveStack) -> dict[str, Role]:
    secret = stack.config.lambda_secret_file.read_text()
    found = {}
    for name in FUNCTIONS:
        configuration = stack.clients("lambda").get_function_configuration(FunctionName=name)
        wanted = {key: configuration[key] for key in ("FunctionName", "FunctionArn", "Role")}
        answer = httpx.post(
            stack.config.emulator_url + CREDENTIALS_PATH, json=wanted, headers={SECRET_HEADER: secret}, trust_env=False
        )
        assert answer.status_code == 200
        found[name] = Role(stack, answer.json())
    return found


CALLS: dict[str, tuple[Call, frozenset[str]]] = {
    "write where uploads arrive": (
        lambda role: role("s3").put_object(Bucket=role.settings.s3_raw_bucket, Key="incoming/planted.md", Body=b"x"),
        frozenset(),
    ),
    "delete an original in its place, version and all": (
        lambda role: role("s3").delete_object(
            Bucket=role.settings.s3_raw_bucket, Key="processed/nobody.md", VersionId="null"
        ),
        frozenset(),
    ),
    "change the rules that all obey": (
        lambda role: role("s3").put_object(
            Bucket=role.settings.s3_config_bucket, Key="ingestion-rules/default.json", Body=b"{}"
        ),
        frozenset(),
    ),
    "open a bucket to others": (
        lambda role: role("s3").put_bucket_policy(
            Bucket=role.settings.s3_raw_bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": []})
        ),
        frozenset(),
    ),
    "delete a table": (
        lambda role: role("dynamodb").delete_table(TableName=role.settings.dynamodb_chunks_table),
        frozenset(),
    ),
    "delete a row of the registry": (
        lambda role: role("dynamodb").delete_item(
            TableName=role.settings.dynamodb_document_table,
            Key={"document_id": {"S": "nobody"}, "version": {"N": "1"}},
        ),
        frozenset(),
    ),
    "read conversations": (
        lambda role: role("dynamodb").get_item(
            TableName=role.settings.dynamodb_conversations_table, Key={"conversation_id": {"S": "nobody"}}
        ),
        frozenset(),
    ),
    "read every row of the registry": (
        lambda role: role("dynamodb").scan(TableName=role.settings.dynamodb_document_table, Limit=1),
        frozenset({"batch-reindex"}),
    ),
    "make a chunk": (
        lambda role: role("dynamodb").put_item(
            TableName=role.settings.dynamodb_chunks_table,
            Item={"chunk_id": {"S": "role-test"}, "document_id": {"S": "nobody"}},
            ConditionExpression="attribute_exists(chunk_id)",
        ),
        frozenset({"document-processor"}),
    ),
    "make a job": (
        lambda role: role("dynamodb").put_item(
            TableName=role.settings.dynamodb_jobs_table,
            Item={"job_id": {"S": "role-test"}},
            ConditionExpression="attribute_exists(job_id)",
        ),
        frozenset({"batch-reindex"}),
    ),
    "receive what waits to be processed": (
        lambda role: role("sqs").receive_message(
            QueueUrl=role.queue_url(role.settings.sqs_ingestion_queue), MaxNumberOfMessages=1, VisibilityTimeout=0
        ),
        frozenset({"document-processor"}),
    ),
    "purge a queue": (
        lambda role: role("sqs").purge_queue(QueueUrl=role.queue_url(role.settings.sqs_dlq)),
        frozenset(),
    ),
    "receive dead letters": (
        lambda role: role("sqs").receive_message(QueueUrl=role.queue_url(role.settings.sqs_dlq)),
        frozenset(),
    ),
    "run a job": (
        lambda role: role("lambda").invoke(
            FunctionName=role.settings.reindex_function, InvocationType="DryRun", Payload=b"{}"
        ),
        frozenset({"batch-reindex", "check-health"}),
    ),
    "change a function": (
        lambda role: role("lambda").update_function_configuration(
            FunctionName="document-intake", Environment={"Variables": {}}
        ),
        frozenset(),
    ),
    "write a policy": (
        lambda role: role("iam").put_role_policy(
            RoleName="portfolio-document-intake", PolicyName="more", PolicyDocument="{}"
        ),
        frozenset(),
    ),
    "put another object over a vector": (
        lambda role: role("s3").put_object(
            Bucket=role.settings.s3_embeddings_bucket, Key=f"vectors/role-test-{uuid.uuid4().hex}", Body=b""
        ),
        frozenset({"embedding-generator", "batch-reindex"}),
    ),
    "write a report of a job": (
        lambda role: role("s3").put_object(
            Bucket=role.settings.s3_embeddings_bucket, Key=f"jobs/role-test-{uuid.uuid4().hex}", Body=b""
        ),
        frozenset({"batch-reindex"}),
    ),
}


def code_of(call: Call, role: Role) -> str:
    """The error that the call ends in, empty when it is allowed to."""
    try:
        call(role)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_function_does_not_need_is_denied(roles: dict[str, Role], function: str, what: str) -> None:
    call, allowed = CALLS[what]
    code = code_of(call, roles[function])
    if function in allowed:
        assert code not in DENIED
    else:
        assert code in DENIED, code or "allowed"


def test_a_role_has_its_deployed_policy_and_what_only_the_emulator_asks(stack: LiveStack) -> None:
    iam = stack.clients("iam")
    for function in FUNCTIONS:
        role = f"portfolio-{function}"
        assert sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]) == [EMULATOR_POLICY, "function"]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_a_permission_that_is_taken_away_is_missed(stack: LiveStack, roles: dict[str, Role]) -> None:
    """The emulator reads policies at each call: what passes here passes because a statement says so."""
    iam, role, name = stack.clients("iam"), "portfolio-document-intake", "function"
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    fewer = policy | {"Statement": [entry for entry in policy["Statement"] if entry["Sid"] != "ReadConfig"]}

    def read() -> str:
        return code_of(
            lambda intake: intake("s3").get_object(
                Bucket=stack.settings.s3_config_bucket, Key="ingestion-rules/default.json"
            ),
            roles["document-intake"],
        )

    assert read() == ""
    try:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(fewer))
        assert read() in DENIED
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert read() == ""
