"""What must hold of the plan whatever else of it is recorded: a careless new record cannot bless its loss."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from portfolio_rag.domain.object_keys import ARCHIVED, PROCESSED
from portfolio_rag.pipeline.jobs.report import JOBS
from tests.terraform.plan import Plan, statements

Invariant = Callable[[Plan], Iterator[str]]

_ACTIONS = frozenset(
    {
        *("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
        *("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:DeleteObjectVersion"),
        *("s3:ListBucket", "s3:ListBucketVersions"),
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem"),
        *("dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"),
        *("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        *("sqs:ChangeMessageVisibility", "lambda:InvokeFunction", "cloudwatch:PutMetricData"),
        *("logs:CreateLogStream", "logs:PutLogEvents"),
    }
)
"""Data is read and written; nothing is created, configured, opened to others or dropped."""

_THRESHOLDS = {
    "portfolio-high-error-rate": ("FailureRate", "Average", 5),
    "portfolio-slow-processing": ("ProcessingDuration", "Average", 300),
    "portfolio-queue-depth": ("QueueDepth", "Maximum", 100),
    "portfolio-dead-letters": ("DeadLetters", "Maximum", 0),
}
"""The architecture's alarms: metric, statistic, and what it must be above."""


_WITHOUT_RESOURCES = ("cloudwatch:PutMetricData", "cloudwatch:GetMetricData")
"""What AWS grants on everything or not at all."""


