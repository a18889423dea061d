"""The stack in containers, in order: build, `docker compose up`, `tflocal apply`, the sample corpus.

`make up MODE=containers`, `make down MODE=containers`, `make clean MODE=containers`. Terraform works in a copy of
`terraform/` under `.portfolio/containers`, so that its state stays out of the source tree. What Compose reads from
the environment (COMPOSE_FILE, EMULATOR_PORT, OPENAI_API_KEY, …) works here as with `docker compose` itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker_cli import DockerNotFoundError, compose_command, docker_command
from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.functions import queue_concurrency
from portfolio_rag.local.terraform import Terraform, plugin_environment, tflocal_environment

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "documents"
_API_SECONDS = 120
_SETTINGS = "TF_VAR_function_settings"


@dataclass(frozen=True, slots=True)
class ContainerStack:
    """`home` keeps Terraform's working copy and state; `environment` is what Compose and Terraform run with."""

    home: Path
    environment: Mapping[str, str]

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> ContainerStack:
        home = Path(environment.get("PORTFOLIO_HOME") or ROOT / ".portfolio") / "containers"
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        return cls(home, {**credentials, **environment})

    @property
    def emulator_url(self) -> str:
        return f"http://127.0.0.1:{self.environment.get('EMULATOR_PORT') or 4566}"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.environment.get('API_PORT') or 8000}"

    def up(self, *, build: bool) -> None:
        reporter = RichReporter(Console())
        if build:
            self._run(sys.executable, "scripts/containers/images.py", "build")
        self._run(*compose_command(), "up", "--detach")
        with reporter.step("Create the AWS resources") as step:
            terraform = self._terraform()
            terraform.prepare()
            terraform.apply(step)
        with reporter.step("Wait for the API"):
            self._await_api()
        self._run(
            *(str(Path(sys.executable).parent / "aws"), "--endpoint-url", self.emulator_url, "s3", "cp"),
            *("--recursive", "--only-show-errors", str(SAMPLES), "s3://portfolio-raw/incoming/"),
        )
        print(f"Everything is up, and the samples are on their way in. Ask: {self.api_url}/")

    def down(self, *, volumes: bool = False) -> None:
        """Stop and remove the containers, those that the emulator started too; the volumes as well if asked."""
        # First the emulator, which otherwise starts functions anew; then the functions, which hold the network.
        self._run(*compose_command(), "stop", "emulator")
        network = self.environment.get("PORTFOLIO_NETWORK") or "portfolio-network"
        listing = [*docker_command(), "ps", "--all", "--quiet", "--filter", "label=ministack=lambda"]
        functions = subprocess.run(
            [*listing, "--filter", f"network={network}"], capture_output=True, text=True, check=True
        ).stdout.split()
        if functions:
            self._run(*docker_command(), "rm", "--force", "--volumes", *functions)
        self._run(*compose_command(), "down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def clean(self) -> None:
        """Stop everything and delete documents, vectors and Terraform's state."""
        self.down(volumes=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _terraform(self) -> Terraform:
        variables = {_SETTINGS: json.dumps(self._function_settings())}
        environment = tflocal_environment(plugin_environment(self.environment, ROOT) | variables, self.emulator_url)
        return Terraform(source=ROOT / "terraform", work=self.home / "terraform", environment=environment)

    def _function_settings(self) -> dict[str, dict[str, int]]:
        """Terraform's `function_settings` for one machine; what the user set as TF_VAR_function_settings wins.

        Every upload of a burst starts a container of its own until some are warm: no more of them than a laptop
        holds, and time enough for all to start at once.
        """
        settings = queue_concurrency(ROOT / "images")
        settings["document-intake"] = {"reserved_concurrency": 16, "timeout_seconds": 120}
        for function, chosen in json.loads(self.environment.get(_SETTINGS) or "{}").items():
            settings[function] = settings.get(function, {}) | chosen
        return settings

    def _await_api(self) -> None:
        deadline = time.monotonic() + _API_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.api_url}/api/live", timeout=5):  # noqa: S310
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise StackError(f"The API at {self.api_url} does not answer: {error}") from error
            time.sleep(0.5)

    def _run(self, *command: str) -> None:
        subprocess.run(command, cwd=ROOT, env=dict(self.environment), check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["up", "down", "clean"])
    parser.add_argument("--no-build", action="store_true", help="take the images that are there")
    arguments = parser.parse_args()
    stack = ContainerStack.load(os.environ)
    try:
        if arguments.command == "up":
            stack.up(build=not arguments.no_build)
        elif arguments.command == "down":
            stack.down()
        else:
            stack.clean()
    except (StackError, DockerNotFoundError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"Error: `{' '.join(error.cmd[:4])} …` ended with {error.returncode}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
