"""An answer sentence by sentence, each one checked before anything of it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portfolio_rag.answering.generation.prompts import NOT_IN_DOCUMENTS
from portfolio_rag.answering.grounding.check import SentenceVerdict, supported_share, verdict_of
from portfolio_rag.answering.grounding.citations import SourceNumbers, citations_of
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, continuation, read_draft
from portfolio_rag.domain.answers import AnswerEvent, Citation, Cited, Passage, Token, Validated

MIN_SUPPORTED_SHARE = 0.34
"""Of a draft of which less than this holds, the rest is not trusted either."""

OPENING_SENTENCES = 3
"""A draft is trusted once its share holds over at least so many sentences from its beginning, or over all of it.

What follows can no longer change that, or a sentence that is shown would have to be taken back. Each sentence still
has to pass for itself.
"""

_HELD_BACK = 2
"""Sentences at the end of an unfinished draft that may still change: the last one is being written, and a citation
mark behind the full stop belongs to the one before."""

_MAY_END_A_SENTENCE = frozenset(".!?…。！？\n")


class SentenceReader:
    """Takes a draft piece by piece and gives its sentences as they become complete.

    However it is cut into pieces, its sentences are the same. `declined` says that the model has found no answer in
    the documents: what it says from there on is not read.
    """

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    @property
    def declined(self) -> bool:
        return NOT_IN_DOCUMENTS in self._text

    def feed(self, piece: str) -> list[DraftSentence]:
        self._text += piece
        if self.declined or not _MAY_END_A_SENTENCE.intersection(piece):
            return []
        draft = read_draft(self._text)
        return self._take(draft.sentences, min(draft.settled, len(draft.sentences) - _HELD_BACK))

    def finish(self, *, is_cut: bool = False) -> list[DraftSentence]:
        """The rest. Of a draft that `is_cut` the last sentence is left out: nobody knows what it lacks."""
        text, _, _ = self._text.partition(NOT_IN_DOCUMENTS)
        draft = read_draft(text)
        is_whole = not (is_cut or self.declined or draft.is_cut)
        return self._take(draft.sentences, len(draft.sentences) - (0 if is_whole else 1))

    def _take(self, sentences: Sequence[DraftSentence], end: int) -> list[DraftSentence]:
        complete = list(sentences[self._given : max(end, self._given)])
        self._given += len(complete)
        return complete


class Display:
    """What has been shown of an answer so far: nothing before the draft is trusted, and nothing is taken back."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._numbers = SourceNumbers()
        self._waiting: list[SentenceVerdict] = []
        self._cited: set[tuple[int, tuple[int, int]]] = set()
        self._last: DraftSentence | None = None
        self.checked: list[SentenceVerdict] = []
        self.is_trusted = False
        self.text = ""

    def show(self, checked: Sequence[SentenceVerdict]) -> Iterator[AnswerEvent]:
        """Verdicts on the sentences, and what may be displayed after them: citations first, then the text."""
        for sentence in checked:
            numbered = self._numbers.apply(sentence)
            self.checked.append(numbered)
            yield Validated(verdict_of(numbered))
            if numbered.verdict.shown:
                self._waiting.append(numbered)
            if len(self.checked) >= OPENING_SENTENCES:
                yield from self._flush_if_trusted()

    def finish(self, *, is_declined: bool) -> Iterator[AnswerEvent]:
        """What remains to be displayed when no sentence follows; `is_declined` by the model, that is nothing."""
        if not is_declined:
            yield from self._flush_if_trusted()

    @property
    def citations(self) -> list[Citation]:
        """Of all that is shown."""
        return citations_of((s for s in self.checked if s.verdict.shown), self._passages, self._numbers)

    def _flush_if_trusted(self) -> Iterator[AnswerEvent]:
        self.is_trusted = self.is_trusted or supported_share(self.checked) >= MIN_SUPPORTED_SHARE
        if not self.is_trusted:
            return
        for sentence in self._waiting:
            for citation in citations_of([sentence], self._passages, self._numbers):
                if (citation.number, citation.span) not in self._cited:
                    self._cited.add((citation.number, citation.span))
                    yield Cited(citation)
            text = continuation(self._last, sentence.sentence)
            self._last = sentence.sentence
            self.text += text
            yield Token(text)
        self._waiting = []
