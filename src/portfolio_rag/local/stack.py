"""The local stack as a whole: up, down, and what it is made of."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from portfolio_rag.local.chroma_files import remove_leftovers
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients, deploy
from portfolio_rag.local.emulator_guard import API_IDENTITY
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.execution_roles import role_credentials
from portfolio_rag.local.health import wait_until_ready
from portfolio_rag.local.preflight import check_disk, check_ports, check_terraform
from portfolio_rag.local.private_files import (
    make_private,
    private_files,
    remove_secrets,
    write_api_environment,
    write_secrets,
)
from portfolio_rag.local.programs import programs
from portfolio_rag.local.report import Reporter, Step
from portfolio_rag.local.samples import ingest_samples
from portfolio_rag.local.supervise import Supervisor, configuration, socket_path
from portfolio_rag.local.terraform import digest_of
from portfolio_rag.settings.environment import Settings

_READY_SECONDS = 120.0


class Stack:
    """Everything that `rag up` starts, for one StackConfig."""

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.supervisor = Supervisor(config)
        self._programs = programs(config)
        self._fingerprint_file = config.run_dir / "fingerprint"
        self._folders = (config.state_dir, config.logs_dir, config.run_dir, config.terraform_dir)

    def up(self, report: Reporter, *, samples: bool = True) -> None:
        """Bring everything up and wait until it works. What runs already and is unchanged is left alone.

        Raises StackError with a way out.
        """
        for variable in self.config.ignored_urls():
            report.note(f"{variable} is not where the local stack listens; it is not used here.")
        with private_files(), self._alone():
            with report.step("Checking this machine") as step:
                step.update(f"Terraform {check_terraform(self.config.process_environment())}")
                check_disk(self.config.home)
                self._make_room(step)
            with report.step("Baking the embedding model") as step:
                self._bake(step)
            if not self.supervisor.running():
                write_secrets(self.config)
                self.supervisor.start(self._programs, self.config.process_environment())
                self._fingerprint_file.write_text(self._fingerprint())
                self.config.remember_ports()
            # The API reads at its start what Terraform makes; the others do not.
            for name in ("emulator", "chroma", "lambda"):
                self._start(name, report)
            with report.step("Creating the AWS resources with Terraform") as step:
                deploy(self.config, step)
            if self.config.enforce_iam:
                secret = self.config.lambda_secret_file.read_text(encoding="ascii")
                write_api_environment(self.config, role_credentials(self.config.emulator_url, secret)(API_IDENTITY))
            self._start("api", report)
            if samples:
                with report.step("Ingesting the sample corpus") as step:
                    settings = Settings.from_env(self.config.child_environment())
                    ingest_samples(self.config, aws_clients(self.config), settings, step)

    def down(self) -> bool:
        """Stop every process, letting the emulator save its state; False when nothing ran."""
        stopped = self.supervisor.shutdown()
        remove_secrets(self.config)
        self.config.forget_ports()
        return stopped

    def clean(self) -> None:
        """Stop, and delete all state: documents, vectors, logs. The baked model and the plugins stay."""
        self.down()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self, step: Step) -> None:
        """Ports must be free, or ours with the configuration and code of today."""
        ours: set[int] = set()
        if self.supervisor.running():
            if self._fingerprint_file.exists() and self._fingerprint_file.read_text() == self._fingerprint():
                active = {info.name for info in self.supervisor.all() if info.state in ("RUNNING", "STARTING")}
                ours = {program.port for program in self._programs if program.name in active}
            else:
                step.update("stopping the processes of another configuration or version")
                self.supervisor.shutdown()
        check_ports(self._programs, ours)

    def _fingerprint(self) -> str:
        """Changes when a process would be started otherwise: command lines, environment, code."""
        config = self.config
        environment = config.child_environment()
        relevant = {name: environment[name] for name in sorted(environment) if _matters(name)}
        parts = [
            configuration(config, self._programs, socket_path(config.run_dir)),
            json.dumps(relevant),
            digest_of(config.project / "src", config.project / "api", config.project / "images"),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _bake(self, step: Step) -> None:
        """Costs a second when the baked model is that of today's sources, weights and libraries."""
        settings = Settings.from_env(self.config.child_environment())
        log = self.config.logs_dir / "bake.log"
        step.update("this takes a minute, once")
        with log.open("w") as output:
            done = subprocess.run(  # noqa: S603
                [
                    *(sys.executable, "-m", "portfolio_rag.bake"),
                    *("--output", str(self.config.model_dir), "--source", settings.embedding_model),
                ],
                env=self.config.process_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        words = log.read_text(errors="replace").splitlines()[-15:]
        if done.returncode != 0:
            raise StackError("\n".join(["The model could not be baked:", *words, f"The whole log is in {log}."]))
        if any("up to date" in line for line in words):
            step.skip("up to date")

    def _start(self, name: str, report: Reporter) -> None:
        program = next(program for program in self._programs if program.name == name)
        if name == "chroma" and self.supervisor.info(name).state not in ("RUNNING", "STARTING"):
            remove_leftovers(self.config.state_dir / "chroma")
        with report.step(f"Starting {program.title}") as step:
            self.supervisor.start_program(name)
            wait_until_ready(self.supervisor, program, self.config.logs_dir, step, timeout=_READY_SECONDS)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` at a time for one home; raises StackError when another one is at work."""
        for folder in self._folders:
            make_private(folder)
        with (self.config.run_dir / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StackError("Another `rag up` is at work here; wait for it to end.") from None
            os.set_inheritable(lock.fileno(), False)
            yield


def _matters(name: str) -> bool:
    """Variables that the processes read: those of Settings, and the clients' own."""
    return name.lower() in Settings.__dataclass_fields__ or name.startswith(("AWS_", "OPENAI_", "HF_"))
