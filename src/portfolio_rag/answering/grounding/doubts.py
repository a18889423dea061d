"""Whether a claim turns what the sentence nearest to it says, or adds to it: the doubt, in the words that are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from portfolio_rag.answering.grounding.bounds import bounds_alike
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import are_parallel, cells_of
from portfolio_rag.answering.grounding.meaning import (
    added,
    added_condition,
    is_excepted,
    other_condition,
    says_only,
    turned,
    without_addition,
)
from portfolio_rag.answering.grounding.roles import exchanged_agents, other_agent, other_object, other_roles
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import coverage, terms
from portfolio_rag.text.language.facts import Facts
from portfolio_rag.text.language.negations import excludes, lets_in

NOT_SAID = "the source does not say this"

_SAME_MATTER = 0.5
"""Share of a claim's words from which a sentence speaks of the same, and may say it the other way round."""

_SAME_WORDS = 0.9
"""The same from which only the order of the words may tell them apart."""

_YES_OR_NO = re.compile(r"\s*(?:(?P<no>no|nein)|yes|ja)\b(?!\s+\w)", re.IGNORECASE)

_NOTHING = re.compile(
    r"\s*(?:not(?:\s+(?:at\s+all|ever|yet))?|nothing|none|never|nobody|nichts|gar\s+nicht|nie|niemals|niemand|keine?r?)\s*[.,;!]",
    re.IGNORECASE,
)
"""A whole answer that denies what its question asks about."""
_CELL = re.compile(
    r"\s*(?:(?P<no>no|nein|non|false|off|[✗✘✕✖❌❎☐×–—-])|yes|ja|oui|sí|true|on|[✓✔✅☑☒])\s*", re.IGNORECASE
)
"""A cell that says whether what its column and its row are called by goes together; a dash says that it does not."""

_DENYING_WORDS = re.compile(
    r"\b(?:off|false|disabled|inactive|missing|lacks?|lacking|without|unlike|instead|unavailable|unsupported|excluded"
    r"|aus|ohne|fehlt|fehlen|anders|sauf|sans|sin)\b",
    re.IGNORECASE,
)
"""Words by which a claim denies without a negation: nothing is told then from a cell that says yes or no."""

_SEPARATE = re.compile(r";\s+|,?\s+(?:while|whereas|während)\s+")
_PRONOUN = re.compile(r"\s*(?:it|they|he|she|this|these|that|er|sie|es|dies[er]?|ils?|elles?)\b", re.IGNORECASE)
"""The subject of a clause that speaks of the same thing as the one before."""
_JOINS = re.compile(r"[,;]|\b(?:and|or|both|und|oder|et|ou|y|o)\b", re.IGNORECASE)
"""By which a claim may rightly say one thing of several."""

_GRANTS = frozenset(terms("accept accepted agree agreed approve approved grant granted"))
_REFUSES = frozenset(terms("decline declined deny denied refuse refused reject rejected"))
_REQUESTS = frozenset(terms("ask asked apply applied propose proposed request requested suggest suggested"))

_PERIOD_STEMS = {"hour": "stund", "day": "tag", "night": "nacht", "week": "woch", "month": "monat", "year": "jahr"}

SAME_SENTENCE = 0.7
"""Share of a claim's words from which a sentence says the same, or the same turned round."""


