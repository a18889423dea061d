"""The check before an answer is shown: every sentence against the text of the sources it cites.

Deterministic and without any language model, so that it holds against one. A sentence is kept when a source it
cites holds it, repaired when another retrieved source does, and dropped otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portfolio_rag.answers import CheckedSentence, Verdict
from portfolio_rag.ports import Embedder
from portfolio_rag.services.draft import DraftSentence
from portfolio_rag.services.evidence import HOLDS, MIN_COVERED, Claim, SourceText, Support, conflict, support
from portfolio_rag.services.words import coverage, terms

MIN_CLAUSE_COVERED = 0.34
"""As MIN_COVERED for each clause: an invented tail must not ride on a true beginning."""

_STRANGE_RUN = 3
"""Content words in a row that the evidence does not have: more than a rephrasing needs."""

_SHORT_CLAIM_TERMS = 3
_MIN_QUESTION_COVERED = 0.3
"""A fragment such as `4 days` proves nothing by itself: its evidence must speak of what was asked."""

_CLAUSE = re.compile(r"[.!?,;:()–—]|\b(?:and|but|or|which|while|whereas|because|so that|unless)\b", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the draft with its verdict. `sentence.citations` are the sources that hold it, when supported.

    `evidence` has one span for each of them; for an unsupported sentence `reason` says what is missing.
    """

    sentence: DraftSentence
    verdict: Verdict
    score: float
    reason: str
    evidence: tuple[Support, ...] = ()


def verdict_of(checked: Checked) -> CheckedSentence:
    """The verdict as the reply carries it."""
    return CheckedSentence(
        text=checked.sentence.text,
        citations=checked.sentence.citations,
        verdict=checked.verdict,
        score=round(checked.score, 4),
        reason=checked.reason,
    )


def check(
    question: str, drafted: Sequence[DraftSentence], sources: Sequence[SourceText], embedder: Embedder
) -> list[Checked]:
    """A verdict for each sentence, in order."""
    claims = [Claim(sentence.text) for sentence in drafted]
    asked = frozenset(terms(question))
    found = support(claims, sources, embedder)
    by_number = {source.number: source for source in sources}
    return [
        _judge(sentence, claim, supports, by_number, asked)
        for sentence, claim, supports in zip(drafted, claims, found, strict=True)
    ]


def _judge(
    sentence: DraftSentence,
    claim: Claim,
    supports: Sequence[Support],
    sources: dict[int, SourceText],
    asked: frozenset[str],
) -> Checked:
    if not claim.terms:
        return Checked(sentence, Verdict.UNSUPPORTED, 0.0, "it states nothing that can be checked")
    reasons = {found.number: _objection(claim, found, sources[found.number], asked) for found in supports}
    holding = [found for found in supports if not reasons[found.number]]
    cited = [found for found in holding if found.number in sentence.citations]
    if cited:
        return _kept(sentence, cited, "")
    known = [number for number in sentence.citations if number in sources]
    together = [found for found in supports if found.number in known]
    if len(together) > 1 and _hold_together(claim, together, sources):
        return _kept(sentence, together, "")
    if holding:
        why = "the cited sources do not hold it" if known else "no source cited" if not sentence.citations else ""
        return _kept(sentence, holding[:1], f"{why or 'the cited source does not exist'}: moved to the one that does")
    nearest = together or list(supports)
    if not nearest:
        return Checked(sentence, Verdict.UNSUPPORTED, 0.0, "no source speaks of it")
    best = max(nearest, key=lambda found: found.score)
    return Checked(sentence, Verdict.UNSUPPORTED, best.score, reasons[best.number])


def _kept(sentence: DraftSentence, evidence: Sequence[Support], reason: str) -> Checked:
    ordered = tuple(sorted(evidence, key=lambda found: found.number))
    cited = replace(sentence, citations=tuple(found.number for found in ordered))
    return Checked(cited, Verdict.SUPPORTED, max(found.score for found in ordered), reason, ordered)


def _objection(claim: Claim, found: Support, source: SourceText, asked: frozenset[str]) -> str:
    """Why this span does not hold the claim; empty when it does."""
    text = source.text[found.start : found.end]
    held = frozenset(terms(text)) | source.context_terms
    if len(claim.terms) < _SHORT_CLAIM_TERMS and coverage(asked, held) < _MIN_QUESTION_COVERED:
        return "its source does not speak of what was asked"
    if found.conflict:
        return found.conflict
    if _folded(claim.text) in _folded(text):
        return ""
    if found.score < HOLDS or found.covered < MIN_COVERED:
        return "the source does not say this"
    return _loose_clause(claim, held)


def _loose_clause(claim: Claim, held: frozenset[str]) -> str:
    """The objection to a part of the claim that the evidence does not know; empty without one."""
    for clause in _CLAUSE.split(claim.facts.wording):
        wanted = terms(clause)
        if len(wanted) > 1 and coverage(frozenset(wanted), held) < MIN_CLAUSE_COVERED:
            return f"the source does not say “{' '.join(clause.split())}”"
        strange = "".join(" " if term in held else "x" for term in wanted)
        if "x" * _STRANGE_RUN in strange:
            return f"the source does not say all of “{' '.join(clause.split())}”"
    return ""


def _hold_together(claim: Claim, found: Sequence[Support], sources: dict[int, SourceText]) -> bool:
    """Whether the cited spans hold the claim jointly: a sentence may put two sources together."""
    if any(one.covered < MIN_CLAUSE_COVERED for one in found):
        return False
    text = "\n".join(sources[one.number].text[one.start : one.end] for one in found)
    context = "\n".join(sources[one.number].context for one in found)
    joint = SourceText.build(0, text, context)
    held = frozenset(terms(text)) | joint.context_terms
    return (
        claim.covered(held, joint.facts.quantities) >= _JOINT_COVERED
        and not conflict(claim, joint, 0, len(text))
        and not _loose_clause(claim, held)
    )


_JOINT_COVERED = 0.75
"""Stricter than for one source: words scattered over several are cheaper to find."""


def _folded(text: str) -> str:
    return _BLANKS.sub(" ", text).strip(" .").casefold()
