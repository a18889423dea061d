"""The baked reader finds the sentence that answers, and sees that a text answers nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from portfolio_rag.adapters.models.onnx_reader import UNSEEN, OnnxReader
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.ports.reader import Excerpt

FERRY = (
    "The ferry to the island has been running since 1954.",
    "The crossing takes forty minutes when the sea is calm.",
    "Bicycles are carried on the lower deck.",
    "Tickets are sold at the pier by Marta Lindqvist.",
)
GARDEN = ("Tulips are planted in autumn.", "They want sandy soil and little water.")


def excerpt(heading: str, *sentences: str) -> Excerpt:
    spans, start = [], 0
    for sentence in sentences:
        spans.append((start, start + len(sentence)))
        start += len(sentence) + 1
    return Excerpt(heading, " ".join(sentences), tuple(spans))


@pytest.fixture(scope="module")
def reader(model_dir: Path) -> OnnxReader:
    return OnnxReader(model_dir, threads=1)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("In which year did the ferry start?", 0),
        ("How long does the crossing take?", 1),
        ("Where are bicycles carried?", 2),
        ("Who sells the tickets?", 3),
    ],
)
def test_the_sentence_that_answers_is_the_likeliest(reader: OnnxReader, question: str, answer: int) -> None:
    island, garden = reader.read(question, [excerpt("The ferry", *FERRY), excerpt("Flowers", *GARDEN)])
    assert max(range(len(island)), key=island.__getitem__) == answer
    assert island[answer] > 0 > max(garden)


def test_nothing_depends_on_the_company_or_on_threads(reader: OnnxReader, model_dir: Path) -> None:
    question = "Who sells the tickets?"
    excerpts = [excerpt("The ferry", *FERRY), excerpt("", *GARDEN), excerpt("The ferry", FERRY[3])]
    together = reader.read(question, excerpts)
    assert [len(odds) for odds in together] == [4, 2, 1]
    assert together == [reader.read(question, [one])[0] for one in excerpts]
    assert together == OnnxReader(model_dir, threads=2).read(question, excerpts)


def test_what_has_no_room_is_not_seen(reader: OnnxReader) -> None:
    long = ["The tide came in and went out again, as it does twice a day." for _ in range(30)]
    (odds,) = reader.read("Who sells the tickets?", [excerpt("The ferry", *long, FERRY[3])])
    assert odds[0] > UNSEEN
    assert odds[-1] == UNSEEN


def test_an_endless_question_and_heading_leave_room_for_the_text(reader: OnnxReader) -> None:
    (odds,) = reader.read("Who sells the tickets? " * 100, [excerpt("The ferry " * 100, FERRY[3])])
    assert odds[0] > UNSEEN


@pytest.mark.parametrize("text", ["", "\ud800 half a pair", "\u0000"])
def test_odd_texts(reader: OnnxReader, text: str) -> None:
    (odds,) = reader.read("What?", [Excerpt("", text, ((0, len(text)),))])
    assert len(odds) == 1


def test_nothing_to_read(reader: OnnxReader) -> None:
    assert reader.read("What?", []) == []


def test_missing_and_tampered_reader(model_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make bake"):
        OnnxReader(tmp_path / "nowhere")
    spoilt = Path(shutil.copytree(model_dir, tmp_path / "model"))
    (spoilt / "reader.onnx").write_bytes(b"half of it")
    with pytest.raises(ConfigurationError, match=r"reader\.onnx in .* is not the file that was baked"):
        OnnxReader(spoilt).read("What?", [excerpt("", *GARDEN)])
    (spoilt / "reader.onnx").unlink()
    with pytest.raises(ConfigurationError, match=r"lacks reader\.onnx"):
        OnnxReader(spoilt).read("What?", [excerpt("", *GARDEN)])