def doubt_of(claim: Claim, source: SourceText, start: int, end: int, variants: frozenset[str]) -> str:
    """What turns the claim's sense against that of the nearest sentence, or adds to it, in words; empty for nothing."""
    touched = source.touched(start, end)
    # A heading states nothing, but may hold more of the claim's words than what is below it; so may an outer item.
    outer = frozenset().union(*(sentence.above for sentence in touched))
    bodies = [own for own in touched if own.kind is not BlockKind.HEADING and own.text not in outer] or touched
    nearest = max(bodies, key=lambda sentence: claim.covered(sentence.terms, sentence.quantities), default=None)
    if nearest is None:
        return ""
    titles = frozenset(terms("\n".join(own.heading_path[0] for own in touched if len(own.heading_path) > 1)))
    beyond_title = claim.wording - source.context_terms - titles - variants
    if len(beyond_title) > 1 and beyond_title.isdisjoint(source.held_terms(start, end)):
        return NOT_SAID
    covered = coverage(claim.wording, nearest.terms | nearest.context_terms | source.context_terms)
    held = source.held_terms(start, end)
    if (covered >= _SAME_MATTER or _goes_on_about_it(claim, nearest, held)) and (
        difference := turned(claim.text, claim.facts, nearest.text, nearest.facts)
        or other_agent(claim.text, nearest.said, source.all_terms)
        or other_object(claim.text, nearest.text, source.all_terms)
    ):
        return difference
    if other := _done_beside(claim, source, nearest, bodies):
        return f"there it is “{other}” who does"
    if condition := other_condition(claim.text, nearest.text, held):
        return condition
    if decision := _decided_otherwise(claim, source, nearest):
        return f"then it says “{decision.text}”"
    if cell := _other_cell(claim, nearest):
        return f"there it is “{cell}”"
    if answer := _other_answer(claim, source, nearest):
        return f"there the answer to that is “{answer}”"
    known = "\n".join([source.text[start:end], source.context, *(sentence.context for sentence in touched)])
    extra = added(claim.text, known)
    rest = frozenset(terms(without_addition(claim.text, extra))) & claim.wording if extra else frozenset()
    if extra and max(coverage(rest, held), coverage(claim.wording - frozenset(terms(extra)), held)) >= SAME_SENTENCE:
        return f"the source does not say “{extra}”"
    if clause := _mixed_clauses(claim, nearest):
        return f"it puts together what is said of two things: “{clause}”"
    if mixed := _mixed(claim, nearest, touched):
        return f"it puts together what is said of two things: “{mixed.text}”"
    vocabulary = source.all_terms | claim.asked_terms | variants
    if condition := added_condition(
        claim.facts.wording, vocabulary, nearest.terms | nearest.context_terms | claim.asked_terms
    ):
        return f"the source does not say “{condition}”"
    if _is_left_out(claim, nearest) or _denies(claim, nearest, held) or _denied_beside(claim, nearest, touched, held):
        return "one denies what the other says"
    if covered >= _SAME_WORDS and other_roles(claim.text, nearest.text):
        return "it turns round who did it to whom"
    for value in claim.facts.quantities:
        same = [own for sentence in touched for own in sentence.quantities if value.same(own)]
        if value.rate and same and not any(own.rate for own in same) and not _names_period(value.rate, held):
            return f"the source does not say “per {value.rate}”"
    return ""


def _done_beside(claim: Claim, source: SourceText, nearest: Sentence, bodies: Sequence[Sentence]) -> str:
    """Who does what the claim says, where it names another one, of whom the nearest sentence says another thing.

    `Ada keeps the keys. Bo opens the hall.` does not say that Ada opens the hall; that she is Bo would have to be said.
    """
    for deed in bodies:
        held = deed.terms | deed.context_terms | source.context_terms
        if deed is nearest or coverage(claim.wording, held) < _SAME_MATTER:
            continue
        agent, other = exchanged_agents(claim.text, deed.text, source.all_terms)
        said = claim.wording & deed.terms
        places = [sentence.terms | sentence.context_terms for sentence in source.sentences]
        if other and not any(agent in place and (other in place or said <= place) for place in places):
            return other
    return ""


def _names_period(rate: str, held: frozenset[str]) -> bool:
    """Whether the words name the period of a rate, in German also within another word: `Tagespreis`."""
    return not held.isdisjoint(terms(rate)) or is_period_within(_PERIOD_STEMS.get(rate, ""), held)


def is_period_within(name: str, held: frozenset[str]) -> bool:
    return name in _PERIOD_STEMS.values() and any(word.startswith(name) for word in held)


