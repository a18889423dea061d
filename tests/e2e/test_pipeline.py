"""The main job on the running stack: what is copied into S3 with the `aws` command line is answered from."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docx import Document as Docx

from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.dynamodb.chunk_store import DynamoChunkStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.documents import DocumentStatus
from tests.e2e.live import LiveStack, eventually

RAW = "s3://portfolio-raw"

GUIDE = """# Ferry timetable of Lindholm

## Winter

From November on the ferry to Lindholm leaves at {winter} from the northern pier.

## Fares

A single crossing costs {fare} crowns, a bicycle travels free of charge.
"""


def copy(stack: LiveStack, path: Path, key: str) -> None:
    stack.aws("s3", "cp", str(path), f"{RAW}/incoming/{key}")


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ask(stack: LiveStack, question: str, **options: Any) -> dict[str, Any]:
    response = stack.api.post("/api/chat", json={"question": question, **options})
    response.raise_for_status()
    return dict(response.json())


def quotes(answer: dict[str, Any]) -> str:
    return " ".join(citation["quote"] for citation in answer["citations"])


def chunks_of(stack: LiveStack, document_id: str) -> list[Chunk]:
    table = Table(stack.clients("dynamodb"), stack.settings.dynamodb_chunks_table)
    return list(DynamoChunkStore(table, stack.settings.dynamodb_document_table).of_document(document_id))


def windows_of(stack: LiveStack, document_id: str) -> list[str]:
    store = ChromaVectorStore(stack.config.chroma_url)
    return list(store.windows_of(stack.live_collection, document_id))


def keys(stack: LiveStack, bucket: str, prefix: str) -> list[str]:
    answer = stack.clients("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in answer.get("Contents", [])]


def test_a_document_copied_into_s3_is_stored_everywhere_and_answered_from(stack: LiveStack, tmp_path: Path) -> None:
    copy(stack, write(tmp_path, "ferry.md", GUIDE.format(winter="06:40", fare=85)), "e2e/ferry.md")
    version = stack.ended("e2e/ferry.md")
    document_id = version.document_id

    assert version.status is DocumentStatus.COMPLETED
    assert (version.filename, version.file_type, version.s3_key) == ("ferry.md", "md", "processed/e2e/ferry.md")
    assert version.embedding_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert keys(stack, "portfolio-raw", "incoming/e2e/ferry") == []
    assert keys(stack, "portfolio-raw", "processed/e2e/ferry") == ["processed/e2e/ferry.md"]

    chunks = chunks_of(stack, document_id)
    assert len(chunks) == version.chunk_count
    assert {chunk.status for chunk in chunks} == {ChunkStatus.EMBEDDED}
    expected = {id_ for chunk in chunks for id_ in chunk.window_ids}
    assert set(windows_of(stack, document_id)) == expected

    backups = keys(stack, "portfolio-embeddings", f"vectors/{document_id}/")
    assert {f"s3://portfolio-embeddings/{key}" for key in backups} == {chunk.embedding_vector_s3 for chunk in chunks}
    body = stack.clients("s3").get_object(Bucket="portfolio-embeddings", Key=backups[0])["Body"].read()
    vectors = np.load(io.BytesIO(body))
    assert vectors.shape == (len(expected), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert len(keys(stack, "portfolio-embeddings", f"metadata/{document_id}/")) == len(backups)

    answer = ask(stack, "When does the ferry to Lindholm leave in winter?")
    assert answer["answered"]
    assert "06:40" in answer["answer"]
    citation = next(one for one in answer["citations"] if "leaves at 06:40 from the northern pier" in one["quote"])
    assert citation["document_id"] == document_id
    assert (citation["version"], citation["filename"]) == (1, "ferry.md")


def test_the_same_text_again_embeds_nothing_and_a_changed_one_takes_over(stack: LiveStack, tmp_path: Path) -> None:
    path = write(tmp_path, "tram.md", GUIDE.format(winter="07:15", fare=40).replace("Lindholm", "Osterby"))
    copy(stack, path, "e2e/tram.md")
    first = stack.ended("e2e/tram.md", 1)
    before = _embedded(stack)
    path.write_text(path.read_text() + "\n")
    copy(stack, path, "e2e/tram.md")
    again = stack.ended("e2e/tram.md", 2)
    assert again.status is DocumentStatus.COMPLETED
    # The backup of the new version is a copy: the vectors were found by their content.
    assert _embedded(stack) == before

    path.write_text(path.read_text().replace("07:15", "09:55"))
    copy(stack, path, "e2e/tram.md")
    assert stack.ended("e2e/tram.md", 3).status is DocumentStatus.COMPLETED
    answer = ask(stack, "When does the ferry to Osterby leave in winter?")
    assert "09:55" in answer["answer"]
    assert "07:15" not in json.dumps(answer)
    eventually(lambda: stack.ended("e2e/tram.md", 2).retired, "version 2 retired")
    chunks = chunks_of(stack, first.document_id)
    live = {id_ for chunk in chunks if chunk.version == 3 for id_ in chunk.window_ids}
    assert set(windows_of(stack, first.document_id)) == live
    # What was replaced is kept, and answers as of its time alone.
    assert {chunk.version for chunk in chunks} == {1, 2, 3}
    then = {"query": "When does the ferry to Osterby leave in winter?", "document_id": first.document_id, "as_of": 2}
    (passage,) = stack.api.post("/api/search", json=then).json()["passages"]
    assert passage["version"] == 2
    assert "07:15" in passage["text"]
    assert keys(stack, "portfolio-raw", "archived/e2e/tram") == ["archived/e2e/tram.v1.md", "archived/e2e/tram.v2.md"]


def _embedded(stack: LiveStack) -> int:
    """How many distinct texts have ever been embedded: the size of the content-address index."""
    answer = stack.clients("dynamodb").scan(TableName=stack.settings.dynamodb_vectors_table, Select="COUNT")
    return int(answer["Count"])


def test_a_deleted_document_is_gone_from_answers_and_stores(stack: LiveStack, tmp_path: Path) -> None:
    copy(
        stack,
        write(tmp_path, "bus.md", GUIDE.format(winter="05:05", fare=12).replace("Lindholm", "Gressvik")),
        "bus.md",
    )
    document_id = stack.ended("bus.md").document_id
    assert "05:05" in ask(stack, "When does the ferry to Gressvik leave in winter?")["answer"]
    stack.aws("s3", "rm", f"{RAW}/processed/bus.md")
    eventually(lambda: stack.registry.get(document_id, 1).retired, "the purge")  # type: ignore[union-attr]
    assert document_id not in json.dumps(ask(stack, "When does the ferry to Gressvik leave in winter?"))
    assert chunks_of(stack, document_id) == []
    assert windows_of(stack, document_id) == []
    assert keys(stack, "portfolio-embeddings", f"vectors/{document_id}/") == []


def test_delete_through_the_api(stack: LiveStack, tmp_path: Path) -> None:
    copy(stack, write(tmp_path, "cab.md", "# Cabs\n\nThe cabs of Molde are painted purple since 1987.\n"), "cab.md")
    document_id = stack.ended("cab.md").document_id
    assert stack.api.delete(f"/api/documents/{document_id}").status_code in (202, 204)
    assert document_id not in json.dumps(ask(stack, "Since when are the cabs of Molde painted purple?"))
    assert windows_of(stack, document_id) == []
    assert keys(stack, "portfolio-raw", "processed/cab.md") == []


def encrypted_pdf() -> bytes:
    """A PDF of one page whose standard security handler asks for a password that is not the empty one."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"ab" * 32 + b"> /U <" + b"cd" * 32 + b"> >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    identifier = b"<" + b"01" * 16 + b">"
    out += b"trailer\n<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [%s %s] >>\n" % (identifier, identifier)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


