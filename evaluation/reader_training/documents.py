"""Our own questions on documents as people have them: manuals, references, handbooks and policies, with their licences.

`questions.jsonl` says in which line of which document the answer stands, and `documents.jsonl` where the documents are:
they are read from the repositories that they belong to (`evaluation.repositories`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evaluation.answering import contains, words_of
from evaluation.datasets import EvalDocument, EvalQuestion, EvalSet, rows
from evaluation.reader_training.examples import Example, Text
from evaluation.workbench import build, search_of
from portfolio_rag.answering.generation.candidate_sentences import (
    MAX_CANDIDATES,
    CandidateSentence,
    rank_candidate_sentences,
)
from portfolio_rag.answering.generation.context_window import CONTEXT_TOKENS, build_context
from portfolio_rag.answering.generation.reading import excerpts_of
from portfolio_rag.answering.grounding.citations import source_texts
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.chunks import Span
from portfolio_rag.ports.embedder import Embedder, Tokenizer

DOCUMENTS = Path(__file__).with_name("documents.jsonl")
QUESTIONS = Path(__file__).with_name("questions.jsonl")
_MAX_QUERY = 400
_MIN_ALIKE = 0.3
"""Share of the words of a line and a sentence together that both have, from which the one became the other."""
OTHERS = 5
"""Excerpts that come as near to the question, of which some are read beside the right one."""
_MARKUP = '`*_"’ '


@dataclass(frozen=True, slots=True)
class LineQuestion:
    """A question with the line of a document, from 1, that answers it.

    `quote` is the part of the line that does, and `answer` the words of it, as [start, end) in the line.
    """

    question: str
    document: str
    line: int
    quote: Span
    answer: Span


def load_questions(path: Path = QUESTIONS) -> list[LineQuestion]:
    return [
        LineQuestion(row["question"], row["document"], row["line"], tuple(row["quote"]), tuple(row["answer"]))
        for row in rows(path)
    ]


def build_examples(
    texts: Mapping[str, bytes], questions: Sequence[LineQuestion], embedder: Embedder, tokenizer: Tokenizer
) -> list[Example]:
    """Each question with the excerpts that its answer would be chosen from.

    Where the search does not find the line by the question alone it is helped by the line itself. What is no candidate
    then, a line of code for instance that a program would not understand alone, is no example.
    """
    data = EvalSet(
        "documents", [EvalDocument(name, text, name) for name, text in sorted(texts.items())], _asked(questions)
    )
    lines = {name: text.decode("utf-8", errors="replace").split("\n") for name, text in texts.items()}
    examples = []
    with closing(build(data, embedder, tokenizer)) as bench:
        search, names = search_of(bench), bench.corpus.names
        for asked in questions:
            line = lines[asked.document][asked.line - 1]
            quote, answer = line[slice(*asked.quote)], line[slice(*asked.answer)]
            for query in (asked.question, f"{asked.question} {quote}", quote):
                candidates = _candidates(search, query[:_MAX_QUERY], asked.question)
                own = [
                    number
                    for number, candidate in enumerate(candidates)
                    if names[candidate.source.passage.document.document_id] == asked.document
                ]
                if (place := _place(candidates, own, quote, answer)) is not None:
                    examples.append(_example(asked.question, candidates, place, answer))
                    break
    return examples


def _candidates(search: PassageSearch, query: str, question: str) -> list[CandidateSentence]:
    """Those for an answer to the question among what the query finds, most promising first."""
    passages = search.search(query)
    sources = build_context(passages, budget_tokens=CONTEXT_TOKENS)
    return rank_candidate_sentences(Claim("", question), sources, source_texts(passages))


def _place(candidates: Sequence[CandidateSentence], own: Iterable[int], quote: str, answer: str) -> int | None:
    """Which of the document's `own` candidates was the quote, with the answer in it; None where none is like it."""
    wanted = set(words_of(quote))
    held = {number: set(words_of(candidates[number].sentence.text)) for number in own}
    alike = {
        number: len(wanted & words) / len(wanted | words)
        for number, words in held.items()
        if contains(candidates[number].sentence.text, [answer])
    }
    best = max(alike, key=lambda number: alike[number], default=None)
    return best if best is not None and alike[best] >= _MIN_ALIKE else None


def _example(question: str, candidates: Sequence[CandidateSentence], place: int, answer: str) -> Example:
    read = list(candidates[:MAX_CANDIDATES])
    if place >= len(read):
        read.append(candidates[place])
        place = len(read) - 1
    excerpts = excerpts_of(read)
    right, span = next((excerpt, excerpt.spans[inside.index(place)]) for excerpt, inside in excerpts if place in inside)
    plain = answer.strip(_MARKUP).replace("`", "").replace("**", "")
    start = right.text.find(plain, *span)
    others = [
        Text(excerpt.heading, excerpt.text)
        for excerpt, _ in excerpts
        if excerpt is not right and not contains(excerpt.text, [answer])
    ]
    return Example(
        question,
        Text(right.heading, right.text),
        span,
        (start, start + len(plain)) if start >= 0 else span,
        tuple(others[:OTHERS]),
    )


def _asked(questions: Sequence[LineQuestion]) -> list[EvalQuestion]:
    return [
        EvalQuestion(str(number), asked.question, frozenset([asked.document]), "")
        for number, asked in enumerate(questions)
    ]
