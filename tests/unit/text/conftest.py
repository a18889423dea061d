"""A tokenizer that needs no model, and documents made from scratch."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here
from tests.pdfs import Ink, column, make_pdf

LIMITS = ExtractionLimits(
    allowed_types=frozenset({"md", "txt", "pdf", "html", "docx"}),
    max_pages=50,
    max_characters=1_000_000,
    timeout_seconds=30,
    memory_mb=1024,
)


class WordTokenizer:
    """Words in pieces of four letters, and every other sign: additive at blanks like a real one, with long words."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", text)]


@pytest.fixture
def tokenizer() -> WordTokenizer:
    return WordTokenizer()


@pytest.fixture
def limits() -> ExtractionLimits:
    return LIMITS


@pytest.fixture
def read() -> Callable[..., ExtractedDocument]:
    """Extract in this process; keyword arguments change the limits."""

    def extract(data: bytes | str, filename: str, **changes: object) -> ExtractedDocument:
        body = data.encode() if isinstance(data, str) else data
        return extract_here(body, filename, replace(LIMITS, **changes))  # type: ignore[arg-type]

    return extract


@pytest.fixture
def blocks_of() -> Callable[[ExtractedDocument], list[tuple[str, str]]]:
    """(kind, text) of each block."""
    return lambda document: [(str(b.kind), document.text[b.start : b.end]) for b in document.blocks]


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    return make_pdf


@pytest.fixture
def lines() -> Callable[..., list[Ink]]:
    return column


@pytest.fixture
def rezip() -> Callable[..., bytes]:
    """A ZIP archive with some entries replaced, added, or (None) left out."""

    def rewritten(data: bytes, **entries: bytes | None) -> bytes:
        changes = {name.replace("__", "/").replace("_DOT_", "."): body for name, body in entries.items()}
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                if entry.filename not in changes:
                    new.writestr(entry, old.read(entry))
            for name, body in changes.items():
                if body is not None:
                    new.writestr(name, body)
        return target.getvalue()

    return rewritten
