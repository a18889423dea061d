"""Questions and drafted claims on documents whose meaning is in their structure: evaluation/structured/.

The documents are invented, so that no fact of them is known from elsewhere: a manual with codes, a list of changes,
plans and prices in tables, questions with their answers, steps and rules. All of them lie in one index.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.datasets import EvalDocument, EvalSet, rows
from evaluation.workbench import Bench, build, search_of
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.domain.answers import Answer, Verdict
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.language_model import ChatCompletion
from portfolio_rag.ports.reader import Reader

FOLDER = Path(__file__).parent / "structured"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Question:
    """What an answer without a language model must and must not hold.

    `section`: the heading that each of its citations stands under; a plain text has none. `row`: the first cell of the
    row that it quotes. `refused`: the documents do not answer it.
    """

    document: str
    question: str
    contains: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    section: str = ""
    row: str = ""
    refused: bool = False


@dataclass(frozen=True)
class DraftedClaim:
    """A sentence as a language model might write it, and whether its document holds it. `about`: what was changed."""

    document: str
    question: str
    claim: str
    holds: bool
    about: str


@dataclass
class Structured:
    """One entry for each case of its kind: whether it came out right."""

    sections: list[bool]
    rows: list[bool]
    refusals: list[bool]
    true_held: list[bool]
    true_shown: list[bool]
    false_shown_unmarked: list[bool]

    def figures(self) -> dict[str, float]:
        return {
            "questions on sections": float(len(self.sections)),
            "right section": _share(self.sections),
            "questions on rows": float(len(self.rows)),
            "right row": _share(self.rows),
            "questions without an answer": float(len(self.refusals)),
            "refused": _share(self.refusals),
            "false claims": float(len(self.false_shown_unmarked)),
            "false claims shown unmarked": _share(self.false_shown_unmarked),
            "true claims": float(len(self.true_held)),
            "true claims dropped or flagged": 1 - _share(self.true_held),
            "true claims dropped": 1 - _share(self.true_shown),
        }


class DraftingModel:
    """A language model that writes one claim, with the citation of one source."""

    def __init__(self, claim: str, number: int) -> None:
        self._completion = ChatCompletion(f"{claim.rstrip('.')} [{number}].", "drafting", 0, 0)

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        del messages, temperature, schema
        return self._completion

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        del messages, temperature
        yield self._completion.text
        yield self._completion


def load_cases(folder: Path = FOLDER) -> tuple[list[EvalDocument], list[Question], list[DraftedClaim]]:
    """The documents, the questions and the drafted claims on them."""
    documents = [
        EvalDocument(path.name, path.read_bytes(), path.name) for path in sorted((folder / "documents").iterdir())
    ]
    questions, drafted = list[Question](), list[DraftedClaim]()
    for row in rows(folder / "cases.jsonl"):
        if "claim" in row:
            drafted.append(DraftedClaim(**row))
        else:
            questions.append(
                Question(**{**row, "absent": tuple(row["absent"]), "contains": tuple(row.get("contains", ()))})
            )
    return documents, questions, drafted


def measure_structured(embedder: Embedder, tokenizer: Tokenizer, reader: Reader | None = None) -> Structured:
    """All cases, answered as shipped."""
    documents, questions, drafted = load_cases()
    data, result = EvalSet("structured", documents, []), Structured([], [], [], [], [], [])
    with contextlib.closing(build(data, embedder, tokenizer, reader=reader)) as bench:
        for question in questions:
            answer = Chat(search_of(bench), None, bench.embedder, reader=bench.reader).answer(question.question)
            kind = result.refusals if question.refused else result.rows if question.row else result.sections
            kind.append(is_right(question, answer, bench.corpus.names))
        for claim in drafted:
            answer = answer_with_claim(bench, claim)
            if claim.holds:
                result.true_held.append(is_shown_unmarked(answer))
                result.true_shown.append(answer.answered)
            else:
                result.false_shown_unmarked.append(is_shown_unmarked(answer))
    return result


def is_right(question: Question, answer: Answer, names: Mapping[str, str]) -> bool:
    """Whether the answer holds what it must and nothing that it must not, from the place where that stands.

    `names` are those of documents by id. Of an answer every citation counts, of its text every word.
    """
    if question.refused or not answer.answered:
        return question.refused and not answer.answered
    citations = answer.citations
    return (
        all(holds(answer.text, wanted) for wanted in question.contains)
        and not any(holds(answer.text, unwanted) for unwanted in question.absent)
        and all(names[citation.document_id] == question.document for citation in citations)
        and (not question.section or all(question.section in citation.heading_path for citation in citations))
        and (not question.row or any(holds(citation.quote, question.row) for citation in citations))
    )


def answer_with_claim(bench: Bench, drafted: DraftedClaim) -> Answer:
    """The answer where a language model writes the claim and cites its document, or the first source without it."""
    search = search_of(bench)
    found = [bench.corpus.names[passage.document.document_id] for passage in search.search(drafted.question)]
    number = found.index(drafted.document) + 1 if drafted.document in found else 1
    return Chat(search, DraftingModel(drafted.claim, number), bench.embedder).answer(drafted.question)


def is_shown_unmarked(answer: Answer) -> bool:
    """Whether all that was drafted is shown as held by a source."""
    return answer.answered and all(
        sentence.verdict in (Verdict.SUPPORTED, Verdict.REPAIRED) for sentence in answer.validation
    )


def holds(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words; case and kinds of blanks do not count."""
    wanted = re.escape(_BLANKS.sub(" ", phrase.casefold()))
    return re.search(rf"(?<!\w){wanted}(?!\w)", _BLANKS.sub(" ", text.casefold())) is not None


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else 0.0
