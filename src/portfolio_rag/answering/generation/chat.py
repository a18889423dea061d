"""The question's whole way: retrieve, decide whether the documents speak of it, draft, validate, cite."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from types import MappingProxyType

from portfolio_rag.answering.generation import question_rewriting as followup
from portfolio_rag.answering.generation.answerability import THRESHOLD, relevance, threshold_for
from portfolio_rag.answering.generation.context_window import CONTEXT_TOKENS, ContextSource, build_context
from portfolio_rag.answering.generation.cost import Price, priced
from portfolio_rag.answering.generation.extractive import extract_answer
from portfolio_rag.answering.generation.judge import Judge, Judged
from portfolio_rag.answering.generation.prompts import build_messages, is_refusal
from portfolio_rag.answering.generation.streaming import Display, SentenceReader
from portfolio_rag.answering.grounding.check import SentenceVerdict, check, supported_share, verdict_of
from portfolio_rag.answering.grounding.citations import SourceNumbers, citations_of, source_texts
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, parse_draft, render
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.retrieval.search import Retrieval, check_query
from portfolio_rag.domain.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    Done,
    JudgeState,
    Passage,
    Retrieved,
    Turn,
    Usage,
)
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.language_model import ChatCompletion, LanguageModel

NOT_FOUND = "The answer is not in the documents."
EXTRACTIVE_MODEL = "extractive"

MIN_SUPPORTED_SHARE = 0.34
"""Of a draft of which less than this holds, the rest is not trusted either."""


class Chat:
    """Answers from the documents. Without a language model the answer is extractive: their own sentences."""

    def __init__(
        self,
        retrieval: Retrieval,
        language_model: LanguageModel | None,
        embedder: Embedder,
        *,
        temperature: float = 0.1,
        context_tokens: int = CONTEXT_TOKENS,
        relevance_threshold: float = THRESHOLD,
        judge: Judge | None = None,
        prices: Mapping[str, Price] = MappingProxyType({}),
        turns: AbstractContextManager[object] | None = None,
    ) -> None:
        """`prices` of chat models win over those that this project knows; `judge` reads GPT's sentences once more.

        `turns` is held while this process computes, and never while it waits for a language model.
        """
        self._turns = turns or nullcontext()
        self._judge = judge
        self._prices = prices
        self._retrieval = retrieval
        self._language_model = language_model
        self._embedder = embedder
        self._temperature = temperature
        self._context_tokens = context_tokens
        self._relevance_threshold = relevance_threshold

    def answer(
        self,
        question: str,
        *,
        top_k: int = 5,
        where: Filter | None = None,
        temperature: float | None = None,
        history: Sequence[Turn] = (),
    ) -> Answer:
        """An answer whose every sentence a cited source holds, or an honest refusal with the nearest passages.

        Raises InvalidRequest for a question or `top_k` out of bounds, DependencyUnavailable when Chroma, DynamoDB or
        the language model does not answer. With a `history`, oldest turn first, the question is first made to stand
        alone.
        """
        question, spent = self._standalone(check_query(question), history)
        passages = self._retrieval.search(question, top_k=top_k, where=where)
        if not self._spoken_of(question, passages, where):
            return self._not_found(question, passages, usage=spent)
        sources = build_context(passages, budget_tokens=self._context_tokens)
        if self._language_model is None:
            drafted = self._extracted(question, sources, source_texts(passages))
            return self._validated(question, drafted, passages, EXTRACTIVE_MODEL, Usage())
        completion = self._language_model.complete(
            build_messages(question, sources),
            temperature=self._temperature if temperature is None else temperature,
        )
        usage = spent + self._usage(completion)
        if is_refusal(completion.text):
            return self._not_found(question, passages, model=completion.model, usage=usage)
        return self._validated(question, parse_draft(completion.text), passages, completion.model, usage)

    def _spoken_of(self, question: str, passages: Sequence[Passage], where: Filter | None) -> bool:
        """Whether the passages bear on the question, by the threshold of an index of this size.

        How many windows a filter leaves is not known: few, as a rule, so the threshold is that of a small index.
        """
        score = relevance(question, passages)
        if score < self._relevance_threshold or where is not None:
            return score >= self._relevance_threshold
        return score >= threshold_for(self._retrieval.window_count(), self._relevance_threshold)

    def stream(
        self,
        question: str,
        *,
        top_k: int = 5,
        where: Filter | None = None,
        temperature: float | None = None,
        history: Sequence[Turn] = (),
    ) -> Generator[AnswerEvent, None, None]:
        """`answer` as it comes about: the passages, then each sentence once it has passed the check, then the whole.

        Nothing unchecked is ever shown: with a judge, which reads all sentences at once, nothing before the end. Raises
        as `answer` does, on the way too. The last event is `Done`.
        """
        question, spent = self._standalone(check_query(question), history)
        passages = self._retrieval.search(question, top_k=top_k, where=where)
        yield Retrieved(passages)
        if not self._spoken_of(question, passages, where):
            yield Done(self._not_found(question, passages, usage=spent))
            return
        sources = build_context(passages, budget_tokens=self._context_tokens)
        texts = source_texts(passages)
        display = Display(lambda kept, numbers: citations_of(kept, passages, numbers), MIN_SUPPORTED_SHARE)
        if self._language_model is None:
            judged = self._judged(self._check(question, self._extracted(question, sources, texts), texts), texts)
            yield from display.show(judged.checked)
            judged = replace(judged, checked=display.checked)
            yield Done(
                self._concluded(question, judged, passages, EXTRACTIVE_MODEL, Usage(), display.text, display.numbers)
            )
            return
        reader, waiting = SentenceReader(), list[SentenceVerdict]()
        completion = ChatCompletion("", "", 0, 0)
        pieces = self._language_model.stream(
            build_messages(question, sources),
            temperature=self._temperature if temperature is None else temperature,
        )
        with closing(pieces):
            for piece in pieces:
                if isinstance(piece, ChatCompletion):
                    completion = piece
                    continue
                checked = self._check(question, reader.feed(piece), texts)
                if self._judge is None:
                    yield from display.show(checked)
                else:
                    waiting += checked
        judged = self._judged(waiting + self._check(question, reader.finish(), texts), texts)
        yield from display.show(judged.checked)
        usage = spent + self._usage(completion)
        if is_refusal(completion.text):
            yield Done(self._not_found(question, passages, model=completion.model, usage=usage))
        else:
            judged = replace(judged, checked=display.checked)
            yield Done(
                self._concluded(question, judged, passages, completion.model, usage, display.text, display.numbers)
            )

    def _standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
        """The question without its need for the conversation, and what asking a model for it took."""
        if not history:
            return question, Usage()
        if self._language_model is None:
            return followup.by_rule(question, history), Usage()
        completion = self._language_model.complete(followup.rewriting(question, history), temperature=0.0)
        return followup.rewritten(completion.text, question, history), self._usage(completion)

    def _validated(
        self, question: str, drafted: Sequence[DraftSentence], passages: Sequence[Passage], model: str, usage: Usage
    ) -> Answer:
        texts = source_texts(passages)
        judged = self._judged(self._check(question, drafted, texts), texts)
        numbers = SourceNumbers()
        judged = replace(judged, checked=[numbers.apply(one) for one in judged.checked])
        text = render([one.sentence for one in judged.checked if one.verdict.shown])
        return self._concluded(question, judged, passages, model, usage, text, numbers)

    def _extracted(
        self, question: str, sources: Sequence[ContextSource], texts: Sequence[SourceText]
    ) -> Sequence[DraftSentence]:
        with self._turns:
            return extract_answer(question, sources, texts, self._embedder)

    def _check(
        self, question: str, drafted: Sequence[DraftSentence], texts: Sequence[SourceText]
    ) -> list[SentenceVerdict]:
        if not drafted:
            return []
        with self._turns:
            return check(question, drafted, texts)

    def _judged(self, checked: list[SentenceVerdict], texts: Sequence[SourceText]) -> Judged:
        """After the second reading, if there is one: sentences of the documents themselves need none."""
        if self._judge is None or self._language_model is None:
            return Judged(checked, JudgeState.OFF)
        return self._judge.review(checked, texts)

    def _concluded(
        self,
        question: str,
        judged: Judged,
        passages: Sequence[Passage],
        model: str,
        usage: Usage,
        text: str,
        numbers: SourceNumbers,
    ) -> Answer:
        """`judged` has the numbers of the answer's sources already, `numbers`."""
        checked = judged.checked
        if judged.completion is not None:
            usage += self._usage(judged.completion)
        kept = [one for one in checked if one.verdict.shown]
        share = supported_share(checked)
        if share < MIN_SUPPORTED_SHARE:
            refusal = self._not_found(question, passages, checked, share, model, usage)
            return replace(refusal, judge=judged.state)
        return Answer(
            text=text,
            answered=True,
            mode=self._mode,
            model=model,
            citations=citations_of(kept, passages, numbers),
            validation=[verdict_of(one) for one in checked],
            validation_score=share,
            passages=passages,
            usage=usage,
            question=question,
            judge=judged.state,
        )

    def _not_found(
        self,
        question: str,
        passages: Sequence[Passage],
        checked: Sequence[SentenceVerdict] = (),
        share: float = 0.0,
        model: str = "",
        usage: Usage | None = None,
    ) -> Answer:
        return Answer(
            text=NOT_FOUND,
            answered=False,
            mode=self._mode,
            model=model or (EXTRACTIVE_MODEL if self._language_model is None else ""),
            citations=[],
            validation=[verdict_of(one) for one in checked],
            validation_score=share,
            passages=passages,
            usage=usage or Usage(),
            question=question,
        )

    def _usage(self, completion: ChatCompletion) -> Usage:
        return priced(completion.model, completion.prompt_tokens, completion.completion_tokens, self._prices)

    @property
    def _mode(self) -> AnswerMode:
        return AnswerMode.EXTRACTIVE if self._language_model is None else AnswerMode.GPT
