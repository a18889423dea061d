"""`rag logs --document`: the lines of one document, from files and from CloudWatch, in their order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from portfolio_rag.cli import timeline
from portfolio_rag.cli.main import app
from portfolio_rag.domain.identifiers import document_id_for

DOCUMENT_ID = document_id_for("portfolio-raw", "a.md")


def line(message: str, time: str, **fields: Any) -> str:
    entry = {"timestamp": time, "levelname": "INFO", "name": "x", "message": message, "document_id": DOCUMENT_ID}
    return json.dumps(entry | fields)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTFOLIO_HOME", str(tmp_path))
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", os.devnull)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "lambda.log.1").write_text(f"[document-intake] {line('Taken in', '2026-01-05 10:12:00,100')}\n")
    (folder / "lambda.log").write_text(
        "INFO uvicorn starts\n"
        f"[embedding-generator] {line('Embedded', '2026-01-05 10:12:02,300', milliseconds=40)}\n"
        f"[document-processor] {line('Chunked', '2026-01-05 10:12:01,200', levelname='WARNING')}\n"
        f"[document-processor] {line('Another', '2026-01-05 10:12:01,200', document_id='another')}\n"
        f"[document-processor] {{broken {DOCUMENT_ID}\n"
    )
    (folder / "api.log").write_text(line("Uploaded", "2026-01-05 10:11:59,000") + "\n")
    return folder


def test_the_way_of_a_document_over_all_functions_rotated_logs_included(logs: Path) -> None:
    shown = CliRunner().invoke(app, ["logs", "--document", "a.md"]).output.splitlines()
    assert [entry.split("  ")[1].strip() for entry in shown] == [
        "api",
        "document-intake",
        "document-processor",
        "embedding-generator",
    ]
    assert shown[-1].endswith("Embedded  milliseconds=40")


def test_as_json_times_are_utc(logs: Path) -> None:
    told = json.loads(CliRunner().invoke(app, ["logs", "--document", DOCUMENT_ID, "--json"]).output)
    assert told["document_id"] == DOCUMENT_ID
    assert [event["message"] for event in told["events"]] == ["Uploaded", "Taken in", "Chunked", "Embedded"]
    assert told["events"][2]["level"] == "WARNING"
    assert told["events"][3]["fields"] == {"milliseconds": 40}
    local = datetime(2026, 1, 5, 10, 11, 59).astimezone(UTC)
    assert told["events"][0]["time"] == local.isoformat(timespec="milliseconds")


def test_without_a_line_it_says_what_to_ask_instead(logs: Path) -> None:
    assert "`rag show" in CliRunner().invoke(app, ["logs", "--document", "never.md"]).output


@pytest.mark.parametrize("options", [["api", "--document", "a.md"], ["--document", "a.md", "--follow"], ["--aws"]])
def test_what_does_not_go_together_is_refused(options: list[str], logs: Path) -> None:
    assert CliRunner().invoke(app, ["logs", *options]).exit_code == 2


class Pages:
    """A paginator of boto3's, over what it is told; it notes what it was asked for."""

    def __init__(self, pages: dict[str, list[dict[str, Any]]], key: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self._pages, self._key = pages, key

    def paginate(self, **options: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(options)
        yield from self._pages.get(options[self._key], [])


def test_on_aws_every_group_of_the_deployment_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 5, 10, 12, tzinfo=UTC)
    milliseconds = int(moment.timestamp() * 1000)
    groups = Pages(
        {
            "/aws/lambda/document-intake": [{"logGroups": [{"logGroupName": "/aws/lambda/document-intake-eu"}]}],
            "/ecs/portfolio-api": [{"logGroups": [{"logGroupName": "/ecs/portfolio-api-eu"}]}],
        },
        "logGroupNamePrefix",
    )
    intake = [
        {"events": [{"timestamp": milliseconds, "message": line("Taken in", "2026-01-05 10:12:00,000")}]},
        {"events": [{"timestamp": milliseconds, "message": f"REPORT {DOCUMENT_ID}"}]},
    ]
    events = Pages({"/aws/lambda/document-intake-eu": intake}, "logGroupName")
    paginators = {"describe_log_groups": groups, "filter_log_events": events}
    logs: Any = type("Logs", (), {"get_paginator": staticmethod(paginators.__getitem__)})
    since = moment - timedelta(days=7)
    found = list(timeline.from_cloudwatch(logs, ["document-intake", "check-health"], DOCUMENT_ID, since=since))
    assert [(event.time, event.source, event.message) for event in found] == [
        (moment, "document-intake-eu", "Taken in")
    ]
    assert [asked["logGroupName"] for asked in events.asked] == [
        "/aws/lambda/document-intake-eu",
        "/ecs/portfolio-api-eu",
    ]
    assert {asked["startTime"] for asked in events.asked} == {int(since.timestamp() * 1000)}
    assert {asked["filterPattern"] for asked in events.asked} == {f'"{DOCUMENT_ID}"'}
