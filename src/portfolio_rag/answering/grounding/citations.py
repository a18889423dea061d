"""Passages as sources of an answer, and the citations of what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from portfolio_rag.answering.grounding.check import SentenceVerdict
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Citation, Passage


def source_texts(passages: Sequence[Passage]) -> list[SourceText]:
    """Whole chunks as evidence: what the model saw is a part of them."""
    return [
        SourceText.build(
            number,
            passage.chunk.content,
            "\n".join([passage.document.filename, *passage.chunk.heading_path]),
        )
        for number, passage in enumerate(passages, start=1)
    ]


class SourceNumbers:
    """The numbers of an answer's sources, in the order of their first mention."""

    def __init__(self) -> None:
        self._by_passage: dict[int, int] = {}

    def __getitem__(self, passage_number: int) -> int:
        return self._by_passage[passage_number]

    def renumber(self, checked: SentenceVerdict) -> SentenceVerdict:
        """The sentence with the answer's numbers in place of the passages'; its `evidence` keeps those.

        A dropped sentence mentions nothing: of its sources it keeps those that the answer has mentioned.
        """
        for number in checked.sentence.citations if checked.verdict.shown else ():
            self._by_passage.setdefault(number, len(self._by_passage) + 1)
        known = sorted(self[number] for number in checked.sentence.citations if number in self._by_passage)
        return replace(checked, sentence=replace(checked.sentence, citations=tuple(known)))


def citations_of(
    kept: Iterable[SentenceVerdict], passages: Sequence[Passage], numbers: SourceNumbers
) -> list[Citation]:
    """One for each span of evidence, in the order of the sources and of their text."""
    spans = {(support.number, support.start, support.end) for sentence in kept for support in sentence.evidence}
    # A span inside another one of the same source is quoted by it already.
    widest = [
        span
        for span in spans
        if not any(
            wider != span and wider[0] == span[0] and wider[1] <= span[1] and span[2] <= wider[2] for wider in spans
        )
    ]
    return [
        _citation(passages[number - 1], numbers[number], start, end)
        for number, start, end in sorted(widest, key=lambda span: (numbers[span[0]], *span))
    ]


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
