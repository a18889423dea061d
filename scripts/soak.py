"""`make soak`: ingest, ask, delete, kill and restart at random on a stack of its own, then see whether all agrees.

For so many minutes documents are uploaded, replaced and deleted and questions asked, while every now and then a process
is killed with SIGKILL or frozen. Then everything is left alone until it has come to rest. An error is: an answer other
than 200, 429 and 503, a document that does not answer as it was uploaded last, stores that differ, memory that grows.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.isolation import isolated_environment
from portfolio_rag.local.stack import Stack

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ("emulator", "chroma", "lambda", "api")
KEYS = 40
PAUSE_SECONDS = 1.0
FAULT_SECONDS = 45.0
"""Between two faults, on average."""

FROZEN_SECONDS = 10.0
REST_SECONDS = 900.0
"""At most until all has come to rest: check-health compares a document five minutes after its end."""

SAMPLE_SECONDS = 5.0
GROWTH = 1.25
"""Of the median memory of a program, from the second quarter of the run to the last, beside 50 MB."""


@dataclass
class Record:
    """What was done, and what came of it."""

    done: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    away: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


class Soak:
    """`wanted`: by key, the texts that may answer in the end; None for no answer."""

    def __init__(self, stack: Stack, api: httpx.Client, rng: random.Random) -> None:
        config = stack.config
        self.stack, self.api, self.rng = stack, api, rng
        self.clients = aws_clients(config)
        self.parts = RepairParts.from_env(config.child_environment())
        self.bucket = self.parts.settings.s3_raw_bucket
        self.record = Record()
        self.wanted: dict[str, set[str | None]] = {}
        self.number = 0
        self.faults: list[tuple[str, bool]] = []

    # --- what happens

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        next_fault = time.monotonic() + FAULT_SECONDS / 2
        actions: list[tuple[Callable[[], None], int]] = [
            (self.upload, 6),
            (self.ask, 6),
            (self.delete, 1),
            (self.bad, 1),
        ]
        with self._memory_watched():
            while time.monotonic() < end:
                (action,) = self.rng.choices([action for action, _ in actions], [weight for _, weight in actions])
                action()
                if time.monotonic() > next_fault:
                    self.fault()
                    next_fault = time.monotonic() + self.rng.uniform(0.5, 1.5) * FAULT_SECONDS
                time.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))

    def upload(self) -> None:
        key = f"soak/{self.rng.randrange(KEYS)}.md"
        self.number += 1
        word = f"value{self.number}"
        sentences = [
            f"Paragraph {n} of {key} says that its number is {word} today." for n in range(self.rng.choice([3, 3, 60]))
        ]
        text = "\n\n".join([f"# The number {word}", *sentences])
        self._change(
            "uploads", key, word, lambda: self._s3().put_object(Bucket=self.bucket, Key=f"incoming/{key}", Body=text)
        )

    def bad(self) -> None:
        key = f"soak/bad-{self.rng.randrange(5)}.md"
        body = b"\x00\x01\x02\x03" * 300
        self._change(
            "bad uploads",
            key,
            None,
            lambda: self._s3().put_object(Bucket=self.bucket, Key=f"incoming/{key}", Body=body),
        )

    def delete(self) -> None:
        if self.wanted:
            key = self.rng.choice(sorted(self.wanted))
            response = self._call("deletions", "DELETE", f"/api/documents/{document_id_for(self.bucket, key)}")
            if response is not None and response.status_code == 202:
                # What waits in incoming/ goes, too; an upload that is registered meanwhile does not.
                self.wanted[key] = {None}
            elif response is None or response.status_code >= 500:
                self.wanted[key] |= {None}

    def ask(self) -> None:
        body = {
            "question": f"What is the number of soak/{self.rng.randrange(KEYS)}.md today?",
            "stream": self.rng.random() < 0.3,
        }
        self._call("questions", "POST", "/api/chat", json=body)

    def fault(self) -> None:
        """Kill a program, or freeze Chroma for a while, and ask until there are answers again."""
        if not self.faults:
            self.faults = [*((name, False) for name in PROGRAMS), ("chroma", True)]
            self.rng.shuffle(self.faults)
        name, frozen = self.faults.pop()
        pid = self.stack.supervisor.info(name).pid
        if not pid:
            return
        what = f"{name} frozen for {FROZEN_SECONDS:.0f} s" if frozen else f"{name} killed"
        self.record.done[what] += 1
        began = time.monotonic()
        if frozen:
            os.kill(pid, signal.SIGSTOP)
            threading.Timer(FROZEN_SECONDS, os.kill, (pid, signal.SIGCONT)).start()
        else:
            os.kill(pid, signal.SIGKILL)
        while time.monotonic() < began + 120:
            response = self._call("probes", "POST", "/api/search", json={"query": "number"})
            if (
                response is not None
                and response.status_code == 200
                and (not frozen or time.monotonic() > began + FROZEN_SECONDS)
            ):
                break
            time.sleep(0.2)
        self.record.away[what].append(time.monotonic() - began)

    # --- how it ends

    def come_to_rest(self) -> None:
        """Wait until nothing is left to do and the stores agree; what is still wrong at the end is an error."""
        deadline = time.monotonic() + REST_SECONDS
        left = ["nothing was looked at"]
        while left and time.monotonic() < deadline:
            time.sleep(15)
            try:
                self.clients("lambda").invoke(FunctionName="check-health", InvocationType="Event", Payload=b"{}")
                left = self._left()
            except (PortfolioRagError, BotoCoreError, ClientError) as error:
                left = [f"{type(error).__name__}: {error}"]
        self.record.errors += left

    def _left(self) -> list[str]:
        registry = self.parts.registry
        for status in (DocumentStatus.PENDING, DocumentStatus.PROCESSING):
            if under_way := [version.s3_key for version in registry.iter_by_status(status)]:
                return [f"{len(under_way)} documents are {status}, {under_way[0]} for one."]
        if due := list(registry.pending_reconciliation()):
            return [f"{len(due)} documents are not reconciled yet, {due[0].logical_key} for one."]
        wrong = [problem for key, words in sorted(self.wanted.items()) if (problem := self._wrong(key, words))]
        found = [f"{difference.kind} {difference.detail}" for difference in self.parts.full_scan.run(repair=False)]
        # Vectors that a fenced worker has backed up late are removed; who had addressed them is not recorded.
        return wrong + [difference for difference in found if not difference.startswith("DANGLING")]

    def _wrong(self, key: str, words: set[str | None]) -> str:
        head = self.parts.registry.head(document_id_for(self.bucket, key))
        live = head.live_version if head and head.deleted_at is None else 0
        text = ""
        if live and head:
            text = " ".join(chunk.content for chunk in self.parts.chunks.of_document(head.document_id, version=live))
        answering = next((word for word in words if word and f" {word} " in f" {text} "), None)
        return (
            ""
            if answering in words and (bool(text) == (answering is not None))
            else f"{key} answers {text[:60]!r}, not {words}."
        )

    def judge_memory(self) -> None:
        for name, sizes in self.record.memory.items():
            quarter = len(sizes) // 4
            if quarter:
                before, after = statistics.median(sizes[quarter : 2 * quarter]), statistics.median(sizes[-quarter:])
                if after > GROWTH * before + 50:
                    self.record.errors.append(f"The memory of {name} grew from {before:.0f} to {after:.0f} MB.")

    # --- helpers

    def _s3(self) -> Any:
        return self.clients("s3")

    def _change(self, what: str, key: str, word: str | None, change: Callable[[], object]) -> None:
        try:
            change()
        except (BotoCoreError, ClientError):
            # It may have been done although nobody has heard of it.
            self.record.done[f"{what} without an answer"] += 1
            self.wanted[key] = self.wanted.get(key, {None}) | {word}
            return
        self.record.done[what] += 1
        # An upload that is refused leaves what answered before.
        self.wanted[key] = {word}

    def _call(self, what: str, method: str, path: str, **arguments: object) -> httpx.Response | None:
        began = time.monotonic()
        try:
            response = self.api.request(method, path, **arguments)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            self.record.answers[type(error).__name__] += 1
            return None
        finally:
            self.record.done[what] += 1
            self.record.slowest = max(self.record.slowest, time.monotonic() - began)
        self.record.answers[str(response.status_code)] += 1
        if response.status_code >= 500 and response.status_code != 503:
            self.record.errors.append(f"{method} {path}: {response.status_code} {response.text[:200]}")
        if response.status_code == 503 and "Retry-After" not in response.headers:
            self.record.errors.append(f"{method} {path}: 503 without Retry-After")
        return response

    @contextmanager
    def _memory_watched(self) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(SAMPLE_SECONDS):
                for info in self.stack.supervisor.all():
                    if info.state == "RUNNING":
                        self.record.memory[info.name].append(_megabytes(info.pid))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _megabytes(pid: int) -> int:
    """Resident memory of a process and of those that it has started."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return int(sum(member.memory_info().rss for member in family)) // 1024**2
    except psutil.Error:
        return 0