def _goes_on_about_it(claim: Claim, nearest: Sentence, held: frozenset[str]) -> bool:
    """Whether the sentence has a value of the claim, and those around it the rest: `It closes at 10.`"""
    return (
        any(value.same(own) for value in claim.facts.quantities for own in nearest.quantities)
        and coverage(claim.wording, held) >= _SAME_MATTER
    )


def _denies(claim: Claim, nearest: Sentence, around: frozenset[str]) -> bool:
    """Whether the nearest sentence says of all that is denied there the same as the claim does, or the other way.

    The rest of the claim may stand `around` it: `Never use bleach` stands under what it must not be used for.
    """
    own, its = claim.facts.negated, negated_in(nearest, claim)
    if own and all(any(scope & said for said in nearest.facts.negated) for scope in own):
        own, its = (), nearest.led_in_negated  # It is `without a guide` in both, and the lead-in may deny that.
    if bool(own) == bool(its) or _answer_in(claim.text) or _answer_in(nearest.text):
        return False
    held = nearest.terms | nearest.context_terms
    denied, other = (its, claim.terms) if its else (own, held)
    rest = claim.wording - frozenset().union(*denied)
    return (
        any(scope <= other for scope in denied)
        and (not rest or coverage(rest, held | around) >= SAME_SENTENCE)
        and not is_put_otherwise(claim, nearest.text, nearest.facts)
    )


def _is_left_out(claim: Claim, nearest: Sentence) -> bool:
    """Whether the claim lets in what its list leaves out, or the other way: `Exclusions`, and it is insured.

    An item that says either by itself is judged by that.
    """
    heading = nearest.heading_path[-1] if nearest.kind is BlockKind.LIST and nearest.heading_path else ""
    above, text = nearest.lead or heading, nearest.text
    if lets_in(text) or excludes(text):
        return False
    return (excludes(above) and lets_in(claim.text)) or (lets_in(above) and excludes(claim.text))


def is_put_otherwise(claim: Claim, text: str, stated: Facts) -> bool:
    """Whether what only one of them denies says the same all the same: by a bound, by `only`, as an exception."""
    return (
        bounds_alike(claim.text, claim.facts, text, stated, one_denied=True)
        or says_only(claim.text, text)
        or is_excepted(claim.text, text)
    )


def _denied_beside(claim: Claim, nearest: Sentence, touched: Sequence[Sentence], held: frozenset[str]) -> bool:
    """Whether another sentence than the nearest denies what the claim says, and none of them affirms that.

    `Replace the filter every 300 hours. Do not wash it.` speaks of the filter in the one that denies nothing.
    """
    if claim.facts.negated:
        return False
    return any(
        sentence is not nearest
        and _denies(claim, sentence, held)
        and not any(scope <= own.terms for scope in sentence.facts.negated for own in touched if own is not sentence)
        for sentence in touched
    )


def _mixed(claim: Claim, nearest: Sentence, touched: Sequence[Sentence]) -> Sentence | None:
    """The sentence from which the claim takes a part, when the nearest one says the same of another thing."""
    for other in touched:
        own, its = nearest.wording - other.wording, other.wording - nearest.wording
        takes_of_both = claim.wording & own and claim.wording & its and own - claim.terms and its - claim.terms
        if takes_of_both and are_parallel(nearest, other):
            return other
    return None


def _decided_otherwise(claim: Claim, source: SourceText, nearest: Sentence) -> Sentence | None:
    """The sentence behind a request, when it refuses what the claim says is granted, or grants it, and no other does.

    `Bo asked for a second boat. The board refused.` does not say that the board granted a second boat.
    """
    section = [sentence for sentence in source.sentences if sentence.heading_path == nearest.heading_path]
    following = next((sentence for sentence in section if sentence.start >= nearest.end), None)
    if following is None or following.kind is not nearest.kind or following.is_question:
        return None
    if nearest.terms.isdisjoint(_REQUESTS):
        return None
    known = frozenset().union(*(sentence.terms for sentence in section))
    is_turned = any(
        claim.terms & own and following.terms & its and not known & own
        for own, its in ((_GRANTS, _REFUSES), (_REFUSES, _GRANTS))
    )
    return following if is_turned else None