def _of(planned: Plan, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for address, values in planned.items():
        if re.search(rf"(^|\.){kind}\.\w+(\[|$)", address):
            yield address, values


def roles_are_for_lambda(planned: Plan) -> Iterator[str]:
    for address, role in _of(planned, "aws_iam_role"):
        for statement in role["assume_role_policy"]["Statement"]:
            if statement != {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }:
                yield f"{address} may be assumed by {statement}"


def roles_touch_data_only(planned: Plan) -> Iterator[str]:
    for address, policy in _of(planned, "aws_iam_role_policy"):
        for statement in policy["policy"]["Statement"]:
            for action in set(statement["Action"]) - _ACTIONS:
                yield f"{address} allows {action}"
            if "*" in statement["Resource"] and statement["Action"][0] not in _WITHOUT_RESOURCES:
                yield f"{address} allows {statement['Action']} on everything"


def missing_objects_are_told_from_forbidden_ones(planned: Plan) -> Iterator[str]:
    """S3 answers 403, not 404, to who may read a bucket's objects and not list it; the code takes 404 for an answer."""
    for address, policy in _of(planned, "aws_iam_role_policy"):
        granted = policy["policy"]["Statement"]
        read = {
            resource.split("/")[0]
            for statement in granted
            if "s3:GetObject" in statement["Action"]
            for resource in statement["Resource"]
        }
        listed = {
            resource
            for statement in granted
            if "s3:ListBucket" in statement["Action"]
            for resource in statement["Resource"]
        }
        for bucket in read - listed:
            yield f"{address} reads {bucket} and may not list it"


def open_to_anyone_is_a_denial_without_tls(planned: Plan) -> Iterator[str]:
    for address, statement in statements(planned):
        principal = statement.get("Principal", {})
        anyone = principal == "*" or "*" in (principal.get("AWS", "") if isinstance(principal, dict) else "")
        if anyone and (statement["Effect"], statement.get("Condition")) != (
            "Deny",
            {"Bool": {"aws:SecureTransport": "false"}},
        ):
            yield f"{address}: {statement}"


def buckets_queues_and_topics_deny_plain_http(planned: Plan) -> Iterator[str]:
    for kind in ("aws_s3_bucket_policy", "aws_sqs_queue", "aws_sns_topic_policy"):
        for address, values in _of(planned, kind):
            if not any(
                statement["Effect"] == "Deny"
                and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
                for statement in values["policy"]["Statement"]
            ):
                yield f"{address} takes plain HTTP"


def services_act_for_this_account_only(planned: Plan) -> Iterator[str]:
    """A service that acts on a policy of a resource is narrowed to what is ours; else anyone may send it."""
    for address, statement in statements(planned):
        principal = statement.get("Principal", {})
        if address.endswith("aws_iam_role.this") or not isinstance(principal, dict) or "Service" not in principal:
            continue
        if not any(key.startswith("aws:Source") for test in statement.get("Condition", {}).values() for key in test):
            yield f"{address}: {statement}"
    for address, permission in _of(planned, "aws_lambda_permission"):
        if "source_arn" not in permission:
            yield f"{address} lets {permission['principal']} invoke for anyone"


def buckets_are_private_encrypted_and_versioned(planned: Plan) -> Iterator[str]:
    for address, values in _of(planned, "aws_s3_bucket_public_access_block"):
        for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"):
            if values.get(name) is not True:
                yield f"{address}: {name} is off"
    for address, values in _of(planned, "aws_s3_bucket_versioning"):
        if values["versioning_configuration"][0]["status"] != "Enabled":
            yield f"{address} is off"
    buckets = len(list(_of(planned, "aws_s3_bucket")))
    for kind in ("public_access_block", "versioning", "server_side_encryption_configuration", "policy"):
        if len(list(_of(planned, f"aws_s3_bucket_{kind}"))) != buckets:
            yield f"A bucket has no {kind}"


def what_moves_or_goes_lies_where_the_code_puts_it(planned: Plan) -> Iterator[str]:
    """A prefix that is no prefix of ours would archive nothing, or live documents; S3 says nothing about either."""
    prefixes = {
        bucket: sorted(
            (nested["prefix"], "expiration" if rule.get("expiration") else "transition")
            for rule in values["rule"]
            for nested in (rule["filter"][0].get("and") or rule["filter"] or [{}])
            if nested.get("prefix")
        )
        for bucket in ("raw", "embeddings", "config")
        for values in [planned[f'module.bucket["{bucket}"].aws_s3_bucket_lifecycle_configuration.this']]
    }
    expected = {
        "raw": [(ARCHIVED, "transition"), (PROCESSED, "transition")],
        "embeddings": [(JOBS, "expiration")],
        "config": [],
    }
    if prefixes != expected:
        yield f"Lifecycle prefixes are {prefixes}"


def tables_are_protected_and_recoverable(planned: Plan) -> Iterator[str]:
    for address, table in _of(planned, "aws_dynamodb_table"):
        if table.get("deletion_protection_enabled") is not True:
            yield f"{address} could be deleted"
        if (
            table["point_in_time_recovery"][0]["enabled"] is not True
            or not table["server_side_encryption"][0]["enabled"]
        ):
            yield f"{address} is not recoverable and encrypted"


def dead_letters_go_to_the_queue_of_their_own(planned: Plan) -> Iterator[str]:
    arns = {values["name"]: values["arn"] for _, values in _of(planned, "aws_sqs_queue")}
    for name in ("ingestion", "embedding"):
        queue = planned[f'module.queue["{name}"].aws_sqs_queue.this']
        if queue["redrive_policy"] != {"deadLetterTargetArn": arns[f"portfolio-{name}-dlq"], "maxReceiveCount": 3}:
            yield f"{name}: {queue['redrive_policy']}"
    for address, values in _of(planned, "aws_lambda_function_event_invoke_config"):
        target = values["destination_config"][0]["on_failure"][0]["destination"]
        if target != arns["portfolio-events-dlq"]:
            yield f"{address}: {target}"
    for address, values in _of(planned, "aws_cloudwatch_event_target"):
        if values["dead_letter_config"][0]["arn"] != arns["portfolio-events-dlq"]:
            yield f"{address}: {values['dead_letter_config']}"


def alarms_are_the_architectures(planned: Plan) -> Iterator[str]:
    alarms = {
        alarm["alarm_name"]: (alarm["metric_name"], alarm["statistic"], alarm["threshold"])
        for _, alarm in _of(planned, "aws_cloudwatch_metric_alarm")
    }
    for name, expected in _THRESHOLDS.items():
        if alarms.get(name) != expected:
            yield f"{name} is {alarms.get(name)}, not {expected}"
    for address, alarm in _of(planned, "aws_cloudwatch_metric_alarm"):
        if alarm["comparison_operator"] != "GreaterThanThreshold" or not alarm.get("alarm_actions"):
            yield f"{address} compares otherwise, or tells nobody"


INVARIANTS: tuple[Invariant, ...] = (
    roles_are_for_lambda,
    roles_touch_data_only,
    missing_objects_are_told_from_forbidden_ones,
    open_to_anyone_is_a_denial_without_tls,
    buckets_queues_and_topics_deny_plain_http,
    services_act_for_this_account_only,
    buckets_are_private_encrypted_and_versioned,
    what_moves_or_goes_lies_where_the_code_puts_it,
    tables_are_protected_and_recoverable,
    dead_letters_go_to_the_queue_of_their_own,
    alarms_are_the_architectures,
)
