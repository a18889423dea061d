"""`make deploy` and `make destroy`: the whole stack on AWS from an empty account, and away again.

Terraform makes everything; this brings what lies between its steps: what the account must allow, the images between
their repositories and the functions, the first API key, and a document that goes in and is answered from.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from deployment import ROOT, Deployment, TerraformFailed
from quotas import shortages
from smoke import SmokeTestFailed, smoke_test

from portfolio_rag.local.errors import StackError
from portfolio_rag.local.throwaway_emulator import throwaway_emulator

FIRST = (
    "module.repository",
    "module.api_repository",
    "module.api_service[0].aws_secretsmanager_secret.this",
)
"""What must be there before the images are pushed and the tasks start."""

KEPT = ("module.vector_database[0].aws_ebs_volume.data", "module.vector_database[0].aws_backup_vault.this")
"""What `destroy` leaves to the user: Chroma's disk, and the snapshots of it."""


class DeployError(Exception):
    """What stands in the way, and what to do about it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["plan", "deploy", "destroy"])
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is made or deleted")
    parser.add_argument(
        "--state-bucket", default="", help="S3 bucket that keeps Terraform's state; default: a local file"
    )
    parser.add_argument(
        "--delete-documents", action="store_true", help="destroy: delete documents, vectors and history"
    )
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "plan":
                plan()
            case "deploy":
                deploy(arguments.state_bucket, ask=not arguments.yes)
            case _:
                destroy(arguments.state_bucket, ask=not arguments.yes, documents=arguments.delete_documents)
    except (DeployError, TerraformFailed, SmokeTestFailed, StackError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"error: AWS answers: {error}", file=sys.stderr)
        return 1
    return 0


# --- plan ---------------------------------------------------------------------------------------------------------


def plan() -> None:
    """Print what a deployment would make, without an account: planned against an emulator that is empty."""
    with tempfile.TemporaryDirectory() as scratch, throwaway_emulator(Path(scratch)) as url:
        deployment = Deployment.emulated(Path(scratch) / "terraform", url)
        deployment.init()
        deployment.show_plan()
    print("Planned against an empty emulator: names, numbers and rules are those of a deployment to AWS; ids are not.")


# --- deploy -------------------------------------------------------------------------------------------------------


def deploy(state_bucket: str, *, ask: bool) -> None:
    session = _session()
    deployment = Deployment.on_aws(state_bucket)
    if not deployment.variable("name_suffix"):
        raise DeployError(
            'Bucket names are unique over all of AWS: put name_suffix = "acme-prod" (your own) into '
            "terraform/terraform.tfvars."
        )
    _say("Checking quotas")
    for shortage in shortages(session, maximum_tasks=deployment.maximum_tasks()):
        print(f"  {shortage}")
    deployment.init()
    _say("Repositories and secrets first")
    _apply(deployment, ask=ask, targets=FIRST)
    key = _give_keys(session, deployment)
    _say("Images")
    subprocess.run(["make", "build-images", "push-images"], cwd=ROOT, check=True, env=deployment.environment)
    _say("Everything else")
    _apply(deployment, ask=ask)
    _say("Waiting for Chroma and the API")
    names = deployment.output("service_names")
    session.client("ecs").get_waiter("services_stable").wait(
        cluster=names["cluster"], services=[names[part] for part in ("chroma", "api") if part in names]
    )
    url = deployment.output("api_url")
    _say("A document in, an answer out")
    smoke_test(session, deployment, url, key)
    print(f"\nThe console and the API answer at {url}/")
    print(f"Its key, also in Secrets Manager: {key}")


def _session() -> Any:
    if os.environ.get("AWS_ENDPOINT_URL"):
        raise DeployError("AWS_ENDPOINT_URL is set: that is for an emulator. Unset it to deploy to AWS.")
    session = boto3.Session()
    if not session.region_name:
        raise DeployError("No region: set AWS_DEFAULT_REGION, or a region in your profile.")
    try:
        identity = session.client("sts").get_caller_identity()
    except NoCredentialsError:
        raise DeployError("No credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE.") from None
    print(f"Account {identity['Account']}, region {session.region_name}, as {identity['Arn']}")
    return session


def _give_keys(session: Any, deployment: Deployment) -> str:
    """A value to each secret of the API, without which no task of it starts; the API's own key."""
    names = deployment.output("api_secret_names")
    client = session.client("secretsmanager")
    if "CHROMA_API_KEY" in names:
        # The one that the functions get.
        client.put_secret_value(SecretId=names["CHROMA_API_KEY"], SecretString=deployment.variable("chroma_api_key"))
    if "OPENAI_API_KEY" in names:
        given = deployment.environment.get("OPENAI_API_KEY")
        if given:
            client.put_secret_value(SecretId=names["OPENAI_API_KEY"], SecretString=given)
        elif _value(client, names["OPENAI_API_KEY"]) is None:
            raise DeployError(
                "Answers by OpenAI need its key: set OPENAI_API_KEY in the environment of this command. It is kept in "
                "Secrets Manager, and asked for once."
            )
    return _first_key(session, names["API_KEY"])


def _value(client: Any, name: str) -> str | None:
    """What the secret holds; None before it was given a value."""
    try:
        return str(client.get_secret_value(SecretId=name)["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        return None


def _first_key(session: Any, name: str) -> str:
    """The key in the secret; made now if there is none. No state and no log holds it."""
    client = session.client("secretsmanager")
    key = _value(client, name)
    if key is None:
        key = secrets.token_urlsafe(32)
        client.put_secret_value(SecretId=name, SecretString=key)
    return key


def _apply(deployment: Deployment, *, ask: bool, targets: tuple[str, ...] = ()) -> None:
    changes = deployment.plan(targets)
    if not changes:
        print("  nothing has changed")
        return
    if ask and input("Make this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise DeployError("Nothing was made. What was made before is still there.")
    deployment.apply_plan()


# --- destroy ------------------------------------------------------------------------------------------------------


def destroy(state_bucket: str, *, ask: bool, documents: bool) -> None:
    if not documents:
        raise DeployError(
            "This deletes the buckets and tables with every document, vector and record. Say so: "
            "make destroy DELETE_DOCUMENTS=1."
        )
    _session()
    deployment = Deployment.on_aws(state_bucket)
    deployment.init()
    if ask and input("Delete every document and everything else? Write the name_suffix: ") != deployment.variable(
        "name_suffix"
    ):
        raise DeployError("Nothing was deleted.")
    # A bucket with objects and a table under protection are deleted only when Terraform was told so before.
    deployment.apply("-var=force_destroy_buckets=true", "-var=deletion_protection=false")
    volume = deployment.output("chroma_volume_id")
    if volume:
        deployment.forget(KEPT)
    deployment.destroy()
    if not volume:
        return
    print(f"\nKept: Chroma's volume {volume}, and its snapshots in AWS Backup. To delete the volume too:")
    print(f"  aws ec2 delete-volume --volume-id {volume}")


def _say(what: str) -> None:
    print(f"==> {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
