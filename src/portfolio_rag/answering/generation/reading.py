"""What a reader makes of the candidates for an answer: the question beside the text that each stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portfolio_rag.answering.generation.candidate_sentences import CandidateSentence
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.ports.reader import Excerpt, Reader

MAX_ODDS = 6.0
"""Log-odds beyond it in either direction say no more: the reader is sure."""

_READ = 4
"""Excerpts read for a question, those with the most promising candidates."""

_EXCERPT_CHARACTERS = 800
"""What a reader of 256 word pieces sees at once beside a question and a heading."""

_HEADINGS = 2


def answer_odds(question: str, candidates: Sequence[CandidateSentence], reader: Reader) -> list[float]:
    """For each candidate the log-odds that it answers, -MAX_ODDS to MAX_ODDS; the lowest of what is not read."""
    excerpts = excerpts_of(candidates)[:_READ]
    odds = [-MAX_ODDS] * len(candidates)
    read = reader.read(question, [excerpt for excerpt, _ in excerpts])
    for (_, indices), scores in zip(excerpts, read, strict=True):
        for index, score in zip(indices, scores, strict=True):
            odds[index] = min(MAX_ODDS, max(-MAX_ODDS, score))
    return odds


def excerpts_of(candidates: Sequence[CandidateSentence]) -> list[tuple[Excerpt, list[int]]]:
    """What is read for the candidates, each with the places of those that it holds; the most promising first."""
    return sorted(_excerpts(candidates), key=lambda chosen: -max(candidates[index].promise for index in chosen[1]))


def _excerpts(candidates: Sequence[CandidateSentence]) -> Iterator[tuple[Excerpt, list[int]]]:
    """Runs of neighbouring sentences, of the same source, that hold candidates; with the places of these."""
    places = {id(candidate.sentence): index for index, candidate in enumerate(candidates)}
    sources = {candidate.source.number: candidate for candidate in candidates}
    for candidate in sources.values():
        for span in candidate.source.spans:
            inside = [
                sentence for sentence in candidate.text.sentences if sentence.start < span[1] and span[0] < sentence.end
            ]
            for run in _runs(inside):
                wanted = [sentence for sentence in run if id(sentence) in places]
                if wanted:
                    start = run[0].start
                    path = run[0].heading_path or candidate.source.passage.chunk.heading_path
                    yield (
                        Excerpt(
                            " > ".join(path[-_HEADINGS:]),
                            candidate.text.text[start : run[-1].end],
                            tuple((sentence.start - start, sentence.end - start) for sentence in wanted),
                        ),
                        [places[id(sentence)] for sentence in wanted],
                    )


def _runs(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    run: list[Sentence] = []
    for sentence in sentences:
        if run and sentence.end - run[0].start > _EXCERPT_CHARACTERS:
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run
