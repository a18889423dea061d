"""Claims and plants are made from the sets as they lie; a set in small stands for them here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.claims import planted_absent, planted_elsewhere, rgb_rephrased, rgb_verbatim, squad_texts
from evaluation.datasets import data_directory, load
from portfolio_rag.domain.errors import ConfigurationError

PASSAGE = "The tower was begun in 1887. It was opened in 1889 to visitors."


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "squad2").mkdir()
    (tmp_path / "rgb_fact").mkdir()
    passage = {"id": "Tower#0", "title": "Tower", "text": PASSAGE, "distractor_only": False}
    (tmp_path / "squad2" / "passages.jsonl").write_text(json.dumps(passage) + "\n")
    asked = [
        {"id": "1", "question": "When begun?", "passage_id": "Tower#0", "answerable": True, "answers": ["1887"]},
        {"id": "2", "question": "When sold?", "passage_id": "Tower#0", "answerable": False, "answers": []},
    ]
    (tmp_path / "squad2" / "questions.jsonl").write_text("\n".join(json.dumps(one) for one in asked) + "\n")
    fact = {
        "query": "Who won?",
        "answer": ["France"],
        "fakeanswer": "Germany",
        "positive": ["It rained. France won the final."],
        "positive_wrong": ["It rained. Germany won the final."],
    }
    (tmp_path / "rgb_fact" / "en_fact.jsonl").write_text(json.dumps(fact) + "\n")
    return tmp_path


def test_a_set_knows_its_documents_and_which_questions_mislead(directory: Path) -> None:
    data = load("squad2", directory)
    assert [one.name for one in data.documents] == ["Tower#0.txt"]
    assert [one.adversarial for one in data.questions] == [False, True]
    assert data.questions[0].group == data.documents[0].group == "Tower"


def test_without_the_sets_the_message_names_the_variable(tmp_path: Path) -> None:
    assert data_directory({"EVAL_DATA": str(tmp_path)}) == tmp_path
    with pytest.raises(ConfigurationError, match="Set EVAL_DATA"):
        data_directory({"EVAL_DATA": str(tmp_path / "none")})


def test_a_planted_fact_differs_in_its_sentence_only(directory: Path) -> None:
    true, false = rgb_verbatim(directory)
    assert (true.claim.strip(), true.holds) == ("France won the final.", True)
    assert (false.claim.strip(), false.holds) == ("Germany won the final.", False)
    assert true.texts == false.texts == ("It rained. France won the final.",)
    assert [one.claim for one in rgb_rephrased(directory)] == ["Who won: France", "Who won: Germany"]


def test_a_planted_number_is_absent_or_stands_elsewhere(directory: Path) -> None:
    _, absent = planted_absent(squad_texts(directory), 10)
    number = absent.claim.removeprefix("The tower was begun in ").strip(" .")
    assert len(number) == 4
    assert number not in PASSAGE
    true, elsewhere = planted_elsewhere(squad_texts(directory), 10)
    assert true.claim.strip() == "The tower was begun in 1887."
    assert elsewhere.claim.strip() == "The tower was begun in 1889."
