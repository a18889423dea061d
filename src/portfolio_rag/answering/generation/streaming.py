"""An answer sentence by sentence, each one checked before anything of it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from portfolio_rag.answering.generation.prompts import NOT_IN_DOCUMENTS
from portfolio_rag.answering.grounding.check import SentenceVerdict, supported_share, verdict_of
from portfolio_rag.answering.grounding.citations import SourceNumbers
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, continuation, parse_draft
from portfolio_rag.domain.answers import AnswerEvent, Citation, Cited, Token, Validated

_HELD_BACK = 2
"""Sentences at the end of an unfinished draft that may still change: the last one is being written, and a citation
mark behind the full stop belongs to the one before."""

_MAY_END_A_SENTENCE = frozenset(".!?…。！？\n")


class SentenceReader:
    """Takes a draft piece by piece and gives its sentences as they become complete."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    def feed(self, piece: str) -> list[DraftSentence]:
        self._text += piece
        if not _MAY_END_A_SENTENCE.intersection(piece):
            return []
        return self._take(_HELD_BACK)

    def finish(self) -> list[DraftSentence]:
        return self._take(0)

    def _take(self, held_back: int) -> list[DraftSentence]:
        if NOT_IN_DOCUMENTS in self._text:
            return []  # A refusal: nothing that stands around it is an answer.
        sentences = parse_draft(self._text)
        complete = sentences[self._given : len(sentences) - held_back]
        self._given += len(complete)
        return complete


class Display:
    """What has been shown of an answer so far.

    Nothing is shown while less than `min_share` of the sentences hold: a draft like that is not trusted at all.
    `numbers` are those of the sources that have been mentioned.
    """

    def __init__(
        self, cite: Callable[[Sequence[SentenceVerdict], SourceNumbers], list[Citation]], min_share: float
    ) -> None:
        self.numbers = SourceNumbers()
        self._cite = cite
        self._min_share = min_share
        self._waiting: list[SentenceVerdict] = []
        self._cited: set[tuple[int, tuple[int, int]]] = set()
        self._last: DraftSentence | None = None
        self.checked: list[SentenceVerdict] = []
        self.text = ""

    def show(self, checked: Sequence[SentenceVerdict]) -> Iterator[AnswerEvent]:
        """Verdicts on the sentences, and what may be displayed after them: citations first, then the text."""
        for sentence in map(self.numbers.apply, checked):
            self.checked.append(sentence)
            yield Validated(verdict_of(sentence))
            if sentence.verdict.shown:
                self._waiting.append(sentence)
            if supported_share(self.checked) >= self._min_share:
                yield from self._flush()

    def _flush(self) -> Iterator[AnswerEvent]:
        for sentence in self._waiting:
            for citation in self._cite([sentence], self.numbers):
                if (citation.number, citation.span) not in self._cited:
                    self._cited.add((citation.number, citation.span))
                    yield Cited(citation)
            text = continuation(self._last, sentence.sentence)
            self._last = sentence.sentence
            self.text += text
            yield Token(text)
        self._waiting = []
