"""The child process: same result as in this process, and whatever goes wrong in it costs one document only."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portfolio_rag.domain.document_warnings import DocumentWarning, WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction import child_process
from portfolio_rag.text.extraction import serialisation as wire
from portfolio_rag.text.extraction.child_process import end_idle_servers
from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.extract import (
    HARMLESS_BRACKETS,
    HARMLESS_BYTES,
    ExtractedDocument,
    ExtractionLimits,
    Pages,
    extract,
    extract_in_ranges,
    join,
)


@pytest.fixture(autouse=True, params=["forked", "started"])
def child(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the child comes about: forked from a server, as it is on Linux, or started for the document."""
    way = str(request.param)
    if way == "started":
        monkeypatch.setattr(sys, "platform", "another system")
    elif sys.platform != "linux":
        pytest.skip("no fork server here")
    return way


def _instead_of_the_worker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """What the next child runs."""

    def command(module: str, *arguments: str) -> list[str]:
        serve = "fork_server.run = work; fork_server.serve(socket.socket(fileno=int(sys.argv[1])))"
        lines = (
            "import os, socket, sys, time",
            "from portfolio_rag.text.extraction import fork_server",
            f"def work(): {code}",
            serve if module == "fork_server" else "work()",
        )
        return [sys.executable, "-S", "-P", "-c", "\n".join(lines), *arguments]

    end_idle_servers()
    monkeypatch.setattr(child_process, "_command", command)


def test_the_child_yields_the_same_document(
    read: Callable[..., ExtractedDocument], limits: ExtractionLimits, pdf: Any, lines: Any
) -> None:
    for data, name in (
        ("# Überschrift\n\nText mit “Zitat” 👍".encode(), "a.md"),
        (b"plain text with a \x00 " + b"in it " * 20, "a.txt"),
        (b"<html><h1>A</h1><p>b</p></html>", "a.html"),
        (pdf([lines("A page.")]), "a.pdf"),
    ):
        assert extract(data, name, limits) == read(data, name), name


@pytest.mark.parametrize(
    ("data", "filename", "reason"),
    [
        (b"", "a.md", FailureReason.EMPTY_FILE),
        (b" \n", "a.md", FailureReason.NO_TEXT),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a.md", FailureReason.UNSUPPORTED_TYPE),
        (b"%PDF-1.7 nothing", "a.pdf", FailureReason.MALFORMED),
        ("ü".encode() * 20 + b"\xff", "a.txt", FailureReason.UNDECODABLE),
    ],
)
def test_rejections_come_back(limits: ExtractionLimits, data: bytes, filename: str, reason: FailureReason) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        extract(data, filename, limits)
    assert rejected.value.reason is reason
    assert len(str(rejected.value)) > 20


def test_only_allowed_types(limits: ExtractionLimits) -> None:
    with pytest.raises(DocumentRejected, match=r"HTML.*Allowed are: plain text, PDF") as rejected:
        extract(b"<html><p>x</p>", "a.md", replace(limits, allowed_types=frozenset({"pdf", "txt"})))
    assert rejected.value.reason is FailureReason.UNSUPPORTED_TYPE


@pytest.mark.failure(16)
def test_a_parser_that_does_not_end_is_stopped(limits: ExtractionLimits) -> None:
    quadratic = b"<html>" + b"<div>" * 400_000
    with pytest.raises(DocumentRejected, match="more than 1 seconds") as rejected:
        extract(quadratic, "a.html", replace(limits, timeout_seconds=1))
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED


@pytest.mark.skipif(sys.platform != "linux", reason="the cap on memory is kept on Linux only")
@pytest.mark.failure(16)
def test_a_parser_that_eats_memory_is_stopped(limits: ExtractionLimits) -> None:
    big = b"- a *b* c\n" * 400_000
    with pytest.raises(DocumentRejected, match="memory") as rejected:
        extract(big, "a.md", replace(limits, memory_mb=100, max_characters=10**9))
    assert rejected.value.reason in (FailureReason.LIMIT_EXCEEDED, FailureReason.MALFORMED)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-signal.SIGSEGV, FailureReason.MALFORMED),
        (-signal.SIGABRT, FailureReason.MALFORMED),
        (-signal.SIGKILL, FailureReason.LIMIT_EXCEEDED),
        (-signal.SIGXCPU, FailureReason.LIMIT_EXCEEDED),
    ],
)
def test_a_child_that_dies(
    limits: ExtractionLimits, monkeypatch: pytest.MonkeyPatch, code: int, reason: FailureReason
) -> None:
    _instead_of_the_worker(monkeypatch, f"os.kill(os.getpid(), {-code})")
    with pytest.raises(DocumentRejected) as rejected:
        extract(b"<html>text", "a.html", limits)
    assert rejected.value.reason is reason