@pytest.mark.parametrize(
    ("name", "content", "reason", "says"),
    [
        ("photo.md", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "UNSUPPORTED_TYPE", "Portable Network Graphics"),
        ("empty.txt", b"", "EMPTY_FILE", "empty"),
        ("secret.pdf", encrypted_pdf(), "ENCRYPTED", "password"),
        ("blank.html", b"<html><body><script>alert(1)</script></body></html>", "NO_TEXT", "text"),
    ],
)
def test_what_cannot_be_read_fails_with_its_reason(
    stack: LiveStack, tmp_path: Path, name: str, content: bytes, reason: str, says: str
) -> None:
    copy(stack, write(tmp_path, name, content), f"bad/{name}")
    version = stack.ended(f"bad/{name}")
    assert (version.status, version.error_code) == (DocumentStatus.FAILED, reason)
    assert says.lower() in (version.error_message or "").lower()
    head = stack.clients("s3").head_object(Bucket="portfolio-raw", Key=f"failed/bad/{name}")
    assert head["Metadata"]["error-code"] == reason
    detail = stack.api.get(f"/api/documents/{version.document_id}").json()
    assert version.error_message is not None
    assert version.error_message in json.dumps(detail, ensure_ascii=False)


def test_every_format_is_read_with_its_headings(stack: LiveStack, tmp_path: Path) -> None:
    word = Docx()
    word.add_heading("Signals of Tverrfjell", 1)
    word.add_paragraph("The upper signal of Tverrfjell shows a blue lamp when the pass is closed.")
    word.save(str(tmp_path / "signals.docx"))
    page = "<html><body><h1>Bells</h1><p>The bell of Tverrfjell rings nine times at dusk.</p></body></html>"
    write(tmp_path, "bells.html", page)
    write(tmp_path, "horns.txt", "The horn of Tverrfjell sounds every forty seconds in fog.\n")
    for name in ("signals.docx", "bells.html", "horns.txt"):
        copy(stack, tmp_path / name, f"formats/{name}")
    expected = {
        "signals.docx": ("Which lamp does the upper signal of Tverrfjell show when the pass is closed?", "blue lamp"),
        "bells.html": ("How many times does the bell of Tverrfjell ring at dusk?", "nine times"),
        "horns.txt": ("How often does the horn of Tverrfjell sound in fog?", "forty seconds"),
    }
    for name, (question, phrase) in expected.items():
        assert stack.ended(f"formats/{name}").status is DocumentStatus.COMPLETED
        answer = ask(stack, question)
        assert phrase in quotes(answer), f"{question}: {answer}"
    headings = chunks_of(stack, stack.document_id("formats/signals.docx"))[0].heading_path
    assert headings == ("Signals of Tverrfjell",)


