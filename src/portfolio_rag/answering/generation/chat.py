"""The question's whole way: retrieve, decide whether the documents speak of it, draft, validate, cite."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace

from portfolio_rag.answering.generation import answerability, question_rewriting
from portfolio_rag.answering.generation.answerability import THRESHOLD, threshold_for
from portfolio_rag.answering.generation.context_window import CONTEXT_TOKENS, ContextSource, build_context
from portfolio_rag.answering.generation.cost import Price, cost_of
from portfolio_rag.answering.generation.extractive import extract_answer
from portfolio_rag.answering.generation.judge import Judge, Judged
from portfolio_rag.answering.generation.prompts import build_messages, is_refusal
from portfolio_rag.answering.generation.streaming import Display, SentenceReader
from portfolio_rag.answering.grounding.check import SentenceVerdict, check, supported_share, verdict_of
from portfolio_rag.answering.grounding.citations import SourceNumbers, citations_of, source_texts
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, parse_draft, render
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.retrieval.search import PassageSearch, check_query
from portfolio_rag.domain.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    ConversationTurn,
    Done,
    JudgeState,
    Passage,
    Retrieved,
    Usage,
)
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.language_model import ChatCompletion, LanguageModel
from portfolio_rag.settings.ingestion_rules import ModelConfig

NOT_FOUND = "The answer is not in the documents."
EXTRACTIVE_MODEL = "extractive"

MIN_SUPPORTED_SHARE = 0.34
"""Of a draft of which less than this holds, the rest is not trusted either."""


class Chat:
    """Answers from the documents. Without a language model the answer is extractive: their own sentences."""

    def __init__(
        self,
        retrieval: PassageSearch,
        language_model: LanguageModel | None,
        embedder: Embedder,
        *,
        config: Callable[[], ModelConfig] = ModelConfig,
        context_tokens: int = CONTEXT_TOKENS,
        answerability_threshold: float = THRESHOLD,
        judge: Judge | None = None,
        compute_slots: AbstractContextManager[object] | None = None,
    ) -> None:
        """`config` is asked with each answer; `judge` reads GPT's sentences once more.

        `compute_slots` is held while this process computes, and never while it waits for a language model.
        """
        self._compute_slots = compute_slots or nullcontext()
        self._judge = judge
        self._retrieval = retrieval
        self._language_model = language_model
        self._embedder = embedder
        self._config = config
        self._context_tokens = context_tokens
        self._answerability_threshold = answerability_threshold

    def answer(
        self,
        question: str,
        *,
        top_k: int | None = None,
        where: Filter | None = None,
        temperature: float | None = None,
        history: Sequence[ConversationTurn] = (),
    ) -> Answer:
        """An answer whose every sentence a cited source holds, or an honest refusal with the nearest passages.

        Raises InvalidRequest for a question or `top_k` out of bounds, DependencyUnavailable when Chroma, DynamoDB or
        the language model does not answer. With a `history`, oldest turn first, the question is first made to stand
        alone. Without `top_k` or `temperature` those of the model configuration hold.
        """
        question, rewrite_usage, passages = self._retrieve(question, history, top_k, where)
        if not self._is_answerable(question, passages, where):
            return self._not_found(question, passages, usage=rewrite_usage)
        sources = build_context(passages, budget_tokens=self._context_tokens)
        if self._language_model is None:
            drafted = self._extract_answer(question, sources, source_texts(passages))
            return self._validated(question, drafted, passages, EXTRACTIVE_MODEL, Usage())
        completion = self._language_model.complete(
            build_messages(question, sources), temperature=self._temperature_or(temperature)
        )
        usage = rewrite_usage + self._usage(completion)
        if is_refusal(completion.text):
            return self._not_found(question, passages, model=completion.model, usage=usage)
        return self._validated(question, parse_draft(completion.text), passages, completion.model, usage)

    def stream(
        self,
        question: str,
        *,
        top_k: int | None = None,
        where: Filter | None = None,
        temperature: float | None = None,
        history: Sequence[ConversationTurn] = (),
    ) -> Generator[AnswerEvent, None, None]:
        """`answer` as it comes about: the passages, then each sentence once it has passed the check, then the whole.

        Nothing unchecked is ever shown: with a judge, which reads all sentences at once, nothing before the end. Raises
        as `answer` does, on the way too. The last event is `Done`.
        """
        question, rewrite_usage, passages = self._retrieve(question, history, top_k, where)
        yield Retrieved(passages)
        if not self._is_answerable(question, passages, where):
            yield Done(self._not_found(question, passages, usage=rewrite_usage))
            return
        sources = build_context(passages, budget_tokens=self._context_tokens)
        texts = source_texts(passages)
        display = Display(lambda kept, numbers: citations_of(kept, passages, numbers), MIN_SUPPORTED_SHARE)
        if self._language_model is None:
            judged = self._review(self._check(question, self._extract_answer(question, sources, texts), texts), texts)
            yield from display.show(judged.checked)
            judged = replace(judged, checked=display.checked)
            yield Done(
                self._build_answer(question, judged, passages, EXTRACTIVE_MODEL, Usage(), display.text, display.numbers)
            )
            return
        reader, waiting = SentenceReader(), list[SentenceVerdict]()
        completion = ChatCompletion("", "", 0, 0)
        pieces = self._language_model.stream(
            build_messages(question, sources), temperature=self._temperature_or(temperature)
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
        judged = self._review(waiting + self._check(question, reader.finish(), texts), texts)
        yield from display.show(judged.checked)
        usage = rewrite_usage + self._usage(completion)
        if is_refusal(completion.text):
            yield Done(self._not_found(question, passages, model=completion.model, usage=usage))
        else:
            judged = replace(judged, checked=display.checked)
            yield Done(
                self._build_answer(question, judged, passages, completion.model, usage, display.text, display.numbers)
            )

    def _retrieve(
        self, question: str, history: Sequence[ConversationTurn], top_k: int | None, where: Filter | None
    ) -> tuple[str, Usage, list[Passage]]:
        """The question as it stands alone, what asking a model for that took, and the passages nearest to it."""
        question, usage = self._rewrite_question(check_query(question), history)
        return question, usage, self._retrieval.search(question, top_k=top_k, where=where)

    def _rewrite_question(self, question: str, history: Sequence[ConversationTurn]) -> tuple[str, Usage]:
        """The question without its need for the conversation, and what asking a model for it took."""
        if not history:
            return question, Usage()
        if self._language_model is None:
            return question_rewriting.rewrite_by_rule(question, history), Usage()
        prompt = question_rewriting.rewrite_prompt(question, history)
        completion = self._language_model.complete(prompt, temperature=0.0)
        return question_rewriting.parse_rewrite(completion.text, question, history), self._usage(completion)

    def _is_answerable(self, question: str, passages: Sequence[Passage], where: Filter | None) -> bool:
        """Whether the passages bear on the question, by the threshold of an index of this size.

        How many windows a filter leaves is not known: few, as a rule, so the threshold is that of a small index.
        """
        score = answerability.score(question, passages)
        if score < self._answerability_threshold or where is not None:
            return score >= self._answerability_threshold
        return score >= threshold_for(self._retrieval.window_count(), self._answerability_threshold)

    def _validated(
        self, question: str, drafted: Sequence[DraftSentence], passages: Sequence[Passage], model: str, usage: Usage
    ) -> Answer:
        texts = source_texts(passages)
        judged = self._review(self._check(question, drafted, texts), texts)
        numbers = SourceNumbers()
        judged = replace(judged, checked=[numbers.apply(checked) for checked in judged.checked])
        text = render([checked.sentence for checked in judged.checked if checked.verdict.shown])
        return self._build_answer(question, judged, passages, model, usage, text, numbers)

    def _extract_answer(
        self, question: str, sources: Sequence[ContextSource], texts: Sequence[SourceText]
    ) -> Sequence[DraftSentence]:
        with self._compute_slots:
            return extract_answer(question, sources, texts, self._embedder)

    def _check(
        self, question: str, drafted: Sequence[DraftSentence], texts: Sequence[SourceText]
    ) -> list[SentenceVerdict]:
        if not drafted:
            return []
        with self._compute_slots:
            return check(question, drafted, texts)

    def _review(self, checked: list[SentenceVerdict], texts: Sequence[SourceText]) -> Judged:
        """After the second reading, if there is one: sentences of the documents themselves need none."""
        if self._judge is None or self._language_model is None:
            return Judged(checked, JudgeState.OFF)
        return self._judge.review(checked, texts)

    def _build_answer(
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
        kept = [sentence for sentence in checked if sentence.verdict.shown]
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
            validation=[verdict_of(sentence) for sentence in checked],
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
            validation=[verdict_of(sentence) for sentence in checked],
            validation_score=share,
            passages=passages,
            usage=usage or Usage(),
            question=question,
        )

    def _temperature_or(self, wished: float | None) -> float:
        return self._config().temperature if wished is None else wished

    def _usage(self, completion: ChatCompletion) -> Usage:
        prices = {model: Price(**price) for model, price in self._config().prices.items()}
        return cost_of(completion.model, completion.prompt_tokens, completion.completion_tokens, prices)

    @property
    def _mode(self) -> AnswerMode:
        return AnswerMode.EXTRACTIVE if self._language_model is None else AnswerMode.GPT
