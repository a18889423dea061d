"""The check before an answer is shown: every sentence against the text of the sources it cites.

Deterministic and without any model, so that it holds against one. A sentence is supported when a source it cites
holds it, repaired when another retrieved source does, flagged when neither is sure, and dropped otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from portfolio_rag.answering.grounding.addresses import addresses, holds, without_addresses
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.cross_language import (
    IN_ANOTHER_LANGUAGE,
    is_other_language,
    missing_value,
    nearest_sentence,
)
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence
from portfolio_rag.answering.grounding.evidence import SourceText, folded
from portfolio_rag.answering.grounding.scoring import Support, rank_evidence, score_span
from portfolio_rag.answering.grounding.subjects import SubjectIndex, about_subject
from portfolio_rag.domain.answers import CheckedSentence, Verdict
from portfolio_rag.text.language.content_words import coverage, terms

SUPPORTED_FROM = 0.3
DROP_BELOW = 0.2
"""Scores from which a sentence is supported and below which it is dropped: bench/calibrate_validation.py."""

_SHORT_CLAIM_TERMS = 3
_MIN_QUESTION_COVERED = 0.3
"""A fragment such as `4 days` proves nothing by itself: its evidence must speak of what was asked."""

_SAME_QUESTION = 0.5
"""Share of a heading's words that the question has when it asks the same."""

_MIN_PART = 0.34
"""Share of a sentence's words that each of several sources must hold, for it to be put together from them."""

_JOINT_COVERED = 0.75
"""Stricter than for one source: words scattered over several are cheaper to find."""


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """A sentence of the draft with its verdict. `sentence.citations` are the sources that hold it, when it is shown.

    `evidence` has one span for each of them; `reason` says what is missing, or what has been repaired.
    """

    sentence: DraftSentence
    verdict: Verdict
    score: float
    reason: str
    evidence: tuple[Support, ...] = ()


def verdict_of(checked: SentenceVerdict) -> CheckedSentence:
    """The verdict as the reply carries it."""
    return CheckedSentence(
        text=checked.sentence.text,
        citations=checked.sentence.citations,
        verdict=checked.verdict,
        score=round(checked.score, 4),
        reason=checked.reason,
    )


def supported_share(checked: Sequence[SentenceVerdict]) -> float:
    """The share of the sentences that hold, 0 to 1; a flagged one counts half."""
    worth = {Verdict.SUPPORTED: 1.0, Verdict.REPAIRED: 1.0, Verdict.FLAGGED: 0.5, Verdict.DROPPED: 0.0}
    return sum(worth[sentence.verdict] for sentence in checked) / len(checked) if checked else 0.0


def check(question: str, drafted: Sequence[DraftSentence], sources: Sequence[SourceText]) -> list[SentenceVerdict]:
    """A verdict for each sentence, in order."""
    index = SubjectIndex(sources)
    by_number = {source.number: source for source in sources}
    verdicts = [_verdict_on(sentence, Claim(sentence.text, question), sources, index) for sentence in drafted]
    return [_with_held_addresses(verdict, by_number) for verdict in verdicts]


def _with_held_addresses(verdict: SentenceVerdict, sources: Mapping[int, SourceText]) -> SentenceVerdict:
    """Dropped where it has an address that no source it cites holds. Such an address is not even reported."""
    text = verdict.sentence.text
    if not (named := addresses(text)):
        return verdict
    cited = [sources[number] for number in verdict.sentence.citations if number in sources]
    held = frozenset(address for address in named if any(_holds(source, address) for source in cited))
    if held.issuperset(named):
        return verdict
    sentence = replace(verdict.sentence, text=without_addresses(text, held), doubtful=False)
    return SentenceVerdict(sentence, Verdict.DROPPED, 0.0, "it has an address that its source does not hold")


def _holds(source: SourceText, address: str) -> bool:
    return holds(source.text, address) or holds(source.context, address)


def _verdict_on(
    sentence: DraftSentence, claim: Claim, all_sources: Sequence[SourceText], index: SubjectIndex
) -> SentenceVerdict:
    joint = len(sentence.citations) > 1
    sources = {source.number: source for source in about_subject(claim, all_sources, index, joint=joint)}
    if not claim.terms:
        return _bare_answer(sentence, claim, sources)
    if verdict := _in_other_words(sentence, claim, sources):
        return verdict
    own = rank_evidence(claim, [source for source in sources.values() if source.number in sentence.citations])
    cited = [support for support in own if not _is_stray_fragment(claim, support, sources[support.number])]
    if holding := [support for support in cited if support.score >= SUPPORTED_FROM]:
        return _shown(sentence, Verdict.SUPPORTED, holding, "")
    # The others are read only where those that are cited do not hold it: most sentences are cited rightly.
    others = rank_evidence(claim, [source for source in sources.values() if source.number not in sentence.citations])
    supports = sorted([*own, *others], key=lambda support: (-support.score, support.number))
    if not supports:
        set_aside = next((source.set_aside for source in sources.values() if source.set_aside), "")
        return SentenceVerdict(sentence, Verdict.DROPPED, 0.0, set_aside or "no source speaks of it")
    supports = [support for support in supports if not _is_stray_fragment(claim, support, sources[support.number])]
    if not supports:
        return SentenceVerdict(sentence, Verdict.DROPPED, 0.0, "its source does not speak of what was asked")
    if len(cited) > 1 and (together := _held_together(claim, cited, sources)):
        return _shown(sentence, Verdict.SUPPORTED, together, "")
    best = supports[0]
    # A source that speaks of it less than the cited ones do proves nothing against what those say.
    speaks_of_it = all(_outweighs(best, support) for support in cited)
    if best.score >= SUPPORTED_FROM and speaks_of_it and not best.span.features.values_missing:
        why = f"{_wrong_citation(sentence, sources)}: source {best.number} does"
        return _shown(sentence, Verdict.REPAIRED, [best], why)
    nearest = max(cited or supports, key=lambda support: support.score)
    if nearest.score >= DROP_BELOW:
        return _shown(replace(sentence, doubtful=True), Verdict.FLAGGED, [nearest], nearest.reason)
    return SentenceVerdict(sentence, Verdict.DROPPED, nearest.score, nearest.reason)


