"""The question's whole way: retrieve, decide whether the documents speak of it, draft, validate, cite."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing

from portfolio_rag.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    Citation,
    Done,
    Passage,
    Retrieved,
    Turn,
    Usage,
    Verdict,
)
from portfolio_rag.ports import ChatCompletion, Embedder, LanguageModel
from portfolio_rag.services import followup
from portfolio_rag.services.context import CONTEXT_TOKENS, build_context
from portfolio_rag.services.draft import DraftSentence, parse_draft, render
from portfolio_rag.services.evidence import SourceText
from portfolio_rag.services.extractive import extract_answer
from portfolio_rag.services.filters import Filter
from portfolio_rag.services.prompts import build_messages, is_refusal
from portfolio_rag.services.relevance import THRESHOLD, relevance, threshold_for
from portfolio_rag.services.retrieval import Retrieval, check_query
from portfolio_rag.services.streaming import Display, SentenceReader
from portfolio_rag.services.validation import Checked, check, verdict_of

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
    ) -> None:
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
            drafted = extract_answer(question, sources, self._embedder)
            return self._validated(question, drafted, passages, EXTRACTIVE_MODEL, Usage())
        completion = self._language_model.complete(
            build_messages(question, sources),
            temperature=self._temperature if temperature is None else temperature,
        )
        usage = spent + _usage(completion)
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

        Nothing unchecked is ever shown. Raises as `answer` does, on the way too. The last event is `Done`.
        """
        question, spent = self._standalone(check_query(question), history)
        passages = self._retrieval.search(question, top_k=top_k, where=where)
        yield Retrieved(passages)
        if not self._spoken_of(question, passages, where):
            yield Done(self._not_found(question, passages, usage=spent))
            return
        sources = build_context(passages, budget_tokens=self._context_tokens)
        texts = _source_texts(passages)
        display = Display(
            lambda sentences: check(question, sentences, texts, self._embedder),
            lambda kept: _citations(kept, passages),
            MIN_SUPPORTED_SHARE,
        )
        if self._language_model is None:
            yield from display.show(extract_answer(question, sources, self._embedder))
            yield Done(self._concluded(question, display.checked, passages, EXTRACTIVE_MODEL, Usage(), display.text))
            return
        reader = SentenceReader()
        completion = ChatCompletion("", "", 0, 0)
        pieces = self._language_model.stream(
            build_messages(question, sources),
            temperature=self._temperature if temperature is None else temperature,
        )
        with closing(pieces):
            for piece in pieces:
                if isinstance(piece, ChatCompletion):
                    completion = piece
                else:
                    yield from display.show(reader.feed(piece))
        yield from display.show(reader.finish())
        usage = spent + _usage(completion)
        if is_refusal(completion.text):
            yield Done(self._not_found(question, passages, model=completion.model, usage=usage))
        else:
            yield Done(self._concluded(question, display.checked, passages, completion.model, usage, display.text))

    def _standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
        """The question without its need for the conversation, and what asking a model for it took."""
        if not history:
            return question, Usage()
        if self._language_model is None:
            return followup.by_rule(question, history), Usage()
        completion = self._language_model.complete(followup.rewriting(question, history), temperature=0.0)
        return followup.rewritten(completion.text, question, history), _usage(completion)

    def _validated(
        self, question: str, drafted: Sequence[DraftSentence], passages: Sequence[Passage], model: str, usage: Usage
    ) -> Answer:
        checked = check(question, drafted, _source_texts(passages), self._embedder)
        text = render([one.sentence for one in checked if one.verdict is Verdict.SUPPORTED])
        return self._concluded(question, checked, passages, model, usage, text)

    def _concluded(
        self,
        question: str,
        checked: Sequence[Checked],
        passages: Sequence[Passage],
        model: str,
        usage: Usage,
        text: str,
    ) -> Answer:
        kept = [one for one in checked if one.verdict is Verdict.SUPPORTED]
        share = len(kept) / len(checked) if checked else 0.0
        if share < MIN_SUPPORTED_SHARE:
            return self._not_found(question, passages, checked, share, model, usage)
        return Answer(
            text=text,
            answered=True,
            mode=self._mode,
            model=model,
            citations=_citations(kept, passages),
            validation=[verdict_of(one) for one in checked],
            validation_score=share,
            passages=passages,
            usage=usage,
            question=question,
        )

    def _not_found(
        self,
        question: str,
        passages: Sequence[Passage],
        checked: Sequence[Checked] = (),
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

    @property
    def _mode(self) -> AnswerMode:
        return AnswerMode.EXTRACTIVE if self._language_model is None else AnswerMode.GPT


def _usage(completion: ChatCompletion) -> Usage:
    return Usage(completion.prompt_tokens, completion.completion_tokens)


def _source_texts(passages: Sequence[Passage]) -> list[SourceText]:
    """Whole chunks as evidence: what the model saw is a part of them."""
    return [
        SourceText.build(
            number,
            passage.chunk.content,
            "\n".join([passage.document.filename, *passage.chunk.heading_path]),
        )
        for number, passage in enumerate(passages, start=1)
    ]


def _citations(kept: Iterable[Checked], passages: Sequence[Passage]) -> list[Citation]:
    """One for each span of evidence, in the order of the sources and of their text."""
    spans = {(found.number, found.start, found.end) for one in kept for found in one.evidence}
    # A span inside another one of the same source is quoted by it already.
    widest = [
        span
        for span in spans
        if not any(
            other != span and other[0] == span[0] and other[1] <= span[1] and span[2] <= other[2] for other in spans
        )
    ]
    return [_citation(passages[number - 1], number, start, end) for number, start, end in sorted(widest)]


def _citation(passage: Passage, number: int, start: int, end: int) -> Citation:
    document = passage.document
    span = (passage.chunk.span[0] + start, passage.chunk.span[0] + end)
    chunk = passage.holding(span)
    return Citation(
        number=number,
        document_id=document.document_id,
        version=document.version,
        filename=document.filename,
        s3_key=document.s3_key,
        upload_timestamp=document.upload_timestamp,
        chunk_id=chunk.chunk_id,
        chunk_index=chunk.chunk_index,
        heading_path=chunk.heading_path,
        page=chunk.page_start,
        span=span,
        quote=passage.chunk.content[start:end],
        score=passage.score,
    )
