"""Whether to answer at all, and what the answer without a language model is worth."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.datasets import EvalQuestion
from evaluation.metrics import auroc
from evaluation.workbench import Bench, search_of
from portfolio_rag.answering.generation import answerability
from portfolio_rag.answering.generation.answerability import THRESHOLD, threshold_for
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.domain.answers import Answer, Citation, Passage

_SEED = 5
_WORD = re.compile(r"\w+")
MAX_LOST = 0.10


@dataclass
class Abstained:
    """Scores of questions: answerable, with their document taken away, and written to mislead."""

    answerable: list[float] = field(default_factory=list)
    absent: list[float] = field(default_factory=list)
    misleading: list[float] = field(default_factory=list)
    answerable_cosines: list[float] = field(default_factory=list)
    absent_cosines: list[float] = field(default_factory=list)
    threshold: float = THRESHOLD

    def figures(self) -> dict[str, float]:
        held, missing = np.array(self.answerable), np.array(self.absent)
        own = float(np.quantile(held, MAX_LOST))
        lost, rejected = float((held < self.threshold).mean()), float((missing < self.threshold).mean())
        figures = {
            "questions": float(len(held)),
            "AUROC": auroc(held, missing),
            "AUROC, cosine alone": auroc(self.answerable_cosines, self.absent_cosines),
            "threshold": self.threshold,
            "lost": lost,
            "rejected": rejected,
            "accuracy": (1 - lost + rejected) / 2,
            "threshold that loses 10 %": own,
            "rejected at 10 % lost": float((missing < own).mean()),
        }
        if self.misleading:
            figures["AUROC, misleading"] = auroc(held, self.misleading)
        return figures


def measure_abstention(bench: Bench, limit: int) -> Abstained:
    """Each answerable question is asked twice: of all documents, and without the group that answers it."""
    search, corpus, found = search_of(bench), bench.corpus, Abstained()
    found.threshold = threshold_for(search.window_count())

    def scores(question: EvalQuestion) -> tuple[float, float]:
        passages = search.search(question.text)
        return answerability.score(question.text, passages), max((one.score for one in passages), default=0.0)

    for question in _sample(bench.questions, limit, adversarial=False):
        score, cosine = scores(question)
        found.answerable.append(score)
        found.answerable_cosines.append(cosine)
        corpus.groups_left_out = frozenset([question.group])
        score, cosine = scores(question)
        corpus.groups_left_out = frozenset()
        found.absent.append(score)
        found.absent_cosines.append(cosine)
    found.misleading = [scores(question)[0] for question in _sample(bench.questions, limit, adversarial=True)]
    return found


@dataclass(frozen=True)
class ShownSentence:
    """The sentence at a `place`, from 0, of an answer.

    `in_document`: it cites, and every document that it cites holds the answer. `quotes_answer`: one of its own quotes
    has the answer word for word; None where the question has no such answer.
    """

    place: int
    in_document: bool
    quotes_answer: bool | None


@dataclass
class Answered:
    """One entry for each question; the citation figures only for those that were answered."""

    answered: list[float] = field(default_factory=list)
    contains: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    sentences: list[ShownSentence] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Those by sentence are shares of all sentences shown, whichever answer they belong to."""
        first = [float(sentence.in_document) for sentence in self.sentences if sentence.place == 0]
        later = [float(sentence.in_document) for sentence in self.sentences if sentence.place > 0]
        quoting = [float(sentence.quotes_answer) for sentence in self.sentences if sentence.quotes_answer is not None]
        return {
            "questions": float(len(self.answered)),
            "answered": _mean(self.answered),
            "answer in the passages found": _mean(self.found),
            "answer in the text": _mean(self.contains),
            "citation precision": _mean(self.precision),
            "citation recall": _mean(self.recall),
            "sentences shown": float(len(self.sentences)),
            "sentences of the right document": _mean(first + later),
            "first sentences of it": _mean(first),
            "later sentences of it": _mean(later),
            "sentences whose quote holds the answer": _mean(quoting),
        }


def measure_answers(bench: Bench, limit: int) -> Answered:
    """The extractive answers to answerable questions.

    A citation is right when it cites a document that holds the answer; recall is the share of those documents cited.
    """
    chat, result = Chat(search_of(bench), None, bench.embedder, reader=bench.reader), Answered()
    names = bench.corpus.names
    for question in _sample(bench.questions, limit, adversarial=False):
        answer = chat.answer(question.text)
        result.answered.append(float(answer.answered))
        if question.answers:
            result.contains.append(float(answer.answered and contains(answer.text, question.answers)))
            result.found.append(float(_held(answer.passages, question)))
        if answer.answered:
            cited = [names[one.document_id] in question.relevant for one in answer.citations]
            result.precision.append(sum(cited) / len(cited))
            reached = {names[one.document_id] for one in answer.citations} & question.relevant
            result.recall.append(len(reached) / len(question.relevant))
            result.sentences += shown_sentences(answer, question, names)
    return result


def shown_sentences(answer: Answer, question: EvalQuestion, names: Mapping[str, str]) -> list[ShownSentence]:
    """Each sentence that the answer shows, with what its citations are worth; `names` are those of documents by id."""
    shown = []
    for place, sentence in enumerate(checked for checked in answer.validation if checked.verdict.shown):
        cited = [citation for citation in answer.citations if citation.number in sentence.citations]
        shown.append(
            ShownSentence(
                place,
                bool(cited) and all(names[citation.document_id] in question.relevant for citation in cited),
                any(contains(citation.quote, question.answers) for citation in own_quotes(sentence.text, cited))
                if question.answers
                else None,
            )
        )
    return shown


def own_quotes(sentence: str, cited: Sequence[Citation]) -> list[Citation]:
    """Those of its sources' quotes that hold the sentence or a part of it word for word; all where none does."""
    return [
        citation for citation in cited if contains(citation.quote, [sentence]) or contains(sentence, [citation.quote])
    ] or list(cited)


def contains(text: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers stands in the text, whatever the case, blanks and punctuation."""
    held = f" {_folded(text)} "
    return any(f" {_folded(answer)} " in held for answer in answers if _folded(answer))


def _held(passages: Sequence[Passage], question: EvalQuestion) -> bool:
    return any(contains(passage.chunk.content, question.answers) for passage in passages)


def _folded(text: str) -> str:
    return " ".join(words_of(text))


def words_of(text: str) -> list[str]:
    """Without case and punctuation, as answers are compared."""
    return _WORD.findall(text.casefold())


def _sample(questions: Sequence[EvalQuestion], limit: int, *, adversarial: bool) -> list[EvalQuestion]:
    wanted = [question for question in questions if question.adversarial is adversarial]
    if len(wanted) <= limit:
        return wanted
    return random.Random(_SEED).sample(wanted, limit)  # noqa: S311 - the same questions in every run


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
