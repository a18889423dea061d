"""What `rag ask` and `rag ingest` make of the API's responses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from portfolio_rag.cli.ask import ask, rendered
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.ingest import summary
from portfolio_rag.cli.main import app
from portfolio_rag.domain.errors import DependencyUnavailable, InvalidRequest
from portfolio_rag.local.config import StackConfig

ANSWER: dict[str, Any] = {
    "answer": "Messages stay 4 days. [1]",
    "answered": True,
    "mode": "extractive",
    "model": "extractive",
    "citations": [
        {
            "number": 1,
            "s3_key": "processed/guides/sqs [draft].md",
            "version": 2,
            "page": 3,
            "heading_path": ["SQS", "Limits"],
            "quote": "Messages stay\n4 days.",
        }
    ],
    "passages": [],
    "validation": {"score": 1.0},
    "finish_reason": "stop",
}


def shown(markup: str) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(markup)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_answer_and_numbered_citations_are_shown() -> None:
    text = shown(rendered(ANSWER))
    assert "Messages stay 4 days. [1]" in text
    assert "[1] processed/guides/sqs [draft].md (version 2), page 3, SQS > Limits" in text
    assert "“Messages stay 4 days.”" in text


def quoted(number: int, quote: str, page: int) -> dict[str, Any]:
    return {**ANSWER["citations"][0], "number": number, "quote": quote, "page": page}


def test_each_source_is_one_line_with_its_quotes() -> None:
    citations = [quoted(1, "One [x]", 3), quoted(1, "Two", 3), quoted(1, "Three", 4), quoted(2, "Four", 3)]
    lines = shown(rendered(ANSWER | {"citations": citations})).splitlines()
    where = "processed/guides/sqs [draft].md (version 2), page 3, SQS > Limits"
    assert lines[2:4] == [f"[1] {where} “One [x]” “Two” “Three”, page 4, SQS > Limits", f"[2] {where} “Four”"]


@pytest.mark.parametrize(
    ("reason", "said"), [("length", "its limit"), ("content_filter", "withheld"), ("incomplete", "broke off")]
)
def test_a_cut_draft_is_said_to_be_one(reason: str, said: str) -> None:
    assert said in shown(rendered(ANSWER | {"finish_reason": reason}))
    assert said not in shown(rendered(ANSWER))


def test_without_an_answer_the_nearest_passages_are_shown() -> None:
    passages = [{"s3_key": "processed/a.md", "score": 0.31}]
    text = shown(rendered(ANSWER | {"answered": False, "citations": [], "passages": passages}))
    assert "The nearest passages:" in text
    assert "processed/a.md (0.31)" in text


def test_a_job_is_summed_up_with_what_went_wrong() -> None:
    job = {
        "job_type": "BATCH",
        "documents_total": 3,
        "documents_processed": 2,
        "documents_failed": 1,
        "statistics": {"vectors_reused": 40},
        "error_details": {"guides/a.pdf": "It is encrypted."},
    }
    assert summary(job).splitlines() == [
        "BATCH: 3 documents, 2 processed, 1 failed, vectors reused: 40",
        "  guides/a.pdf: It is encrypted.",
    ]


def client(tmp_path: Path, handler: Any, **settings: str) -> ApiClient:
    return ApiClient(StackConfig.load(settings, project=tmp_path), transport=httpx.MockTransport(handler))


def test_requests_carry_the_key_and_go_to_the_port(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://127.0.0.1:8123/api/chat"
        assert request.headers["X-API-Key"] == "secret"
        return httpx.Response(200, json=json.loads(request.content))

    with client(tmp_path, handler, API_PORT="8123", API_KEY="secret") as api:
        assert api.post("/api/chat", {"question": "why"}) == {"question": "why"}


@pytest.mark.parametrize(("top_k", "body"), [(None, {"question": "why"}), (3, {"question": "why", "top_k": 3})])
def test_without_a_number_of_passages_the_model_configuration_decides(
    top_k: int | None, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def post(api: ApiClient, path: str, content: Any) -> dict[str, Any]:
        asked.append(content)
        return ANSWER

    monkeypatch.setattr(ApiClient, "post", post)
    ask("why", top_k=top_k, as_of=None, as_json=True)
    assert asked == [body]


def problem(status: int, **content: Any) -> Any:
    return lambda _: httpx.Response(status, json={"title": "Title", "status": status, **content})


def test_problem_details_become_one_message(tmp_path: Path) -> None:
    handler = problem(
        422,
        detail="The request is not valid.",
        hint="Correct it.",
        errors=[{"field": "question", "detail": "too long"}],
    )
    with (
        client(tmp_path, handler) as api,
        pytest.raises(InvalidRequest, match=r"^The request is not valid\. question: too long Correct it\.$"),
    ):
        api.get("/api/jobs")


def test_a_server_error_may_pass(tmp_path: Path) -> None:
    with (
        client(tmp_path, problem(503, detail="Chroma is down.")) as api,
        pytest.raises(DependencyUnavailable, match=r"Chroma is down\."),
    ):
        api.get("/api/health")


def test_an_answer_that_is_no_problem_document_is_quoted(tmp_path: Path) -> None:
    with (
        client(tmp_path, lambda _: httpx.Response(502, text="Bad gateway")) as api,
        pytest.raises(DependencyUnavailable, match="Bad gateway"),
    ):
        api.get("/api/health")


def test_a_refused_connection_names_the_way_out(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with client(tmp_path, refuse) as api, pytest.raises(DependencyUnavailable, match="`make up` starts it"):
        api.get("/api/health")


@pytest.mark.parametrize(
    ("answered", "fail_on_refusal", "code"), [(False, True, 3), (False, False, 0), (True, True, 0)]
)
def test_a_refusal_is_an_exit_code_where_that_is_asked_for(
    answered: bool, fail_on_refusal: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiClient, "post", lambda *_: ANSWER | {"answered": answered})
    options = ["--fail-on-refusal"] if fail_on_refusal else []
    assert CliRunner().invoke(app, ["ask", "why", *options]).exit_code == code
