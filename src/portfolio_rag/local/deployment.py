"""What Terraform makes, in the emulator: applied when it changed or is not all there, else left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.emulated_roles import give_api_its_role, grant_what_only_the_emulator_asks
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.functions import discover, queue_concurrency
from portfolio_rag.local.report import Step
from portfolio_rag.local.terraform import Terraform, digest_of, plugin_environment, tflocal_environment, user_variables
from portfolio_rag.settings.environment import Settings

VISIBILITY_SECONDS = 45
"""The emulator receives messages also while the Lambda host is away, when nobody can hide them for less
(pipeline/ingestion/redelivery.py); those of a host that died come back so soon, too."""


def aws_clients(config: StackConfig) -> AwsClients:
    """Clients for the emulator. Points this process's own environment there, away from any real account."""
    environment = config.child_environment()
    for name in set(os.environ) - set(environment):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update({name: environment[name] for name in ("NO_PROXY", "no_proxy")} | config.aws_environment())
    return AwsClients(Settings.from_env(environment))


def deploy(config: StackConfig, step: Step) -> None:
    """Apply the Terraform unless the same configuration was applied before and all of it is still there.

    Raises StackError when the apply fails, or made other names than the settings ask for.
    """
    images = config.project / "images"
    functions = [function.name for function in discover(images)]
    given = {name: value for name, value in config.settings.items() if name.startswith("TF_VAR_")}
    local = {
        "function_settings": queue_concurrency(images),
        "visibility_timeout_seconds": VISIBILITY_SECONDS,
    }
    variables = {
        name: value
        for name, value in (local | user_variables(config.settings)).items()
        if f"TF_VAR_{name}" not in given
    }
    terraform = Terraform(
        source=config.project / "terraform",
        work=config.terraform_dir,
        environment=tflocal_environment(
            plugin_environment(config.process_environment(), config.project), config.emulator_url
        ),
    )
    record = config.state_dir / "terraform-applied"
    wanted = digest_of(
        terraform.source,
        extra=given
        | {"region": config.region, "variables": json.dumps(variables), "enforce_iam": str(config.enforce_iam)},
    )
    clients, settings = aws_clients(config), Settings.from_env(config.child_environment())
    if _read(record) == wanted and not missing(clients, settings, functions):
        step.skip("nothing has changed")
        return
    record.unlink(missing_ok=True)
    step.update("preparing Terraform")
    terraform.prepare(variables)
    terraform.apply(step)
    absent = missing(clients, settings, functions)
    if absent:
        raise StackError(
            f"Terraform was applied, but the settings name what it did not make: {', '.join(absent)}. "
            "Take the names out of the environment and `.env`, or keep them to Terraform's."
        )
    if config.enforce_iam:
        grant_what_only_the_emulator_asks(clients, functions)
        give_api_its_role(clients, terraform.output("api_statements"))
    record.write_text(wanted)


def missing(clients: AwsClients, settings: Settings, functions: list[str]) -> list[str]:
    """The buckets, tables, queues and functions that the stack works with and the emulator does not have."""
    checks: dict[str, Callable[[], Any]] = {}

    def check(kind: str, names: list[str], call: Callable[[str], Any]) -> None:
        for name in names:
            checks[f"{kind} {name}"] = partial(call, name)

    s3, dynamodb, sqs, functions_client = (clients(name) for name in ("s3", "dynamodb", "sqs", "lambda"))
    check(
        "bucket",
        [settings.s3_raw_bucket, settings.s3_embeddings_bucket, settings.s3_config_bucket],
        lambda name: s3.head_bucket(Bucket=name),
    )
    check(
        "table",
        [
            settings.dynamodb_document_table,
            settings.dynamodb_chunks_table,
            settings.dynamodb_jobs_table,
            settings.dynamodb_vectors_table,
            settings.dynamodb_conversations_table,
            settings.dynamodb_answers_table,
            settings.dynamodb_keys_table,
        ],
        lambda name: dynamodb.describe_table(TableName=name),
    )
    check(
        "queue",
        [
            settings.sqs_ingestion_queue,
            settings.sqs_embedding_queue,
            settings.sqs_dlq,
            settings.sqs_embedding_dlq,
            settings.sqs_events_dlq,
        ],
        lambda name: sqs.get_queue_url(QueueName=name),
    )
    check("function", functions, lambda name: functions_client.get_function(FunctionName=name))
    return [what for what, call in checks.items() if not _exists(call)]


def _exists(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError:
        return False
    except BotoCoreError as error:
        raise StackError(f"The emulator does not answer: {error}") from error
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