def _report(record: Record, minutes: float, seed: int) -> str:
    lines = [f"{minutes:g} minutes, seed {seed}", "", "| What | How often |", "|---|---|"]
    lines += [f"| {what} | {count} |" for what, count in sorted(record.done.items())]
    lines += ["", "| Answer | How often |", "|---|---|"]
    lines += [f"| {code} | {count} |" for code, count in sorted(record.answers.items())]
    lines += [
        "",
        f"The slowest answer took {record.slowest:.1f} s.",
        "",
        "| Fault | Seconds until answers came again |",
        "|---|---|",
    ]
    lines += [
        f"| {what} | {', '.join(f'{seconds:.1f}' for seconds in times)} |"
        for what, times in sorted(record.away.items())
    ]
    lines += ["", "| Program | Memory in MB: first quarter, last quarter, most |", "|---|---|"]
    for name, sizes in sorted(record.memory.items()):
        quarter = max(1, len(sizes) // 4)
        first, last = statistics.median(sizes[:quarter]), statistics.median(sizes[-quarter:])
        lines.append(f"| {name} | {first:.0f}, {last:.0f}, {max(sizes)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float, nargs="?", default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    home = ROOT / ".portfolio" / "soak" / str(os.getpid())
    config = StackConfig.load(isolated_environment(home, model_dir=ROOT / ".portfolio" / "model"), project=ROOT)
    stack = Stack(config)
    console = Console()
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, home, ignore_errors=True)
        cleanup.callback(stack.down)
        stack.up(RichReporter(console), samples=False)
        api = cleanup.enter_context(httpx.Client(base_url=config.api_url, timeout=60, trust_env=False))
        soak = Soak(stack, api, random.Random(arguments.seed))  # noqa: S311
        soak.run(60 * arguments.minutes)
        stack.up(RichReporter(console), samples=False)
        soak.come_to_rest()
        soak.judge_memory()
        console.print(
            _report(soak.record, arguments.minutes, arguments.seed), markup=False, highlight=False, soft_wrap=True
        )
        if soak.record.errors:
            shutil.copytree(config.logs_dir, home.parent / "logs", dirs_exist_ok=True)
    for error in soak.record.errors:
        print(f"ERROR: {error}", file=sys.stderr)
    return 1 if soak.record.errors else 0


if __name__ == "__main__":
    sys.exit(main())
