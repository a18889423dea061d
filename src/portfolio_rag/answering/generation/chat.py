"""The question's whole way: retrieve, decide whether the documents speak of it, draft, validate, cite."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

from portfolio_rag.answering.generation import answerability, question_rewriting
from portfolio_rag.answering.generation.answerability import THRESHOLD, threshold_for
from portfolio_rag.answering.generation.context_window import CONTEXT_TOKENS, ContextSource, build_context
from portfolio_rag.answering.generation.cost import Price, cost_of
from portfolio_rag.answering.generation.extractive import extract_answer
from portfolio_rag.answering.generation.judge import Judge, Judged
from portfolio_rag.answering.generation.prompts import build_messages
from portfolio_rag.answering.generation.streaming import Display, SentenceReader
from portfolio_rag.answering.grounding.check import SentenceVerdict, check, supported_share, verdict_of
from portfolio_rag.answering.grounding.citations import source_texts
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.retrieval.search import PassageSearch, check_query
from portfolio_rag.domain import tracing
from portfolio_rag.domain.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    ConversationTurn,
    Done,
    FinishReason,
    JudgeState,
    Passage,
    Retrieved,
    Usage,
)
from portfolio_rag.domain.filters import Filter
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.domain.tracing import ending
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.language_model import ChatCompletion, LanguageModel
from portfolio_rag.ports.reader import Reader
from portfolio_rag.settings.ingestion_rules import ModelConfig

NOT_FOUND = "The answer is not in the documents."
EXTRACTIVE_MODEL = "extractive"

CUT_SHORT: Mapping[FinishReason, str] = {
    FinishReason.LENGTH: "The language model came to its limit before a sentence was whole. Ask for less at once.",
    FinishReason.CONTENT_FILTER: "The provider of the language model withheld its answer.",
    FinishReason.INCOMPLETE: "The language model's answer broke off before a sentence was whole. Try again.",
}
"""What is said in place of a draft of which nothing is left to check: the documents may well hold the answer."""


_EXTRACTED = ChatCompletion("", EXTRACTIVE_MODEL, 0, 0)


def _is_cut(completion: ChatCompletion) -> bool:
    return completion.finish_reason is not FinishReason.STOP


def _as_of(asked_at: str, passages: Sequence[Passage]) -> str:
    """The time as of which the same passages are found: what began to answer while they were searched is among them."""
    return max([asked_at, *(passage.document.processing_completed_at or "" for passage in passages)])


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
        reader: Reader | None = None,
    ) -> None:
        """`config` is asked with each answer; `judge` reads GPT's sentences once more.

        `reader` helps to choose the sentences of an extractive answer.

        `compute_slots` is held while this process computes, and never while it waits for a language model.
        """
        self._compute_slots = compute_slots or nullcontext()
        self._judge = judge
        self._retrieval = retrieval
        self._language_model = language_model
        self._embedder = embedder
        self._reader = reader
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
        as_of: str | None = None,
    ) -> Answer:
        """An answer whose every sentence a cited source holds, or an honest refusal with the nearest passages.

        Raises InvalidRequest for a question or `top_k` out of bounds, DependencyUnavailable when Chroma, DynamoDB or
        the language model does not answer. With a `history`, oldest turn first, the question is first made to stand
        alone. Without `top_k` or `temperature` those of the model configuration hold. With `as_of` it is made from
        what answered then; the answer's own `as_of` is the time with which it can be asked again.
        """
        asked_at = as_of or iso(datetime.now(UTC))
        answer = self._answer(question, top_k, where, temperature, history, as_of)
        return replace(answer, as_of=_as_of(asked_at, answer.passages))

    def _answer(
        self,
        question: str,
        top_k: int | None,
        where: Filter | None,
        temperature: float | None,
        history: Sequence[ConversationTurn],
        as_of: str | None,
    ) -> Answer:
        question, rewrite_usage, passages = self._retrieve(question, history, top_k, where, as_of)
        if not self._is_answerable(question, passages, where):
            return self._not_found(question, passages, usage=rewrite_usage)
        sources = build_context(passages, budget_tokens=self._context_tokens)
        texts = source_texts(passages)
        if self._language_model is None:
            drafted = self._extract_answer(question, sources, texts)
            return self._validated(question, drafted, passages, texts, _EXTRACTED, Usage())
        with tracing.span("language model"):
            completion = self._language_model.complete(
                build_messages(question, sources), temperature=self._temperature_or(temperature)
            )
        reader = SentenceReader()
        drafted = [*reader.feed(completion.text), *reader.finish(is_cut=_is_cut(completion))]
        usage = rewrite_usage + self._usage(completion)
        return self._validated(question, drafted, passages, texts, completion, usage, is_declined=reader.declined)

    def stream(
        self,
        question: str,
        *,
        top_k: int | None = None,
        where: Filter | None = None,
        temperature: float | None = None,
        history: Sequence[ConversationTurn] = (),
        as_of: str | None = None,
    ) -> Generator[AnswerEvent, None, None]:
        """`answer` as it comes about: the passages, then each sentence once it has passed the check, then the whole.

        Nothing unchecked is ever shown: with a judge, which reads all sentences at once, nothing before the end. What
        is shown stands in the answer, and a refusal shows nothing. Raises as `answer` does, on the way too. The last
        event is `Done`.
        """
        asked_at = as_of or iso(datetime.now(UTC))
        with closing(self._stream(question, top_k, where, temperature, history, as_of)) as events:
            for event in events:
                if isinstance(event, Done):
                    event = Done(replace(event.answer, as_of=_as_of(asked_at, event.answer.passages)))
                yield event

    def _stream(
        self,
        question: str,
        top_k: int | None,
        where: Filter | None,
        temperature: float | None,
        history: Sequence[ConversationTurn],
        as_of: str | None,
    ) -> Generator[AnswerEvent, None, None]:
        question, rewrite_usage, passages = self._retrieve(question, history, top_k, where, as_of)
        yield Retrieved(passages)
        if not self._is_answerable(question, passages, where):
            yield Done(self._not_found(question, passages, usage=rewrite_usage))
            return
        sources = build_context(passages, budget_tokens=self._context_tokens)
        texts = source_texts(passages)
        display = Display(passages)
        if self._language_model is None:
            judged = self._review(self._check(question, self._extract_answer(question, sources, texts), texts), texts)
            yield from display.show(judged.checked)
            yield from display.finish(is_declined=False)
            yield Done(self._build_answer(question, judged, passages, _EXTRACTED, Usage(), display))
            return
        reader, waiting = SentenceReader(), list[SentenceVerdict]()
        completion = ChatCompletion("", "", 0, 0)
        pieces = self._language_model.stream(
            build_messages(question, sources), temperature=self._temperature_or(temperature)
        )
        writing = tracing.begin("language model")
        with closing(pieces), ending(writing):
            for piece in pieces:
                if isinstance(piece, ChatCompletion):
                    completion = piece
                    continue
                checked = self._check(question, reader.feed(piece), texts)
                if self._judge is None:
                    yield from display.show(checked)
                else:
                    waiting += checked
        waiting += self._check(question, reader.finish(is_cut=_is_cut(completion)), texts)
        judged = self._review(waiting, texts)
        yield from display.show(judged.checked)
        yield from display.finish(is_declined=reader.declined)
        usage = rewrite_usage + self._usage(completion)
        yield Done(self._build_answer(question, judged, passages, completion, usage, display))

    def _retrieve(
        self,
        question: str,
        history: Sequence[ConversationTurn],
        top_k: int | None,
        where: Filter | None,
        as_of: str | None,
    ) -> tuple[str, Usage, list[Passage]]:
        """The question as it stands alone, what asking a model for that took, and the passages nearest to it."""
        question, usage = self._rewrite_question(check_query(question), history)
        if as_of is None:
            return question, usage, self._retrieval.search(question, top_k=top_k, where=where)
        return question, usage, self._retrieval.search(question, top_k=top_k, where=where, as_of=as_of)

    def _rewrite_question(self, question: str, history: Sequence[ConversationTurn]) -> tuple[str, Usage]:
        """The question without its need for the conversation, and what asking a model for it took."""
        if not history:
            return question, Usage()
        if self._language_model is None:
            return question_rewriting.rewrite_by_rule(question, history), Usage()
        prompt = question_rewriting.rewrite_prompt(question, history)
        completion = self._language_model.complete(prompt, temperature=0.0)
        rewrite = "" if _is_cut(completion) else completion.text
        return question_rewriting.parse_rewrite(rewrite, question, history), self._usage(completion)

    def _is_answerable(self, question: str, passages: Sequence[Passage], where: Filter | None) -> bool:
        """Whether the passages bear on the question, by the threshold of an index of this size.

        How many windows a filter leaves is not known: few, as a rule, so the threshold is that of a small index.
        """
        score = answerability.score(question, passages)
        if score < self._answerability_threshold or where is not None:
            return score >= self._answerability_threshold
        return score >= threshold_for(self._retrieval.window_count(), self._answerability_threshold)

    def _validated(
        self,
        question: str,
        drafted: Sequence[DraftSentence],
        passages: Sequence[Passage],
        texts: Sequence[SourceText],
        completion: ChatCompletion,
        usage: Usage,
        *,
        is_declined: bool = False,
    ) -> Answer:
        judged = self._review(self._check(question, drafted, texts), texts)
        display = Display(passages)
        for _ in chain(display.show(judged.checked), display.finish(is_declined=is_declined)):
            pass
        return self._build_answer(question, judged, passages, completion, usage, display)

    def _extract_answer(
        self, question: str, sources: Sequence[ContextSource], texts: Sequence[SourceText]
    ) -> Sequence[DraftSentence]:
        with self._compute_slots, tracing.span("extract answer"):
            return extract_answer(question, sources, texts, self._embedder, self._reader)

    def _check(
        self, question: str, drafted: Sequence[DraftSentence], texts: Sequence[SourceText]
    ) -> list[SentenceVerdict]:
        if not drafted:
            return []
        with self._compute_slots, tracing.span("check", sentences=len(drafted)):
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
        completion: ChatCompletion,
        usage: Usage,
        display: Display,
    ) -> Answer:
        """The answer that `display` shows, or a refusal where it shows nothing."""
        checked, ended = display.checked, completion.finish_reason
        if judged.completion is not None:
            usage += self._usage(judged.completion)
        refusal = NOT_FOUND if checked else CUT_SHORT.get(ended, NOT_FOUND)
        return Answer(
            text=display.text if display.is_trusted else refusal,
            answered=display.is_trusted,
            mode=self._mode,
            model=completion.model,
            citations=display.citations if display.is_trusted else [],
            validation=[verdict_of(sentence) for sentence in checked],
            validation_score=supported_share(checked),
            passages=passages,
            usage=usage,
            question=question,
            judge=judged.state,
            finish_reason=ended,
        )

    def _not_found(self, question: str, passages: Sequence[Passage], *, usage: Usage) -> Answer:
        """The refusal before any draft."""
        return Answer(
            text=NOT_FOUND,
            answered=False,
            mode=self._mode,
            model=EXTRACTIVE_MODEL if self._language_model is None else "",
            citations=[],
            validation=[],
            validation_score=0.0,
            passages=passages,
            usage=usage,
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
