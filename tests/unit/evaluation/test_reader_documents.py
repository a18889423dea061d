"""Our questions on documents: where the documents come from, and what becomes an example."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from evaluation import held_out, repositories
from evaluation.datasets import EvalQuestion
from evaluation.reader_training import documents
from evaluation.reader_training.documents import LineQuestion
from evaluation.repositories import Document
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer

PERMISSIVE = re.compile(r"(?:Apache-2\.0|MIT|ISC|BSD-[23]-Clause|CC0-1\.0|CC-BY-[34]\.0)(?: OR MIT)?")

KILN = """# Kiln controller

## Settings

| Setting | Meaning | Default |
| --- | --- | --- |
| `fire_limit` | Hottest that the kiln may get | 1280 °C |
| `soak_minutes` | How long the heat is held at the end | 25 minutes |

The panel shows the heat of the kiln and what is left of the firing.

## Safety

- The door stays **locked** above 60 °C.
- A firing may be stopped at any time.
"""
WHEEL = """# Potter's wheel

The wheel is switched off by itself when nobody has touched its pedal for ten minutes. It turns left or right.
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid"]
    done = subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`clay/kiln` below tmp_path, with the manual of an older commit."""
    folder = tmp_path / "clay" / "kiln"
    (folder / "docs").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(folder, "config", setting, "true")
    for text in (KILN, "# Rewritten\n"):
        (folder / "docs" / "kiln.md").write_text(text, encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "docs")
    return folder


def line_question(question: str, text: str, quote: str, answer: str, document: str = "kiln.md") -> LineQuestion:
    number, line = next((number, line) for number, line in enumerate(text.split("\n"), 1) if quote in line)
    start = line.index(quote)
    found = line.index(answer, start)
    return LineQuestion(question, document, number, (start, start + len(quote)), (found, found + len(answer)))


def test_documents_are_read_as_they_were_at_their_commit(repository: Path, tmp_path: Path) -> None:
    older = git(repository, "rev-parse", "HEAD~1")
    wanted = [Document("kiln.md", "clay/kiln", older, "docs/kiln.md", "MIT")]
    folder = tmp_path / "copies"
    assert repositories.fetch(wanted, folder, f"file://{tmp_path}") == {"kiln.md": KILN.encode()}
    repository.rename(repository.with_name("gone"))
    assert repositories.fetch(wanted, folder, f"file://{tmp_path}") == {"kiln.md": KILN.encode()}


def test_a_document_that_is_not_there_is_an_error(repository: Path, tmp_path: Path) -> None:
    wanted = [Document("kiln.md", "clay/kiln", git(repository, "rev-parse", "HEAD"), "docs/other.md", "MIT")]
    with pytest.raises(subprocess.CalledProcessError):
        repositories.fetch(wanted, tmp_path / "copies", f"file://{tmp_path}")


def test_rows_items_and_sentences_become_examples(embedder: OnnxEmbedder, tokenizer: HuggingFaceTokenizer) -> None:
    row = next(line for line in KILN.split("\n") if "soak" in line)
    questions = [
        line_question("How long does it stay hot before it cools?", KILN, row, "25 minutes"),
        line_question(
            "From what heat on can the kiln not be opened?", KILN, "The door stays **locked** above 60 °C.", "60 °C"
        ),
        line_question("When does an idle wheel stop?", WHEEL, WHEEL.split("\n")[2], "ten minutes", "wheel.md"),
    ]
    texts = {"kiln.md": KILN.encode(), "wheel.md": WHEEL.encode()}
    examples = documents.build_examples(texts, questions, embedder, tokenizer)
    assert [example.question for example in examples] == [question.question for question in questions]
    sentences = [example.right.text[slice(*example.sentence)] for example in examples]
    assert "soak_minutes" in sentences[0]
    assert sentences[1] == "- The door stays locked above 60 °C."
    assert sentences[2].endswith("for ten minutes.")
    assert [example.right.text[slice(*example.answer)] for example in examples] == [
        "25 minutes",
        "60 °C",
        "ten minutes",
    ]
    assert all("25 minutes" not in other.text for other in examples[0].others)


def test_a_line_that_is_no_sentence_of_its_document_is_no_example(
    embedder: OnnxEmbedder, tokenizer: HuggingFaceTokenizer
) -> None:
    heading = line_question("What is this about?", KILN, "# Kiln controller", "Kiln controller")
    assert documents.build_examples({"kiln.md": KILN.encode()}, [heading], embedder, tokenizer) == []


def test_each_of_our_questions_has_its_document_and_a_licence_that_allows_it() -> None:
    held = {document.name: document for document in repositories.load_documents(documents.DOCUMENTS)}
    questions = documents.load_questions()
    assert {question.document for question in questions} == set(held)
    assert len({(question.document, question.question) for question in questions}) == len(questions)
    for question in questions:
        assert question.line >= 1
        assert question.quote[0] <= question.answer[0] < question.answer[1] <= question.quote[1]
    for document in held.values():
        assert PERMISSIVE.fullmatch(document.licence)
        assert re.fullmatch(r"[0-9a-f]{40}", document.commit)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", document.repository)


def test_held_out_questions_are_of_repositories_that_nothing_was_learnt_from() -> None:
    learnt = {document.repository for document in repositories.load_documents(documents.DOCUMENTS)}
    held = repositories.load_documents(held_out.DOCUMENTS)
    assert learnt.isdisjoint(document.repository for document in held)
    names = {document.name for document in held}
    for name in held_out.SETS:
        questions = held_out.load_questions(name)
        assert len(questions) == len({question.text for question in questions}) == 100
        for question in questions:
            assert question.relevant <= names
            assert question.answers


def test_held_out_questions_are_measured_as_they_are_answered(
    embedder: OnnxEmbedder, tokenizer: HuggingFaceTokenizer
) -> None:
    texts = {"kiln.md": KILN.encode(), "wheel.md": WHEEL.encode()}
    asked = [
        EvalQuestion("1", "When does an idle wheel stop?", frozenset(["wheel.md"]), "", ("ten minutes",)),
        EvalQuestion("2", "How hot may the kiln get at most?", frozenset(["kiln.md"]), "", ("1280 °C",)),
    ]
    figures = held_out.measure(texts, asked, embedder, tokenizer)
    assert (figures["questions"], figures["answered"]) == (2.0, 1.0)
    assert figures["citation precision"] == 1.0
    assert figures["answer in the text"] == 1.0
