"""In the terminal alone: from a document that fails to its reason, its retry, and the answer that cites it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.live import LiveStack, eventually

ANSWER = "The night watch of the harbour is relieved at four in the morning."


def test_from_a_failed_document_to_the_cited_answer(stack: LiveStack, tmp_path: Path) -> None:
    document = tmp_path / "watch.pdf"
    document.write_bytes(b"%PDF-1.4\nno such thing")
    sent = stack.rag_json("upload", str(document), "--prefix", "terminal", "--wait", code=1)
    (entry,) = sent["documents"]
    assert (entry["logical_key"], entry["status"], entry["error_code"]) == ("terminal/watch.pdf", "FAILED", "MALFORMED")

    shown = stack.rag_json("show", "terminal/watch.pdf")
    assert (shown["document_id"], shown["live_version"]) == (entry["document_id"], None)
    assert shown["error_message"].startswith("The PDF is damaged")

    timeline = stack.rag_json("logs", "--document", "terminal/watch.pdf")
    failures = [event for event in timeline["events"] if event["fields"].get("reason") == "MALFORMED"]
    assert {event["source"] for event in failures} == {"document-processor"}

    (retried,) = stack.rag_json("redrive", "terminal/watch.pdf")["items"]
    assert retried["version"] == 2
    stack.ended("terminal/watch.pdf", version=2)

    document.write_text(f"# The harbour\n\n{ANSWER}\n")
    (mended,) = stack.rag_json("upload", str(document), "--prefix", "terminal", "--wait")["documents"]
    assert (mended["version"], mended["status"]) == (3, "COMPLETED")
    answer = stack.rag_json("ask", "When is the night watch of the harbour relieved?", "--fail-on-refusal")
    assert [citation["quote"] for citation in answer["citations"]] == [ANSWER]
    (found,) = stack.rag_json("search", "night watch of the harbour", "--top-k", "1")["passages"]
    assert found["document_id"] == entry["document_id"]

    stack.rag_json("delete", "terminal/watch.pdf", "--yes")
    assert stack.rag_json("show", entry["document_id"])["live_version"] is None

    def refused() -> bool:
        return not stack.rag_json("search", "night watch of the harbour", "--top-k", "1")["passages"][0][
            "s3_key"
        ].startswith("terminal/")

    eventually(refused, "the deleted document is found no more")
    stack.rag_json("ask", "When is the night watch of the harbour relieved?", "--fail-on-refusal", code=3)


def test_the_way_of_a_document_is_in_cloudwatch_too(stack: LiveStack, tmp_path: Path) -> None:
    document = tmp_path / "broken.pdf"
    document.write_bytes(b"%PDF-1.4\nno such thing either")
    stack.rag_json("upload", str(document), "--prefix", "terminal", "--wait", code=1)

    def shipped() -> bool:
        timeline = stack.rag_json("logs", "--document", "terminal/broken.pdf", "--aws")
        return any(event["fields"].get("reason") == "MALFORMED" for event in timeline["events"])

    eventually(shipped, "the line of the failure in CloudWatch Logs")
    stack.rag_json("delete", "terminal/broken.pdf", "--yes")


def test_the_doctor_finds_a_stack_that_is_up_well(stack: LiveStack) -> None:
    assert stack.rag_json("status")["well"]
    # The exit code is not looked at: other tests leave dead letters.
    findings = {finding["check"]: finding for finding in stack.rag_json("doctor", code=None)["findings"]}
    parts = ["emulator", "chroma", "process api", "api: s3", "api: chromadb", "function document-intake", "clock"]
    assert {findings[part]["state"] for part in parts} == {"ok"}
