"""The containers at work: documents copied in, functions in real containers, answers with citations, Chroma killed."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.containers.live import ROOT, LiveContainers, docker, eventually

pytestmark = pytest.mark.containers

_SAMPLES = sorted(p for p in (ROOT / "samples" / "documents").iterdir() if not p.name.endswith(".metadata.json"))
# Enough of a document for its embedding to take several invocations.
_SECTIONS = 40
_DOCUMENTS = 6


def test_functions_in_containers_ingest_what_the_command_line_copies(stack: LiveContainers) -> None:
    documents = stack.all_ended(len(_SAMPLES), timeout=300)
    assert {document["filename"] for document in documents} == {path.name for path in _SAMPLES}
    assert {(d["filename"], d["status"], d["error_message"]) for d in documents if d["status"] != "COMPLETED"} == set()
    at_work = {function for function, container in stack.function_containers() if stack.cold_start(container)}
    assert {"document-intake", "document-processor", "embedding-generator"} <= at_work


def test_api_container_answers_with_citations_that_hold(stack: LiveContainers) -> None:
    stack.all_ended(len(_SAMPLES), timeout=300)
    asked = next(q for q in json.loads((ROOT / "samples" / "questions.json").read_text()) if q["document"])
    answer = stack.api.post("/api/chat", json={"question": asked["question"]}).raise_for_status().json()
    assert answer["answered"], answer
    assert asked["document"] in {citation["filename"] for citation in answer["citations"]}
    assert any(asked["phrase"] in citation["quote"] for citation in answer["citations"]), answer["citations"]


def test_api_container_keeps_idle_connections_for_a_load_balancer(stack: LiveContainers) -> None:
    url = stack.api.base_url
    connection = HTTPConnection(url.host, url.port, timeout=10)
    with closing(connection):
        for idle in (7, 0):  # Longer than the 5 s that uvicorn would wait by itself.
            connection.request("GET", "/api/live")
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("connection")) == (200, None)
            answer.read()
            time.sleep(idle)


def test_cold_start_of_the_embedding_function_is_measured_inside(
    stack: LiveContainers, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.all_ended(len(_SAMPLES), timeout=300)
    measured: dict[str, list[dict[str, float]]] = {}
    for function, container in stack.function_containers():
        if start := stack.cold_start(container):
            measured.setdefault(function, []).append(asdict(start))
    with capsys.disabled():
        print(f"\ncold starts, in ms, measured inside the containers: {json.dumps(measured)}")
    assert all(start["init"] > 0 and start["first_invocation"] > 0 for start in measured["embedding-generator"])


def test_nothing_is_lost_when_chroma_is_killed_in_the_middle_of_an_ingestion(
    stack: LiveContainers, tmp_path: Path
) -> None:
    stack.all_ended(len(_SAMPLES), timeout=300)
    batch = tmp_path / "batch"
    batch.mkdir()
    for number in range(_DOCUMENTS):
        (batch / f"notes-{number}.md").write_text(_notes(number))
    stack.aws("s3", "cp", "--recursive", "--only-show-errors", str(batch), "s3://portfolio-raw/incoming/batch/")

    def under_way() -> list[dict[str, Any]]:
        return [d for d in stack.documents() if d["filename"].startswith("notes-")]

    def in_the_middle() -> bool:
        found = under_way()
        return any(d["embedded_count"] for d in found) and any(d["status"] != "COMPLETED" for d in found)

    eventually(in_the_middle, "the batch in the middle of its embedding", timeout=120)
    chroma = stack.service("chromadb")
    docker("kill", chroma)
    late = tmp_path / "late.md"
    late.write_text(_notes(_DOCUMENTS))
    stack.aws("s3", "cp", "--only-show-errors", str(late), "s3://portfolio-raw/incoming/batch/")
    eventually(
        lambda: any(d["filename"] == "late.md" and d["status"] == "PROCESSING" for d in stack.documents()),
        "the document that came while Chroma was away, waiting for its vectors",
        timeout=60,
    )
    assert any(d["status"] == "PROCESSING" for d in under_way())
    docker("start", chroma)

    documents = stack.all_ended(len(_SAMPLES) + _DOCUMENTS + 1, timeout=480)
    assert {(d["filename"], d["error_message"]) for d in documents if d["status"] != "COMPLETED"} == set()
    vectors = stack.vector_ids()
    assert len(vectors) == len(set(vectors))
    assert set(vectors) == set(stack.expected_vector_ids())
    for queue in ("portfolio-ingestion-dlq", "portfolio-embedding-dlq", "portfolio-events-dlq"):
        url = json.loads(stack.aws("sqs", "get-queue-url", "--queue-name", queue, "--output", "json"))["QueueUrl"]
        names = ("--attribute-names", "ApproximateNumberOfMessages", "--output", "json")
        held = json.loads(stack.aws("sqs", "get-queue-attributes", "--queue-url", url, *names))
        assert held["Attributes"]["ApproximateNumberOfMessages"] == "0", queue
    answer = stack.api.post("/api/chat", json={"question": f"What is the code of station {_DOCUMENTS}-7?"}).json()
    assert "late.md" in {citation["filename"] for citation in answer["citations"]}, answer


def _notes(number: int) -> str:
    """A document of its own words: no two share a text, so each of its windows has to be embedded."""
    sections = []
    for section in range(_SECTIONS):
        name = f"{number}-{section}"
        code = hashlib.sha256(name.encode()).hexdigest()
        readings = " ".join(f"Reading {n} of station {name} was {code[n : n + 6]}." for n in range(12))
        sections.append(f"## Station {name}\n\nThe code of station {name} is {code[:8]}. {readings}\n")
    return f"# Notes {number}\n\n" + "\n".join(sections)