def test_a_sidecars_attributes_filter_the_search(stack: LiveStack, tmp_path: Path) -> None:
    for depot, hour in (("north", "four"), ("south", "eleven")):
        sidecar = {"metadataAttributes": {"depot": depot}}
        copy(stack, write(tmp_path, f"{depot}.md.metadata.json", json.dumps(sidecar)), f"d/{depot}.md.metadata.json")
        body = f"# Depot\n\nThe gate of the depot opens at {hour} in the morning.\n"
        copy(stack, write(tmp_path, f"{depot}.md", body), f"d/{depot}.md")
        assert stack.ended(f"d/{depot}.md").metadata == {"depot": depot}
    only = {"equals": {"key": "depot", "value": "south"}}

    def filtered() -> set[str]:
        found = stack.api.post("/api/search", json={"query": "gate of the depot", "filter": only}).json()
        return {result["filename"] for result in found["passages"]}

    # Filters are answered from the API's own file, which follows the registry.
    assert eventually(filtered, "the new document under its attribute", timeout=20) == {"south.md"}
    answer = ask(stack, "When does the gate of the depot open?", filter=only)
    assert "eleven" in quotes(answer)
    assert "at four" not in quotes(answer)


def test_what_the_documents_do_not_say_is_not_answered(stack: LiveStack) -> None:
    answer = ask(stack, "Who won the chess championship of Reykjavik in 1972?")
    assert answer["answered"] is False
    assert answer["citations"] == []


def test_upload_through_the_api_and_by_presigned_form(stack: LiveStack) -> None:
    files = {"file": ("quay.md", b"# Quay\n\nThe quay of Farsund has thirty-one bollards.\n", "text/markdown")}
    answer = stack.api.post("/api/documents", files=files, data={"prefix": "api"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["document_id"] == stack.document_id("api/quay.md")
    assert stack.ended("api/quay.md").status is DocumentStatus.COMPLETED

    asked = {"filename": "pier.md", "prefix": "api"}
    form = stack.api.post("/api/documents/presign", json=asked, headers={"X-Request-Id": "pier-4712"}).json()
    upload = stack.api.post(form["url"], data=form["fields"], files={"file": ("pier.md", b"# Pier\n\nIt is long.\n")})
    assert upload.is_success, upload.text
    ended = stack.ended("api/pier.md")
    assert (ended.status, ended.correlation_id) == (DocumentStatus.COMPLETED, "pier-4712")


def test_the_metrics_arrive_in_cloudwatch(stack: LiveStack) -> None:
    stack.ended("samples/sqs-queues.md")
    stack.aws("lambda", "invoke", "--function-name", "check-health", "/dev/null")
    now = datetime.now(UTC)

    def points(name: str) -> float | None:
        answer = stack.clients("cloudwatch").get_metric_statistics(
            Namespace="PortfolioRAG",
            MetricName=name,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )
        return sum(point["SampleCount"] for point in answer["Datapoints"]) or None

    for name in (
        "IngestedDocuments",
        "ProcessingDuration",
        "QueueDepth",
        "FailureRate",
        "DeadLetters",
        "ChromaDBErrors",
    ):
        assert eventually(lambda name=name: points(name), f"metric {name}")  # type: ignore[misc]


def test_health_names_each_dependency(stack: LiveStack) -> None:
    body = stack.api.get("/api/health").json()
    assert {one["name"] for one in body["dependencies"]} == {
        "s3", "dynamodb", "sqs", "chromadb", "embedding_model", "openai", "search_index",
    }  # fmt: skip
    assert all(one["healthy"] for one in body["dependencies"]), body


def test_a_reindex_builds_a_new_collection_and_keeps_answering(stack: LiveStack) -> None:
    answer = stack.api.post("/api/reindex", json={"job_type": "REINDEX"})
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]

    def ended() -> dict[str, Any] | None:
        job = stack.api.get(f"/api/jobs/{job_id}").json()
        return job if job["status"] in ("COMPLETED", "FAILED") else None

    job = eventually(ended, "the reindex at its end", timeout=120)
    assert job["status"] == "COMPLETED", job
    assert job["documents_total"] >= 12
    store = ChromaVectorStore(stack.config.chroma_url)
    assert stack.settings.chroma_collection not in store.collections()
    assert ask(stack, "How long does Amazon SQS keep a message by default?")["answered"]
