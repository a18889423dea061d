"""Terraform's calls of a deployment: in `terraform/` itself for AWS, in a copy of it for an emulator."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portfolio_rag.local.terraform import plugin_environment, provider_mirror, tflocal_environment

ROOT = Path(__file__).resolve().parents[2]
_PLAN = "deployment.tfplan"
_BACKEND = """# Written by `make deploy` from STATE_BUCKET.
terraform {
  backend "s3" {}
}
"""


# The image for ECS is in a parameter that no emulator has; Amazon Linux itself is in one that it has.
_EMULATED_MACHINE = """data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
"""


class TerraformFailed(Exception):
    """With Terraform's own words above it on the terminal."""


@dataclass(frozen=True, slots=True)
class Deployment:
    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    state_bucket: str = ""

    @classmethod
    def on_aws(cls, state_bucket: str) -> Deployment:
        return cls(ROOT / "terraform", ("terraform",), _environment(dict(os.environ)), state_bucket)

    @classmethod
    def emulated(cls, folder: Path, url: str) -> Deployment:
        """In `folder`, which must not be there yet: a copy without the state of a real deployment."""
        shutil.copytree(
            ROOT / "terraform",
            folder,
            ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*_override.tf", "*.tfplan"),
        )
        (folder / "modules" / "vector_database" / "emulated_override.tf").write_text(_EMULATED_MACHINE)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        emulated = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        environment = tflocal_environment(clean | emulated, url)
        tflocal = (sys.executable, str(Path(sys.executable).parent / "tflocal"))
        return cls(folder, tflocal, _environment(environment))

    def variable(self, name: str) -> str:
        """What the user chose for a text, in a variable of the environment or in terraform.tfvars; empty without."""
        if chosen := self.environment.get(f"TF_VAR_{name}"):
            return chosen
        for path in [self.folder / "terraform.tfvars", *sorted(self.folder.glob("*.auto.tfvars"))]:
            if path.exists() and (found := re.search(rf'^\s*{name}\s*=\s*"([^"]*)"', path.read_text(), re.MULTILINE)):
                return found.group(1)
        return ""

    def maximum_tasks(self) -> int:
        """Of the API, as Terraform reads its variables."""
        return int(self._console("var.api_service.maximum_tasks"))

    def init(self) -> None:
        arguments = ["init", "-input=false"]
        backend = self.folder / "backend_override.tf"
        if self.state_bucket:
            backend.write_text(_BACKEND)
            arguments += [
                f"-backend-config=bucket={self.state_bucket}",
                "-backend-config=key=portfolio-rag/terraform.tfstate",
                "-backend-config=use_lockfile=true",
                "-backend-config=encrypt=true",
            ]
        if (mirror := provider_mirror(self.environment)) is not None:
            arguments.append(f"-plugin-dir={mirror}")
        self._run(arguments)

    def show_plan(self) -> None:
        self._run(["plan", "-input=false"])

    def plan(self, targets: Sequence[str] = ()) -> bool:
        """Show what would change and keep it for `apply_plan`; false where nothing would."""
        arguments = [
            "plan",
            "-input=false",
            "-detailed-exitcode",
            f"-out={_PLAN}",
            *(f"-target={name}" for name in targets),
        ]
        status = self._run(arguments, allowed=(0, 2))
        return status == 2

    def apply_plan(self) -> None:
        self._run(["apply", "-input=false", _PLAN])
        (self.folder / _PLAN).unlink()

    def apply(self, *options: str) -> None:
        self._run(["apply", "-input=false", "-auto-approve", *options])

    def destroy(self) -> None:
        self._run(["destroy", "-input=false", "-auto-approve", "-var=force_destroy_buckets=true"])

    def forget(self, addresses: Sequence[str]) -> None:
        """Take resources out of the state: they stay where they are, and are nobody's."""
        self._run(["state", "rm", *addresses])

    def output(self, name: str) -> Any:
        """None for one that is null, which Terraform does not keep in its state."""
        return json.loads(self._read(["output", "-json"])).get(name, {}).get("value")

    def _console(self, expression: str) -> Any:
        done = subprocess.run(
            ["terraform", "console"],
            cwd=self.folder,
            env=dict(self.environment),
            input=f"jsonencode({expression})\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise TerraformFailed(f"`terraform console` failed:\n{done.stderr}")
        return json.loads(json.loads(done.stdout))

    def _read(self, arguments: Sequence[str]) -> str:
        # Not `command`: tflocal has words of its own on the output.
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise TerraformFailed(f"`terraform {' '.join(arguments)}` failed:\n{done.stderr}")
        return done.stdout

    def _run(self, arguments: Sequence[str], *, allowed: Sequence[int] = (0,)) -> int:
        done = subprocess.run([*self.command, *arguments], cwd=self.folder, env=dict(self.environment), check=False)
        if done.returncode not in allowed:
            raise TerraformFailed(f"`terraform {arguments[0]}` ended with {done.returncode}: its words are above.")
        return done.returncode


def _environment(environment: dict[str, str]) -> dict[str, str]:
    return {**plugin_environment(environment, ROOT), "TF_VAR_deploy_services": "true"}
