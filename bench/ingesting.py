"""Copying documents into a running stack with the `aws` command line, and what that costs, process by process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.measure import cpu_s, family, pss_mb
from bench.stack import RunningStack
from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.functions import discover
from portfolio_rag.settings.environment import Settings

_POLL_SECONDS = 0.3
_TIMEOUT_SECONDS = 900.0
_EMBEDDED = re.compile(r"Embedded (\d+) of (\d+) windows")
_INVOCATION = re.compile(r'"message": "invocation", "function": "([\w-]+)".*"milliseconds": (\d+)')


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_s` from the start of the command to the last COMPLETED; `cpu_s` by process in that time, the command's own
    as `aws`; `embedded` windows, and how many there were; `pss_mb` at the end, by process; `longest_s` of the
    invocations of each function, and their number."""

    wall_s: float
    command_s: float
    cpu_s: dict[str, float]
    pss_mb: dict[str, float]
    embedded: tuple[int, int]
    longest_s: dict[str, tuple[float, int]]


class Ingester:
    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._settings = Settings.from_env(stack.environment)
        self._clients = AwsClients(self._settings)
        table = Table(self._clients("dynamodb"), self._settings.dynamodb_document_table)
        self._registry = DynamoDocumentRegistry(table)
        self._functions = [function.name for function in discover(stack.config.project / "images")]
        self._log = stack.config.logs_dir / "lambda.log"

    def copy_in(self, folder: Path, prefix: str) -> Run:
        """`aws s3 cp --recursive`, and wait until every document's newest version is COMPLETED.

        Raises RuntimeError when one fails, or nothing moves for long.
        """
        keys = [f"{prefix}/{path.relative_to(folder)}" for path in sorted(folder.rglob("*")) if path.is_file()]
        ids = {document_id_for(self._settings.s3_raw_bucket, key): key for key in keys}
        wanted = self._next_versions(ids)
        log_from = self._log.stat().st_size if self._log.exists() else 0
        before, own_before = self._cpu(), _children_s()
        started = time.perf_counter()
        command = [str(Path(sys.executable).parent / "aws"), "s3", "cp", "--recursive", "--only-show-errors"]
        command += [str(folder), f"s3://{self._settings.s3_raw_bucket}/incoming/{prefix}/"]
        subprocess.run(command, env=dict(self._stack.environment), check=True)
        command_s = time.perf_counter() - started
        self._wait(wanted)
        wall_s = time.perf_counter() - started
        after, own_after = self._cpu(), _children_s()
        cpu: dict[str, float] = defaultdict(float)
        for pid, (name, seconds) in after.items():
            cpu[name] += seconds - before.get(pid, (name, 0.0))[1]
        cpu["aws"] = own_after - own_before
        log = self._logged(log_from)
        return Run(wall_s, command_s, dict(cpu), self._pss(), _embedded(log), _longest(log))

    def sync(self, folder: Path, prefix: str) -> float:
        """Seconds of one `rag sync` of the folder, its start included. Raises RuntimeError where it had work to do."""
        command = [str(Path(sys.executable).parent / "rag"), "sync", str(folder), "--prefix", prefix, "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, env=dict(self._stack.environment), check=True, capture_output=True, text=True)
        elapsed = time.perf_counter() - started
        if moved := json.loads(done.stdout)["documents"]:
            raise RuntimeError(f"rag sync had {len(moved)} documents to upload, and none was changed.")
        return elapsed

    def answers_from(self, key: str, query: str) -> bool:
        """Whether the document is among the first passages of a search."""
        answer = httpx.post(
            f"{self._stack.config.api_url}/api/search", json={"query": query, "top_k": 10}, timeout=60, trust_env=False
        )
        answer.raise_for_status()
        return any(one["s3_key"].endswith(key) for one in answer.json()["passages"])

    def _next_versions(self, ids: dict[str, str]) -> dict[tuple[str, int], str | None]:
        """The versions that the uploads will be, with when an upload of the document last changed nothing."""
        found = self._registry.heads_and_versions((id_, 1) for id_ in ids)
        return {
            (id_, head.latest_version + 1 if head else 1): head.last_seen_at if head else None
            for (id_, _), (head, _) in found.items()
        }

    def _wait(self, wanted: dict[tuple[str, int], str | None]) -> None:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        waiting = set(wanted)
        while waiting:
            # Few of those that wait: asking must cost next to nothing beside what is measured.
            sample = sorted(waiting)[:25]
            for key, (head, version) in self._registry.heads_and_versions(sample).items():
                if version is not None and version.status is DocumentStatus.FAILED:
                    raise RuntimeError(f"{version.s3_key}: {version.error_code} {version.error_message}")
                unchanged = version is None and head is not None and head.last_seen_at != wanted[key]
                if unchanged or (version is not None and version.status is DocumentStatus.COMPLETED):
                    waiting.discard(key)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(waiting)} documents are not COMPLETED after {_TIMEOUT_SECONDS:.0f} s.")
            if waiting.issuperset(sample):
                time.sleep(_POLL_SECONDS)

    def processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """By the name that `Run` gives them; a function that runs several times comes as often.

        `template` is what the functions are forked from.
        """
        for name, pid in self._stack.pids().items():
            process = psutil.Process(pid)
            yield ("host" if name == "lambda" else name), process
            if name == "lambda":
                for template in process.children():
                    yield "template", template
                    for child in template.children():
                        yield self._function(child), child

    def _cpu(self) -> dict[int, tuple[str, float]]:
        found = {}
        for name, process in self.processes():
            # A function's children are those that extract text, or fork for it. The host's child is the template, the
            # template's are the functions; those that have ended meanwhile, idle, are left out.
            times = process.cpu_times()
            own = times.user + times.system
            found[process.pid] = (name, own if name in ("host", "template") else sum(map(cpu_s, family(process))))
        return found

    def _pss(self) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for name, process in self.processes():
            # A function with what it has started; the others come one by one.
            members = [process] if name in ("host", "template") else family(process)
            total[name] += sum(map(pss_mb, members))
        return dict(total)

    def _function(self, process: psutil.Process) -> str:
        """The system keeps the first 15 characters of a function's name."""
        name = process.name()
        return next((function for function in self._functions if function[:15] == name[:15]), "template")

    def timeout_s(self, function: str) -> float:
        """What the function is given for an invocation."""
        answer = self._clients("lambda").get_function_configuration(FunctionName=function)
        return float(answer["Timeout"])

    def _logged(self, start: int) -> str:
        """What the functions and their host have said since that place in their log."""
        with self._log.open("rb") as stream:
            stream.seek(start)
            return stream.read().decode("utf-8", "replace")


def _embedded(log: str) -> tuple[int, int]:
    """What embedding-generator said it embedded, and had to."""
    found = [(int(one), int(every)) for one, every in _EMBEDDED.findall(log)]
    return sum(one for one, _ in found), sum(every for _, every in found)


def _longest(log: str) -> dict[str, tuple[float, int]]:
    found: dict[str, list[float]] = defaultdict(list)
    for name, milliseconds in _INVOCATION.findall(log):
        found[name].append(int(milliseconds) / 1000)
    return {name: (max(taken), len(taken)) for name, taken in found.items()}


def _children_s() -> float:
    """CPU time of the commands that this process has run."""
    times = os.times()
    return times.children_user + times.children_system


def as_json(run: Run) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps({name: getattr(run, name) for name in run.__dataclass_fields__}))
    return content
