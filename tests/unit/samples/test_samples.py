"""The sample corpus is complete, can be ingested, and holds what its questions ask for."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import docx
import pypdfium2
import pytest

from portfolio_rag.text.extraction.extract import ExtractionLimits, extract

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "samples"
DOCUMENTS = SAMPLES / "documents"
SIDECAR_SUFFIX = ".metadata.json"

FILES = sorted(path for path in DOCUMENTS.iterdir() if not path.name.endswith(SIDECAR_SUFFIX))
SIDECARS = sorted(DOCUMENTS.glob(f"*{SIDECAR_SUFFIX}"))
QUESTIONS: list[dict[str, Any]] = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
ANSWERED = [question for question in QUESTIONS if question["document"]]


def one_line(text: str) -> str:
    return " ".join(text.split())


def plain_text(path: Path) -> str:
    """The text of a sample without the pipeline's own extraction, for checks that must not depend on it."""
    data = path.read_bytes()
    if path.suffix == ".pdf":
        pages = pypdfium2.PdfDocument(data)
        return "\n".join(page.get_textpage().get_text_range() for page in pages)
    if path.suffix == ".docx":
        document = docx.Document(io.BytesIO(data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    return data.decode("utf-8")


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("samples_build", SAMPLES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # Dataclasses look their module up.
    spec.loader.exec_module(module)
    return module


def test_a_dozen_documents_in_all_five_formats() -> None:
    formats = Counter(path.suffix for path in FILES)
    assert sum(formats.values()) >= 12
    assert set(formats) == {".md", ".txt", ".html", ".docx", ".pdf"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_long_enough_to_be_worth_asking_and_short_enough_to_read(path: Path) -> None:
    assert 600 <= len(plain_text(path).split()) <= 1500


@pytest.mark.parametrize("path", SIDECARS, ids=lambda path: path.name)
def test_a_sidecar_has_a_document_and_typed_attributes(path: Path) -> None:
    assert path.with_name(path.name.removesuffix(SIDECAR_SUFFIX)).is_file()
    attributes = json.loads(path.read_text(encoding="utf-8"))["metadataAttributes"]
    assert attributes
    fields = {
        "STRING": ("stringValue", str),
        "NUMBER": ("numberValue", int | float),
        "BOOLEAN": ("booleanValue", bool),
        "STRING_LIST": ("stringListValue", list),
    }
    for attribute in attributes.values():
        if isinstance(attribute, dict):
            name, kind = fields[attribute["value"]["type"]]
            assert isinstance(attribute["value"][name], kind)
            assert isinstance(attribute["includeForEmbedding"], bool)
        else:
            assert isinstance(attribute, str | int | float | bool | list)


def test_sidecars_show_the_simple_and_the_typed_form() -> None:
    attributes = [json.loads(path.read_text(encoding="utf-8"))["metadataAttributes"] for path in SIDECARS]
    typed = [any(isinstance(value, dict) for value in each.values()) for each in attributes]
    assert len(typed) >= 3
    assert True in typed
    assert False in typed


def test_every_document_is_asked_about_and_some_questions_have_no_answer() -> None:
    assert {question["document"] for question in ANSWERED} == {path.name for path in FILES}
    assert len(ANSWERED) >= 24
    assert len(QUESTIONS) - len(ANSWERED) >= 4
    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS)
    assert all((question["document"] is None) == (question["phrase"] is None) for question in QUESTIONS)


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question["question"])
def test_the_expected_phrase_is_in_the_text_that_the_pipeline_extracts(question: dict[str, Any]) -> None:
    path = DOCUMENTS / question["document"]
    limits = ExtractionLimits(
        allowed_types=frozenset({"md", "txt", "pdf", "html", "docx"}),
        max_pages=100,
        max_characters=1_000_000,
        timeout_seconds=60,
        memory_mb=1024,
    )
    extracted = extract(path.read_bytes(), path.name, limits)
    assert extracted.file_type == path.suffix.removeprefix(".")
    assert one_line(question["phrase"]) in one_line(extracted.text)


@pytest.mark.parametrize("name", ["text-embeddings.docx", "cost-and-quotas.pdf"])
def test_the_built_documents_are_those_of_their_sources(name: str, builder: ModuleType, tmp_path: Path) -> None:
    builder.build(tmp_path)
    assert plain_text(tmp_path / name) == plain_text(DOCUMENTS / name)
    assert (DOCUMENTS / name).stat().st_size < 60_000


def test_building_twice_gives_the_same_bytes(builder: ModuleType, tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in builder.build(tmp_path)}
    assert first == {path.name: path.read_bytes() for path in builder.build(tmp_path)}


def test_the_pdf_has_pages_with_numbers() -> None:
    pages = pypdfium2.PdfDocument(DOCUMENTS / "cost-and-quotas.pdf")
    texts = [page.get_textpage().get_text_range() for page in pages]
    assert len(texts) >= 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
