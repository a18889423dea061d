"""What `rag jobs` asks the API for and makes of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from portfolio_rag.cli import ingest, jobs
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig

JOB: dict[str, Any] = {
    "job_id": "1c9a5f0e",
    "job_type": "BATCH",
    "status": "COMPLETED",
    "summary": "1 documents ingested: 1 new, 1 failed.",
    "started_at": "2026-01-05T10:12:00.000000Z",
    "documents_total": 2,
    "documents_processed": 1,
    "documents_failed": 1,
    "statistics": {"scanned": 2},
    "error_details": {"incoming/[a].png": "UNSUPPORTED_TYPE: a picture."},
}


class Api:
    """Answers in order, and notes what it was asked."""

    def __init__(self, folder: Path, *answers: httpx.Response) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)
        self.client = ApiClient(StackConfig.load({}, project=folder), transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.raw_path.decode()} {request.content.decode()}".rstrip())
        return self._answers.pop(0)


def test_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(tmp_path, httpx.Response(200, json={"items": [JOB]}))
    jobs.show_all(status="COMPLETED", limit=5, api=api.client)
    assert api.asked == ["GET /api/jobs?limit=5&status=COMPLETED"]
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == [
        "1c9a5f0e", "BATCH", "COMPLETED", "2026-01-05", "10:12:00",
        "1", "documents", "ingested:", "1", "new,", "1", "failed.",
    ]  # fmt: skip


def test_show_reads_every_page_of_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"outcome": "FAILED", "key": "incoming/[a].png", "reason": "UNSUPPORTED_TYPE: a picture."}
    api = Api(
        tmp_path,
        httpx.Response(200, json=JOB),
        httpx.Response(200, json={"items": [], "next_cursor": "20-0"}),
        httpx.Response(200, json={"items": [entry], "next_cursor": None}),
    )
    jobs.show("1c9a5f0e", documents=False, outcome="FAILED", api=api.client)
    assert api.asked == [
        "GET /api/jobs/1c9a5f0e",
        "GET /api/jobs/1c9a5f0e/documents?limit=1000&outcome=FAILED",
        "GET /api/jobs/1c9a5f0e/documents?limit=1000&outcome=FAILED&cursor=20-0",
    ]
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "COMPLETED. 1 documents ingested: 1 new, 1 failed."
    assert shown[-1] == "FAILED     incoming/[a].png  UNSUPPORTED_TYPE: a picture."


def test_start_prints_the_id_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(tmp_path, httpx.Response(202, json=JOB))
    jobs.start("BATCH", prefix="guides/", api=api.client)
    assert api.asked == ['POST /api/reindex {"job_type":"BATCH","source_s3_prefix":"guides/"}']
    assert capsys.readouterr().out == "1c9a5f0e\n"


def test_a_job_that_has_ended_is_not_cancelled(tmp_path: Path) -> None:
    api = Api(tmp_path, httpx.Response(409, json={"detail": "The job has ended already: it is COMPLETED."}))
    with pytest.raises(InvalidRequest, match="it is COMPLETED"):
        jobs.cancel("1c9a5f0e", api=api.client)
    assert api.asked[0].startswith("POST /api/jobs/1c9a5f0e/cancel")


def test_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(tmp_path, httpx.Response(202, json=JOB))
    jobs.resume("1c9a5f0e", budget=1.5, api=api.client)
    assert api.asked == ['POST /api/jobs/1c9a5f0e/resume {"budget_usd":1.5}']
    assert capsys.readouterr().out == "1c9a5f0e goes on.\n"


@pytest.mark.parametrize(("measured", "rates"), [(0, "no earlier job tells"), (3, "as the last 3 of them")])
def test_estimate(tmp_path: Path, capsys: pytest.CaptureFixture[str], measured: int, rates: str) -> None:
    told = {
        "documents": 1000, "windows_copied": 15000, "windows_embedded": 0,
        "seconds": 75.4, "usd": 0.00372, "measured_jobs": measured,
    }  # fmt: skip
    api = Api(tmp_path, httpx.Response(200, json=told))
    ingest.estimate("REINDEX", prefix="", api=api.client)
    assert api.asked == ["GET /api/reindex/estimate?job_type=REINDEX&source_s3_prefix="]
    shown = capsys.readouterr().out
    assert "REINDEX: 1,000 documents, 15,000 windows from the backup." in shown
    assert "Time: 0:01:15" in shown
    assert rates in shown
    assert "0.0037 USD" in shown