def _outweighs(other: Support, cited: Support) -> bool:
    """Whether a source speaks of the claim as much as the cited one; more, where that has another value for it."""
    if cited.span.limit == 0:
        return other.span.covered > cited.span.covered
    return other.span.covered >= cited.span.covered


def _bare_answer(sentence: DraftSentence, claim: Claim, sources: Mapping[int, SourceText]) -> SentenceVerdict:
    """The verdict on a sentence without a content word: `Yes.` holds where it stands under the question."""
    supports = [
        replace(score_span(claim, source, own.start, own.end), score=1.0)
        for source in (sources[number] for number in sentence.citations if number in sources)
        for own in source.sentences
        if folded(own.text) == folded(claim.text)
        and own.heading_path
        and _asks_that(claim, own.heading_path[-1], source)
    ]
    if supports:
        return _shown(sentence, Verdict.SUPPORTED, supports[:1], "")
    return SentenceVerdict(sentence, Verdict.DROPPED, 0.0, "it states nothing that can be checked")


def _asks_that(claim: Claim, heading: str, source: SourceText) -> bool:
    """Whether the heading asks what the claim answers, and no other one there has more of its words."""
    headings = {own.heading_path[-1] for own in source.sentences if own.heading_path}
    shares = {text: coverage(frozenset(terms(text)), claim.asked_terms) for text in headings if text.endswith("?")}
    return shares.get(heading, 0.0) >= _SAME_QUESTION and shares[heading] == max(shares.values())


def _in_other_words(sentence: DraftSentence, claim: Claim, sources: dict[int, SourceText]) -> SentenceVerdict | None:
    """The verdict on a sentence in another language than all the sources that it cites; None for any other."""
    cited = [sources[number] for number in sentence.citations if number in sources]
    if not cited or not all(is_other_language(claim, source) for source in cited):
        return None
    missing = {source.number: missing_value(claim, source) for source in cited}
    holding = [source for source in cited if missing[source.number] == ""]
    if not holding:
        reason = next((why for why in missing.values() if why), IN_ANOTHER_LANGUAGE)
        return SentenceVerdict(sentence, Verdict.DROPPED, 0.0, reason)
    evidence = [
        replace(score_span(claim, source, *nearest_sentence(claim, source)), score=DROP_BELOW) for source in holding
    ]
    return _shown(replace(sentence, doubtful=True), Verdict.FLAGGED, evidence, IN_ANOTHER_LANGUAGE)


def _shown(sentence: DraftSentence, verdict: Verdict, evidence: Sequence[Support], reason: str) -> SentenceVerdict:
    ordered = tuple(sorted(evidence, key=lambda support: support.number))
    cited = replace(sentence, citations=tuple(support.number for support in ordered))
    return SentenceVerdict(cited, verdict, max(support.score for support in ordered), reason, ordered)


def _wrong_citation(sentence: DraftSentence, sources: dict[int, SourceText]) -> str:
    if not sentence.citations:
        return "no source was cited that holds it"
    if not sources.keys() & set(sentence.citations):
        return "the cited source does not exist"
    return "the cited source does not hold it"


def _is_stray_fragment(claim: Claim, support: Support, source: SourceText) -> bool:
    """Whether it is too short to prove anything, and its evidence does not speak of what was asked."""
    if len(claim.terms) >= _SHORT_CLAIM_TERMS or not claim.asked_terms:
        return False
    held = source.held_terms(support.start, support.end)
    return coverage(claim.asked_terms, held) < _MIN_QUESTION_COVERED


def _held_together(claim: Claim, cited: Sequence[Support], sources: dict[int, SourceText]) -> list[Support]:
    """The same spans with their joint score, when they hold the claim jointly: a sentence may put sources together."""
    if any(support.span.covered < _MIN_PART for support in cited):
        return []
    text = "\n".join(sources[support.number].text[support.start : support.end] for support in cited)
    places = [sources[support.number].touched(support.start, support.end) for support in cited]
    contexts = [sources[support.number].context for support in cited]
    context = "\n".join([*contexts, *(sentence.context for touched in places for sentence in touched)])
    joint = score_span(claim, SourceText.build(0, text, context), 0, len(text))
    if joint.score < SUPPORTED_FROM or joint.span.covered < _JOINT_COVERED:
        return []
    return [replace(support, score=joint.score) for support in cited]
