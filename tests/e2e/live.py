"""The local stack as the end-to-end tests see it: its command lines, its API, its data."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.index_aliases import DynamoIndexAliases
from portfolio_rag.adapters.dynamodb.job_store import DynamoJobStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.local.config import StackConfig
from portfolio_rag.settings.environment import Settings

_T = TypeVar("_T")
_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class LiveStack:
    """A stack that is up, the sample corpus ingested. `environment` is what its processes and commands run with."""

    config: StackConfig
    settings: Settings
    clients: AwsClients
    api: httpx.Client
    environment: Mapping[str, str] = field(repr=False)

    @property
    def registry(self) -> DynamoDocumentRegistry:
        return DynamoDocumentRegistry(Table(self.clients("dynamodb"), self.settings.dynamodb_document_table))

    @property
    def live_collection(self) -> str:
        """The name of the collection that answers."""
        table = Table(self.clients("dynamodb"), self.settings.dynamodb_jobs_table)
        return DynamoIndexAliases(table, DynamoJobStore(table), self.settings.chroma_collection).current().live

    def document_id(self, logical_key: str) -> str:
        return document_id_for(self.settings.s3_raw_bucket, logical_key)

    def raw(self, logical_key: str, body: bytes) -> None:
        """Upload past the API."""
        self.clients("s3").put_object(Bucket=self.settings.s3_raw_bucket, Key=f"incoming/{logical_key}", Body=body)

    def dead_letter(self, version: DocumentVersion) -> None:
        """Put the version's message into the dead-letter queue, as if its deliveries were used up."""
        queue = SqsQueue(self.clients("sqs"), self.settings.sqs_dlq)
        queue.send([IngestionMessage.of(version).to_json()])

    def aws(self, *arguments: str) -> str:
        """The `aws` command line against the emulator, as a user types it; returns what it printed."""
        return self._run("aws", "--endpoint-url", self.config.emulator_url, *arguments)

    def rag(self, *arguments: str) -> str:
        """The `rag` command line; returns what it printed."""
        return self._run("rag", *arguments)

    def rag_json(self, *arguments: str, code: int | None = 0) -> Any:
        """The object that `rag … --json` printed; fails where it ended with another exit code. None: any will do."""
        return json.loads(self._run("rag", *arguments, "--json", code=code))

    def ended(self, logical_key: str, version: int = 1, *, timeout: float = 120) -> DocumentVersion:
        """That version of a document as soon as it is COMPLETED or FAILED and its object has moved."""

        def settled() -> DocumentVersion | None:
            found = self.registry.get(self.document_id(logical_key), version)
            return found if found and found.status.terminal and found.settled else None

        return eventually(settled, f"version {version} of {logical_key} at its end", timeout=timeout)

    def _run(self, command: str, *arguments: str, code: int | None = 0) -> str:
        done = subprocess.run(
            [str(_BIN / command), *arguments],
            env=dict(self.environment),
            cwd=self.config.project,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert code in (None, done.returncode), f"{command} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def eventually(probe: Callable[[], _T | None], what: str, *, timeout: float = 60) -> _T:
    """The first result of `probe` that is true; fails naming `what` when none comes in time."""
    deadline = time.monotonic() + timeout
    while True:
        found: Any = probe()
        if found:
            return found  # type: ignore[no-any-return]
        assert time.monotonic() < deadline, f"Not within {timeout:.0f} s: {what}"
        time.sleep(0.3)
