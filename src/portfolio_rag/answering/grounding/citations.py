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
            passage.chunk.parts,
            passage.document.document_id,
        )
        for number, passage in enumerate(passages, start=1)
    ]


class SourceNumbers:
    """The numbers of sources in an answer: counted from 1 in the order in which it mentions them first."""

    def __init__(self) -> None:
        self._by_passage: dict[int, int] = {}

    def of(self, passage: int) -> int:
        """The number of the source that is the passage of that number."""
        return self._by_passage.setdefault(passage, len(self._by_passage) + 1)

    def apply(self, verdict: SentenceVerdict) -> SentenceVerdict:
        """The verdict with the answer's numbers: what is not shown cites none of its sources."""
        cited = tuple(map(self.of, verdict.sentence.citations)) if verdict.verdict.shown else ()
        return replace(verdict, sentence=replace(verdict.sentence, citations=cited))


def citations_of(
    kept: Iterable[SentenceVerdict], passages: Sequence[Passage], numbers: SourceNumbers
) -> list[Citation]:
    """One for each span of evidence, in the order of the sources' numbers and of their text."""
    spans = {(support.number, support.start, support.end) for sentence in kept for support in sentence.evidence}
    # A span inside another one of the same source is quoted by it already.
    widest = [
        span
        for span in spans
        if not any(
            wider != span and wider[0] == span[0] and wider[1] <= span[1] and span[2] <= wider[2] for wider in spans
        )
    ]
    cited = [
        _citation(passages[passage - 1], numbers.of(passage), start, end) for passage, start, end in sorted(widest)
    ]
    return sorted(cited, key=lambda citation: citation.number)


def _citation(passage: Passage, number: int, start: int, end: int) -> Citation:
    document = passage.document
    span = (passage.chunk.span[0] + start, passage.chunk.span[0] + end)
    chunk = passage.holding(span)
    part = passage.chunk.part_at(start)
    return Citation(
        number=number,
        document_id=document.document_id,
        version=document.version,
        filename=document.filename,
        s3_key=document.s3_key,
        upload_timestamp=document.upload_timestamp,
        chunk_id=chunk.chunk_id,
        chunk_index=chunk.chunk_index,
        heading_path=part.heading_path,
        page=part.page or chunk.page_start,
        span=span,
        quote=passage.chunk.content[start:end],
        score=passage.score,
        recognition=passage.chunk.recognition_of(start, end),
        live_since=document.processing_completed_at,
    )
