"""Every command over documents, logs and services whose every word holds what a terminal would obey.

Nothing of that reaches the terminal, in words for people and in JSON, and what does come out still says what it was.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.cli import doctor, keys, overview, repair, stack, status, sync, upload
from portfolio_rag.cli.findings import Finding, State
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.main import app, main
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.report import Reporter
from portfolio_rag.pipeline.maintenance.differences import Difference, DifferenceKind
from tests.simulation.fast import install
from tests.simulation.world import RAW, World
from tests.support.api import MemoryApiKeys, TestClock, document

HOSTILE = "\x1b]0;owned\x07\x9b2J\u202e\x08[red]"
OBEYED = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x202E)} - {"\n", "\t"}
DOCUMENT_ID = document_id_for(RAW, "a.md")

CHUNK = {"chunk_index": 0, "page_start": 1, "heading_path": [HOSTILE], "content": HOSTILE}
VERSION = {
    "version": 1,
    "status": "FAILED",
    "upload_timestamp": "2026-01-05T10:12:00.000000Z",
    "chunk_count": 1,
    "file_size": 3,
    "s3_key": f"failed/{HOSTILE}.md",
    "restores": 1,
    "restored_by": HOSTILE,
    "metadata": {f"name {HOSTILE}": HOSTILE, "list": [HOSTILE]},
}
DOCUMENT = {
    "document_id": DOCUMENT_ID,
    "logical_key": f"{HOSTILE}.md",
    "status": "FAILED",
    "error_code": "CORRUPT",
    "error_message": HOSTILE,
    "live_version": 1,
    "deleted_at": None,
    "warnings": [{"message": HOSTILE}],
    "versions": [VERSION],
    "history": [{"version": 1, "since": "2026-01-05T10:12:00.000000Z", "until": None}],
    "chunk_count": 1,
    "chunks": [CHUNK],
}
CITATION = {"number": 1, "s3_key": HOSTILE, "version": 1, "page": 1, "heading_path": [HOSTILE], "quote": HOSTILE}
PASSAGE = {
    "s3_key": f"processed/{HOSTILE}.md",
    "score": 0.5,
    "page_start": 1,
    "heading_path": [HOSTILE],
    "matches": [],
    "text": HOSTILE,
}
ANSWER = {
    "answer": HOSTILE,
    "answered": False,
    "mode": "generated",
    "model": HOSTILE,
    "citations": [CITATION],
    "passages": [PASSAGE],
    "validation": {"score": 1.0},
    "finish_reason": "stop",
}
JOB = {
    "job_id": "1c9a5f0e",
    "job_type": "BATCH",
    "status": "COMPLETED",
    "summary": HOSTILE,
    "started_at": "2026-01-05T10:12:00.000000Z",
    "documents_total": 1,
    "documents_processed": 0,
    "documents_failed": 1,
    "statistics": {},
    "error_details": {HOSTILE: HOSTILE},
}
COMPARED = {
    "sections": [
        {"heading_path": [HOSTILE], "change": "changed", "changes": [{"removed": [HOSTILE], "added": [HOSTILE]}]}
    ],
    "unchanged": 1,
    "truncated": False,
}
RATED = {
    "answer_id": "5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11",
    "question": HOSTILE,
    "answered": True,
    "asked_at": "2026-01-05T10:12:00.000000Z",
    "rated_at": "2026-01-05T10:13:00.000000Z",
    "rating": "up",
    "comment": HOSTILE,
    "sources": [{"logical_key": HOSTILE}],
}
MONTH = {
    "month": "2026-01",
    "region": "us-east-1",
    "prices_dated": "2026-03-01",
    "so_far_usd": 1.0,
    "forecast_usd": 2.0,
    "counts": dict.fromkeys(("documents", "versions", "chunks", "new_versions", "questions"), 1),
    "notes": [HOSTILE],
    "lines": [
        {
            "service": HOSTILE,
            "usage": 1.0,
            "unit": "GB",
            "unit_price_usd": 1.0,
            "so_far_usd": 1.0,
            "forecast_usd": 2.0,
            "basis": "counted",
        }
    ],
}
ENTRY = {"outcome": "FAILED", "key": HOSTILE, "reason": HOSTILE}
RESPONSES: Mapping[str, Any] = {
    "/api/chat": ANSWER,
    f"/api/documents/{DOCUMENT_ID}/compare": COMPARED,
    f"/api/documents/{DOCUMENT_ID}/rollback": VERSION | {"document_id": DOCUMENT_ID},
    "/api/search": {"passages": [PASSAGE]},
    f"/api/documents/{DOCUMENT_ID}": DOCUMENT,
    "/api/jobs": {"items": [JOB]},
    "/api/jobs/1c9a5f0e": JOB,
    "/api/jobs/1c9a5f0e/documents": {"items": [ENTRY], "next_cursor": None},
    "/api/jobs/1c9a5f0e/cancel": JOB,
    "/api/jobs/1c9a5f0e/resume": JOB,
    "/api/cost": MONTH,
    "/api/answers": {"items": [RATED], "next_cursor": None},
    "/api/reindex": JOB,
}

COMMANDS: Mapping[str, list[str]] = {
    "up": [],
    "down": [],
    "clean": [],
    "status": [],
    "logs": [],
    "doctor": [],
    "upload": ["{folder}"],
    "sync": ["{folder}"],
    "show": [DOCUMENT_ID, "--chunks"],
    "delete": [DOCUMENT_ID, "--yes"],
    "versions": [DOCUMENT_ID],
    "compare": [DOCUMENT_ID, "1", "2"],
    "rollback": [DOCUMENT_ID, "1"],
    "redrive": ["--all"],
    "verify": [],
    "ask": [HOSTILE],
    "search": [HOSTILE],
    "ingest": [],
    "jobs list": [],
    "jobs show": ["1c9a5f0e", "--documents"],
    "jobs start": [],
    "jobs cancel": ["1c9a5f0e"],
    "jobs resume": ["1c9a5f0e"],
    "keys create": ["ann"],
    "keys list": [],
    "keys revoke": [HOSTILE],
    "cost": [],
    "eval": ["--questions", "{questions}"],
    "feedback list": [],
    "feedback export": [],
}
QUIET = {"down", "rollback", "jobs start", "jobs cancel", "jobs resume", "keys create"}
"""Those that tell people nothing that others have written."""
JSON_ALONE = {"feedback export"}
"""It prints nothing else, and has no option for it."""


class HostileStack:
    def __init__(self, config: StackConfig) -> None: ...

    def up(self, report: Reporter, *, samples: bool) -> None:
        with report.step("Ingesting") as step:
            step.update(HOSTILE)
            step.skip(HOSTILE)
        report.note(HOSTILE)

    def down(self) -> bool:
        return True

    def clean(self) -> None: ...


class HostileRegistry:
    def __init__(self, _: object) -> None: ...

    def count_by_status(self) -> dict[Any, int]:
        return {}

    def list_by_status(self, status: Any, *, limit: int) -> Any:
        failed = document(s3_key=f"failed/{HOSTILE}.md", error_message=HOSTILE)
        return type("Page", (), {"items": [failed]})()


class HostileJobs:
    def __init__(self, _: object) -> None: ...

    def list(self, limit: int) -> list[Job]:
        return [Job("1c9a5f0e", JobType.BATCH, JobStatus.FAILED, HOSTILE, Trigger.USER, "2026-01-05T10:12:00Z")]


def respond(request: httpx.Request) -> httpx.Response:
    found = RESPONSES.get(request.url.path)
    return httpx.Response(404, json={"detail": HOSTILE}) if found is None else httpx.Response(200, json=found)


def broken(_: object) -> Iterator[Finding]:
    yield Finding("emulator", State.WARNING, HOSTILE, HOSTILE)
    raise ValueError(HOSTILE)


@pytest.fixture(autouse=True)
def _hostile(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stack, its services and its files, with the hostile words wherever others have a say."""
    install(monkeypatch)
    home = tmp_path / HOSTILE.replace("/", "")
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "api.log").write_text(f"a request {HOSTILE}\n")
    monkeypatch.setenv("PORTFOLIO_HOME", str(home))
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", os.devnull)
    monkeypatch.setattr(stack, "Stack", HostileStack)
    monkeypatch.setattr(doctor, "_CHECKS", {"emulator": broken})
    transport = httpx.MockTransport(respond)
    monkeypatch.setattr(ApiClient, "__init__", partialmethod(ApiClient.__init__, transport=transport))
    services = {"s3": world.s3, "dynamodb": world.dynamo, "sqs": world.sqs}
    for module in (sync, upload, status):
        monkeypatch.setattr(module, "aws_clients", lambda config: services.__getitem__)
    monkeypatch.setattr(overview, "healthy", lambda url: True)
    monkeypatch.setattr(overview, "DynamoDocumentRegistry", HostileRegistry)
    monkeypatch.setattr(overview, "DynamoJobStore", HostileJobs)
    monkeypatch.setattr(overview, "SqsQueue", lambda sqs, name: world.container.ingestion_queue)
    world.upload(f"{HOSTILE}.md", "\x00\x01")
    world.rest()
    difference = Difference(DifferenceKind.UNKNOWN, DOCUMENT_ID, HOSTILE)
    scan = SimpleNamespace(run=lambda *, repair: [difference])
    parts = SimpleNamespace(full_scan=scan, redrive=world.container.redrive)
    monkeypatch.setattr(repair, "_parts", lambda _: parts)
    kept = MemoryApiKeys()
    keyring = Keyring(kept, TestClock())
    # No such name can be given to a key, but who writes to the table can write anything.
    key, _ = keyring.create("ann", [Scope.READ])
    kept.add(replace(key, name=HOSTILE, groups=(HOSTILE,)))
    monkeypatch.setattr(keys, "_keyring", lambda on_aws: keyring)


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str
) -> tuple[str, str]:
    """Standard output and standard error of a command."""
    folder = tmp_path / "documents"
    folder.mkdir(exist_ok=True)
    (folder / f"{HOSTILE.replace('/', '')}.md").write_bytes(b"\x00\x01\x02\x03" * 300)
    (folder / f"good {HOSTILE}.md").write_text("# A note\n\nWords.")
    questions = tmp_path / "questions.json"
    questions.write_text(json.dumps([{"question": HOSTILE, "document": HOSTILE}]))
    filled = [argument.format(folder=folder, questions=questions) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["rag", *filled])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr()
    return printed.out, printed.err


