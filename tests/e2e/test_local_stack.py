"""The local stack itself: what `make up` promises beside the pipeline."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.stack import Stack
from tests.e2e.live import LiveStack, eventually


def test_samples_are_completed_and_moved(stack: LiveStack) -> None:
    samples = sorted((stack.config.project / "samples" / "documents").iterdir())
    documents = [path.name for path in samples if not path.name.endswith(".metadata.json")]
    assert len(documents) >= 12
    for name in documents:
        version = stack.ended(f"samples/{name}")
        assert (version.status, version.s3_key) == ("COMPLETED", f"processed/samples/{name}")


def test_a_second_up_finds_nothing_to_do(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    pids = {info.name: info.pid for info in Stack(stack.config).supervisor.all()}
    Stack(stack.config).up(RichReporter(Console()))
    printed = capsys.readouterr().out
    assert "nothing has changed" in printed
    assert "already there" in printed
    assert {info.name: info.pid for info in Stack(stack.config).supervisor.all()} == pids


def test_a_port_that_is_taken_is_named_with_its_holder(stack: LiveStack, tmp_path: Path) -> None:
    other = dataclasses.replace(stack.config, home=tmp_path / "other")
    with pytest.raises(
        StackError, match=rf"Port {stack.config.emulator_port}.*local\.emulator.*pid \d+.*EMULATOR_PORT="
    ):
        Stack(other).up(RichReporter(Console()))


def test_status_lists_processes_documents_and_queues(stack: LiveStack) -> None:
    printed = stack.rag("status")
    assert printed.count("RUNNING") == 4
    assert re.search(r"processed/[a-z0-9/.-]+\.md +\d+ +COMPLETED", printed)
    assert "portfolio-embedding-queue" in printed


def test_upload_waits_and_ask_cites_what_was_uploaded(stack: LiveStack, tmp_path: Path) -> None:
    path = tmp_path / "harbour.md"
    path.write_text("# Harbour\n\nThe lighthouse of Brevik was painted orange in the year 1911.\n")
    printed = stack.rag("upload", str(path), "--prefix", "e2e", "--attributes", "town=Brevik", "--wait")
    assert "e2e/harbour.md: COMPLETED version 1, 1 chunks" in printed
    assert stack.ended("e2e/harbour.md").metadata == {"town": "Brevik"}

    answer = json.loads(stack.rag("ask", "In which year was the lighthouse of Brevik painted orange?", "--json"))
    assert answer["answered"]
    assert "painted orange in the year 1911" in answer["citations"][0]["quote"]
    shown = stack.rag("ask", "In which year was the lighthouse of Brevik painted orange?")
    assert "1911" in shown
    assert "e2e/harbour.md" in shown


def test_an_ingest_job_is_shown_until_it_ends(stack: LiveStack) -> None:
    printed = stack.rag("ingest", "--type", "INCREMENTAL")
    assert "INCREMENTAL:" in printed
    assert "0 failed" in printed


def test_what_handlers_log_reaches_cloudwatch(stack: LiveStack, tmp_path: Path) -> None:
    path = tmp_path / "picture.md"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    stack.aws("s3", "cp", str(path), f"s3://{stack.settings.s3_raw_bucket}/incoming/e2e/picture.md")
    document_id = stack.document_id("e2e/picture.md")
    logs = stack.clients("logs")

    def refusal() -> dict[str, str] | None:
        events = logs.filter_log_events(logGroupName="/aws/lambda/document-intake", filterPattern=document_id)["events"]
        records = [json.loads(event["message"]) for event in events if document_id in event["message"]]
        return records[0] if records else None

    assert eventually(refusal, "the refusal in CloudWatch Logs")["reason"] == "UNSUPPORTED_TYPE"


def test_state_survives_down_and_up(stack: LiveStack) -> None:
    before = stack.ended("samples/sqs-queues.md")
    assert Stack(stack.config).down()
    assert not Stack(stack.config).down()
    Stack(stack.config).up(RichReporter(Console()))
    assert stack.ended("samples/sqs-queues.md") == before
    response = stack.api.post("/api/chat", json={"question": "How long does Amazon SQS keep a message by default?"})
    assert "4 days" in response.json()["citations"][0]["quote"]
