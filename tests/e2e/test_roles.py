"""Functions and API under their own roles: what they need is proven by every other test here, the rest is denied.

The stack of these tests runs with ENFORCE_IAM, so a permission that is missing fails the pipeline itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from portfolio_rag.local.emulated_roles import API_POLICY, API_ROLE, EMULATOR_POLICY
from portfolio_rag.local.emulator_guard import API_IDENTITY
from portfolio_rag.local.execution_roles import role_credentials
from portfolio_rag.settings.environment import Settings
from tests.e2e.live import LiveStack

FUNCTIONS = ("document-intake", "document-processor", "embedding-generator", "batch-reindex", "check-health")
API = "api"
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

Call = Callable[["Role"], Any]


class Role:
    """The clients that the code of one function has, or the API's."""

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
    issue = role_credentials(stack.config.emulator_url, stack.config.lambda_secret_file.read_text())
    functions = stack.clients("lambda")
    found = {name: Role(stack, issue(functions.get_function_configuration(FunctionName=name))) for name in FUNCTIONS}
    return found | {API: Role(stack, issue(API_IDENTITY))}


CALLS: dict[str, tuple[Call, frozenset[str]]] = {
    "write where uploads arrive": (
        lambda role: role("s3").put_object(Bucket=role.settings.s3_raw_bucket, Key="incoming/planted.md", Body=b"x"),
        frozenset({API}),
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
        frozenset({API}),
    ),
    "read every row of the registry": (
        lambda role: role("dynamodb").scan(TableName=role.settings.dynamodb_document_table, Limit=1),
        frozenset({"batch-reindex", API}),
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
        frozenset({"batch-reindex", API}),
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
        frozenset({API}),
    ),
    "run a job": (
        lambda role: role("lambda").invoke(
            FunctionName=role.settings.reindex_function, InvocationType="DryRun", Payload=b"{}"
        ),
        frozenset({"batch-reindex", "check-health", API}),
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
@pytest.mark.parametrize("name", [*FUNCTIONS, API])
def test_what_a_role_does_not_need_is_denied(roles: dict[str, Role], name: str, what: str) -> None:
    call, allowed = CALLS[what]
    code = code_of(call, roles[name])
    if name in allowed:
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


def test_the_api_runs_under_its_task_role(stack: LiveStack) -> None:
    """Statement by statement: what is taken away, a call to the API misses."""
    iam = stack.clients("iam")
    assert sorted(iam.list_role_policies(RoleName=API_ROLE)["PolicyNames"]) == [API_POLICY, EMULATOR_POLICY]
    policy = iam.get_role_policy(RoleName=API_ROLE, PolicyName=API_POLICY)["PolicyDocument"]

    def upload() -> int:
        file = (f"{uuid.uuid4().hex}.md", b"# Role\n\nIt may.\n", "text/markdown")
        return stack.api.post("/api/documents", files={"file": file}).status_code

    calls: dict[str, Callable[[], int]] = {
        "JobsByStatus": lambda: stack.api.get("/api/jobs").status_code,
        "UploadOriginals": upload,
    }
    for sid, ask in calls.items():
        fewer = policy | {"Statement": [entry for entry in policy["Statement"] if entry["Sid"] != sid]}
        assert len(fewer["Statement"]) == len(policy["Statement"]) - 1
        assert ask() < 300
        try:
            iam.put_role_policy(RoleName=API_ROLE, PolicyName=API_POLICY, PolicyDocument=json.dumps(fewer))
            assert ask() >= 500, sid
        finally:
            iam.put_role_policy(RoleName=API_ROLE, PolicyName=API_POLICY, PolicyDocument=json.dumps(policy))
        assert ask() < 300