def _mixed_clauses(claim: Claim, nearest: Sentence) -> str:
    """The clause from which the claim, a single clause, takes a part, when another one of the sentence says the rest.

    `Ada brings cups; Bo brings plates` says neither that Ada brings plates nor that Bo brings cups.
    """
    clauses = _SEPARATE.split(nearest.text)
    if len(clauses) == 1 or _JOINS.search(claim.text) or any(_PRONOUN.match(clause) for clause in clauses[1:]):
        return ""
    said = [(clause, frozenset(terms(clause))) for clause in clauses]
    capitals = frozenset(word.term for word in claim.words if word.capital)
    for (_, one), (clause, other) in permutations(said, 2):
        own, its = one - other, other - one
        takes_of_both = claim.wording & own and claim.wording & its and own - claim.terms and its - claim.terms
        is_alike = one & other & claim.wording or claim.wording & its <= capitals
        if takes_of_both and is_alike and claim.wording <= one | other | nearest.context_terms:
            return clause.strip()
    return ""


def _other_cell(claim: Claim, row: Sentence) -> str:
    """The cell that says yes or no to what the claim says the other way: `Retry: no` beside `it may be retried`."""
    if _YES_OR_NO.match(claim.text):
        return ""
    for text, is_no, named in _answering_cells(claim, row):
        if any(named & scope for scope in claim.facts.negated) is not is_no:
            return text
    return ""


def _answering_cells(claim: Claim, row: Sentence) -> list[tuple[str, bool, frozenset[str]]]:
    """The cells that say yes or no in columns that the claim names: the text, whether it is no, and what it denies.

    Of one such cell a claim may deny the column or the row: `the Free plan has no folders`, `no folders in Free`.
    """
    if _DENYING_WORDS.search(claim.text):
        return []
    cells = cells_of(row)
    answers = [
        (f"{column}: {text}", answer["no"] is not None, named)
        for column, text in cells
        if (answer := _CELL.fullmatch(text)) and (named := frozenset(terms(column))) and named <= claim.terms
    ]
    label = frozenset(terms(cells[0][1])) if len(answers) == 1 < len(cells) else frozenset()
    return [(text, is_no, named | label) for text, is_no, named in answers]


def negated_in(sentence: Sentence, claim: Claim) -> tuple[frozenset[str], ...]:
    """What the sentence, its lead-in or its cells deny of what the claim says or denies."""
    cells = (named for _, is_no, named in _answering_cells(claim, sentence) if is_no)
    return (*sentence.negated_beside(claim.facts.negated), *cells)


def _other_answer(claim: Claim, source: SourceText, nearest: Sentence) -> str:
    """The yes or no under the question that the claim answers, when the claim says the other; empty otherwise."""
    question = nearest.heading_path[-1] if nearest.heading_path else ""
    if not question.rstrip().endswith("?"):
        return ""
    under = [sentence for sentence in source.sentences if sentence.heading_path == nearest.heading_path]
    answer = next((match for sentence in under if (match := _answer_in(sentence.text))), None)
    if answer is None or coverage(frozenset(terms(question)), claim.terms) < SAME_SENTENCE:
        return ""
    own = _answer_in(claim.text)
    denies = _says_no(own) if own else bool(claim.facts.negated)
    return answer.group().strip() if denies is not _says_no(answer) else ""


def _answer_in(text: str) -> re.Match[str] | None:
    """The yes or no, or the whole denial, that an answer begins with."""
    return _YES_OR_NO.match(text) or _NOTHING.match(text)


def _says_no(answer: re.Match[str]) -> bool:
    return answer.re is _NOTHING or answer["no"] is not None