def test_a_broken_installation_is_not_the_documents_fault(
    limits: ExtractionLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_idle_servers()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(RuntimeError, match="No module named 'portfolio_rag'"):
        extract(b"<html>text", "a.html", limits)


def test_the_child_gets_no_credentials(limits: ExtractionLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do not pass on")
    _instead_of_the_worker(monkeypatch, "raise RuntimeError(sorted(os.environ))")
    with pytest.raises(RuntimeError) as seen:
        extract(b"<html>text", "a.html", limits)
    names = set(ast.literal_eval(str(seen.value).rpartition("RuntimeError: ")[2]))
    quiet = {"ORT_DISABLE_TELEMETRY"}
    sparing = {"MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert names <= {"PYTHONPATH", "PYTHONUTF8", "LD_LIBRARY_PATH", "SYSTEMROOT", "LC_CTYPE"} | sparing | quiet
    assert "PYTHONPATH" in names


@pytest.mark.parametrize(
    ("data", "filename", "in_child"),
    [
        (b"# Small\n\nwith an <a name='x'></a> anchor and a < b", "a.md", False),
        (b"small", "a.txt", False),
        (b"word " * 10_000, "a.txt", True),
        (b"# Small\n\n<div>HTML</div>", "a.md", True),
        (b"text\x0b<div>HTML", "a.md", True),
        ("# Wide\n<div>HTML".encode("utf-16"), "a.md", True),
        (b"- > <table><tr><td>HTML", "a.md", True),
        (b"<html>small", "a.txt", True),
        (b"# Links\n\n" + b"[a](b) " * HARMLESS_BRACKETS, "a.md", False),
        (b"# Links\n\n" + b"[a](b) " * (HARMLESS_BRACKETS + 1), "a.md", True),
        (b"x " + b"[" * (HARMLESS_BYTES - 2), "a.md", True),
        (b"x " + b"[" * (HARMLESS_BYTES - 2), "a.txt", False),
    ],
)
def test_small_plain_text_needs_no_child(
    limits: ExtractionLimits, monkeypatch: pytest.MonkeyPatch, data: bytes, filename: str, in_child: bool
) -> None:
    started = []
    real = child_process.run

    def counting(*request: bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
        started.append(options["file_type"])
        return real(*request, **options)

    monkeypatch.setattr(child_process, "run", counting)
    assert extract(data, filename, limits).text
    assert bool(started) == in_child


def test_a_pdf_in_page_ranges_is_the_same_document(limits: ExtractionLimits, pdf: Any, lines: Any) -> None:
    data = pdf([lines(f"Page {n} tells of queues.", "Each line counts, and this one ends.") for n in range(40)])
    assert len(data) > HARMLESS_BYTES
    ranges: list[bytes] = []
    page, is_last = 0, False
    while not is_last:
        read = extract_in_ranges(data, "a.pdf", limits, first_page=page, seconds=-1.0 if page < 2 else 60)
        assert isinstance(read, Pages)
        assert read.end > page
        ranges.append(read.data)
        page, is_last = read.end, read.is_last
    assert (page, len(ranges)) == (40, 3)
    assert join(ranges, "a.pdf", limits) == extract(data, "a.pdf", limits)
    assert extract_in_ranges(data, "a.pdf", limits, first_page=0, seconds=60) == extract(data, "a.pdf", limits)


def test_a_document_travels_whole() -> None:
    builder = DocumentBuilder(10**6)
    builder.heading("Überschrift 👍", 1, 1)
    builder.paragraph("Text.", 2)
    builder.code("a\n  b")
    document = builder.build("pdf", "Titel", 3, {"year": 2024, "tags": ["a"], "public": True, "share": 0.5})
    assert wire.loads(wire.dumps(document, rules={"a": [1]})) == (document, {"rules": {"a": [1]}})


def test_warnings_travel_with_the_document() -> None:
    builder = DocumentBuilder(1000)
    builder.paragraph("Something can be read.")
    builder.warn(WarningCode.PAGES_WITHOUT_TEXT, "No text.", page=3)
    builder.warn(WarningCode.PAGES_WITHOUT_TEXT, "No text.", page=2)
    builder.warn(WarningCode.PARTS_LEFT_OUT, "Left out.", part="Sheet 2")
    document, _ = wire.loads(wire.dumps(builder.build("pdf")))
    assert document.warnings == (
        DocumentWarning(WarningCode.PAGES_WITHOUT_TEXT, "No text.", (2, 3)),
        DocumentWarning(WarningCode.PARTS_LEFT_OUT, "Left out.", parts=("Sheet 2",)),
    )
