"""Faults that once passed all tests, planted into a copy of terraform/ by test_planned.py."""

from __future__ import annotations

from dataclasses import dataclass

from tests.terraform import invariants
from tests.terraform.invariants import Invariant


@dataclass(frozen=True)
class Plant:
    """`old` stands in `file`, `new` in its place. The difference is at an address that begins with `seen_at`, says
    `words`, and is also what `invariant` complains of: without one, the record alone knows better."""

    name: str
    file: str
    old: str
    new: str
    seen_at: str
    words: str
    invariant: Invariant | None = None


PLANTS = (
    Plant(
        "a role may delete a table",
        "permissions.tf",
        '"dynamodb:Query", "dynamodb:UpdateItem"]',
        '"dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteTable"]',
        'module.function["check-health"].aws_iam_role_policy.this.policy',
        "dynamodb:DeleteTable",
        invariants.roles_touch_data_only,
    ),
    Plant(
        "anyone may assume a role",
        "modules/function/main.tf",
        'Principal = { Service = "lambda.amazonaws.com" }',
        'Principal = { AWS = "*" }',
        'module.function["document-intake"].aws_iam_role.this.assume_role_policy',
        "*",
        invariants.roles_are_for_lambda,
    ),
    Plant(
        "the condition on TLS is inverted",
        "modules/bucket/main.tf",
        '{ Bool = { "aws:SecureTransport" = "false" } }',
        '{ Bool = { "aws:SecureTransport" = "true" } }',
        'module.bucket["raw"].aws_s3_bucket_policy.this.policy',
        '"true"',
        None,
    ),
    Plant(
        "a queue is open to anyone",
        "modules/queue/main.tf",
        'Effect    = "Deny"',
        'Effect    = "Allow"',
        'module.queue["ingestion"].aws_sqs_queue.this.policy',
        "Allow",
        None,
    ),
    Plant(
        "a topic takes plain HTTP",
        "modules/monitoring/main.tf",
        '{ Bool = { "aws:SecureTransport" = "false" } }',
        '{ Bool = { "aws:SecureTransport" = "true" } }',
        "module.monitoring.aws_sns_topic_policy.alarms.policy",
        "",
        invariants.buckets_queues_and_topics_deny_plain_http,
    ),
    Plant(
        "what is archived has another prefix",
        "main.tf",
        'prefix            = "archived/"',
        'prefix            = "archive/"',
        'module.bucket["raw"].aws_s3_bucket_lifecycle_configuration.this',
        "archive/",
        invariants.what_moves_or_goes_lies_where_the_code_puts_it,
    ),
    Plant(
        "an alarm fires at ten times the depth",
        "variables.tf",
        "queue_depth          = optional(number, 100)",
        "queue_depth          = optional(number, 1000)",
        'module.monitoring.aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].threshold',
        "1000",
        invariants.alarms_are_the_architectures,
    ),
    Plant(
        "tables are not protected",
        "modules/table/main.tf",
        "deletion_protection_enabled = var.deletion_protection",
        "deletion_protection_enabled = false",
        'module.table["conversations"].aws_dynamodb_table.this.deletion_protection_enabled',
        "",
        invariants.tables_are_protected_and_recoverable,
    ),
    Plant(
        "dead letters of a queue go to the events'",
        "main.tf",
        "dead_letter_arn            = local.dlq_arns[each.key]",
        "dead_letter_arn            = local.dlq_arns.events",
        'module.queue["embedding"].module.dead_letter_queue.aws_sqs_queue.this.policy',
        "portfolio-events-dlq",
        None,
    ),
    Plant(
        "events that failed for good go back to where they came from",
        "main.tf",
        "    queue_arn              = module.events_dead_letter_queue.arn",
        '    queue_arn              = module.queue["ingestion"].arn',
        'module.function["check-health"].aws_lambda_function_event_invoke_config.this',
        "portfolio-ingestion-queue",
        invariants.dead_letters_go_to_the_queue_of_their_own,
    ),
    Plant(
        "a statement is gone, and a missing object reads as forbidden",
        "permissions.tf",
        'actions   = ["s3:ListBucket"]\n        resources = [local.bucket_arns.config]',
        'actions   = ["s3:ListBucketVersions"]\n        resources = [local.bucket_arns.config]',
        'module.function["document-processor"].aws_iam_role_policy.this.policy',
        "portfolio-config",
        invariants.missing_objects_are_told_from_forbidden_ones,
    ),
    Plant(
        "a role may do what is another's",
        "locals.tf",
        '"register_versions", "purge", "read_vectors", "send_ingestion",',
        '"register_versions", "purge", "read_vectors", "run_jobs", "send_ingestion",',
        'module.function["document-intake"].aws_iam_role_policy.this.policy',
        "RunJobs",
        None,
    ),
    Plant(
        "a role has lost a permission",
        "locals.tf",
        '"receive_embedding", "send_embedding", "publish_metrics"]',
        '"send_embedding", "publish_metrics"]',
        'module.function["embedding-generator"].aws_iam_role_policy.this.policy',
        "ReceiveEmbedding",
        None,
    ),
    Plant(
        "metrics of any namespace may be written",
        "permissions.tf",
        'condition = { StringEquals = { "cloudwatch:namespace" = local.metrics_namespace } }',
        "condition = {}",
        'module.function["batch-reindex"].aws_iam_role_policy.this.policy',
        "PublishMetrics",
        None,
    ),
    Plant(
        "a bucket may get a public policy",
        "modules/bucket/main.tf",
        "block_public_policy     = true",
        "block_public_policy     = false",
        'module.bucket["config"].aws_s3_bucket_public_access_block.this.block_public_policy',
        "",
        invariants.buckets_are_private_encrypted_and_versioned,
    ),
    Plant(
        "any account's rule may invoke",
        "modules/schedule/main.tf",
        "  source_arn    = aws_cloudwatch_event_rule.this.arn\n",
        "",
        'module.schedule["daily-reindex"].aws_lambda_permission.this',
        "",
        invariants.services_act_for_this_account_only,
    ),
    Plant(
        "anyone may send dead letters",
        "modules/dead_letter_queue/main.tf",
        'Principal = { Service = "events.amazonaws.com" }',
        'Principal = "*"',
        "module.events_dead_letter_queue.aws_sqs_queue.this.policy",
        "UndeliveredEvents0",
        invariants.open_to_anyone_is_a_denial_without_tls,
    ),
)