def commands(group: TyperGroup, *parents: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *parents, name)
        else:
            yield " ".join([*parents, name])


def test_no_command_is_left_out() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert set(commands(group)) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_people_see_what_it_is_and_the_terminal_nothing(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output, errors = run(monkeypatch, capsys, tmp_path, *command.split(), *COMMANDS[command])
    assert not OBEYED & set(output + errors)
    assert "Traceback" not in errors
    assert command in QUIET | JSON_ALONE or "\\x1b]0;owned\\x07\\x9b2J\\u202e\\x08[red]" in "".join(
        (output + errors).split("\n")
    )


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - JSON_ALONE))
def test_json_is_one_object_of_the_same_words(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output, errors = run(monkeypatch, capsys, tmp_path, *command.split(), "--json", *COMMANDS[command])
    assert not OBEYED & set(output + errors)
    said = json.dumps(json.loads(output), ensure_ascii=False)
    assert command in {"up", "down", "keys create"} or json.dumps(HOSTILE, ensure_ascii=False)[1:-1] in said


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("arguments", [["show", HOSTILE], [HOSTILE], ["ask", f"--{HOSTILE}"], ["logs", HOSTILE]])
def test_errors_repeat_nothing_that_is_obeyed(
    arguments: list[str],
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    output, errors = run(monkeypatch, capsys, tmp_path, *arguments, *options)
    assert output == ""
    assert not OBEYED & set(errors)
    said = json.loads(errors)["error"]["message"] if options else errors
    assert "]0;owned" in said
