"""What a check of `rag doctor` looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.cli.overview import Overview, overview
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.health import healthy
from portfolio_rag.local.programs import Program, programs
from portfolio_rag.settings.environment import Settings


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` says what to do about it; empty where there is nothing to do."""

    check: str
    state: State
    detail: str
    mend: str = ""


class Patient:
    """What the checks look at, each part looked up once."""

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.settings = Settings.from_env(config.child_environment())

    @cached_property
    def clients(self) -> AwsClients:
        return aws_clients(self.config)

    @cached_property
    def overview(self) -> Overview:
        return overview(self.config, self.clients, self.settings)

    @cached_property
    def programs(self) -> Mapping[str, Program]:
        return {program.name: program for program in programs(self.config)}

    def answers(self, name: str) -> bool:
        """Whether the program answers, whoever has started it."""
        return healthy(self.programs[name].health_url)


Check = Callable[[Patient], Iterator[Finding]]
"""May raise: what it raises is a finding, too."""
