"""Which way a value bounds: at most and at least, until and from, in English, German, French and Spanish."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portfolio_rag.text.language.dates import Date
from portfolio_rag.text.language.facts import Facts
from portfolio_rag.text.language.negations import NEGATION
from portfolio_rag.text.language.quantities import Quantity

_UPPER_LIST = """
    at most | up to | no longer than | within | (?:a )?maximum of | until | till | before | no later than
    höchstens | maximal | bis | bis zu | vor | spätestens
    au plus | au maximum | jusqu['’]à | jusqu['’]au | avant | au plus tard
    como máximo | a lo sumo | hasta | antes de | a más tardar
"""
_LOWER_LIST = """
    at least | (?:a )?minimum of | from | after | since | as of | starting | no earlier than | not before
    mindestens | wenigstens | ab | seit | nach | frühestens
    au moins | au minimum | à partir d[eu] | dès | depuis | après | au plus tôt
    al menos | por lo menos | como mínimo | a partir de | desde | después de
    (?:opens?|starts?|begins?) (?:at|on) | (?:öffnet|beginnt|startet) (?:um|am) | (?:ouvre|commence) (?:à|le)
    (?:abre|empieza|comienza) (?:a|el)
"""
_FEWER_LIST = """
    (?:less|fewer|shorter|earlier|smaller|lower|younger|lighter|cheaper) than | under | below
    weniger als | kürzer als | unter | moins de | menos de
"""
_MORE_LIST = """
    (?:more|longer|greater|larger|higher|later|older|heavier|taller) than | above | over | exceed(?:s|ing|ed)?
    mehr als | länger als | über | plus de | más de
"""
_BEHIND_UPPER_LIST = """
    or (?:less|fewer|under|earlier) | at (?:the )?most | maximum | oder weniger | höchstens | ou moins | au plus
    au maximum | o menos | como máximo | a lo sumo
"""
_BEHIND_LOWER_LIST = """
    or (?:more|above|longer|later|older) | at (?:the )?least | minimum | oder mehr | mindestens | ou plus | au moins
    au minimum | o más | como mínimo | al menos
"""


def _phrases(listed: str) -> str:
    phrases = (phrase.strip() for line in listed.splitlines() for phrase in re.split(r"\s\|\s", line) if phrase.strip())
    return "|".join(phrase.replace(" ", r"\s+") for phrase in sorted(phrases, key=len, reverse=True))


_BEFORE = re.compile(
    rf"""(?<![\w])(?:(?P<upper>{_phrases(_UPPER_LIST)})|(?P<lower>{_phrases(_LOWER_LIST)})
      |(?P<fewer>{_phrases(_FEWER_LIST)})|(?P<more>{_phrases(_MORE_LIST)}))
    \s+(?:[^\W\d_]+\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
_BEHIND = re.compile(
    rf"(?:\s+\w+)?\s+(?:(?P<upper>{_phrases(_BEHIND_UPPER_LIST)})|(?P<lower>{_phrases(_BEHIND_LOWER_LIST)}))\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[,;:!?()]|\.\s|\b(?:but|and|because|although|while|whereas|unless|if|which|so|aber|und|wenn|mais|et|si|pero|y)\b",
    re.IGNORECASE,
)
_GERMAN_DENIAL = re.compile(r"\b(?:nicht|kein(?:e[rmns]?)?)\b", re.IGNORECASE)
_BOUNDED_ONE = re.compile(
    r"""\b(?:(?P<upper>at\smost|no\smore\sthan|höchstens|au\splus|como\smáximo|a\slo\ssumo)
      |(?P<lower>at\sleast|more\sthan|mindestens|mehr\sals|au\smoins|plus\sd['’]|al\smenos|por\slo\smenos))
    \s*(?:one|a\ssingle|ein(?:e[rmn]?|es)?|une?|una?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CHANGE = re.compile(r"(?:(?P<by>\b(?:by|um))|(?P<to>\b(?:to|auf)))\s+[-−–$€£]?$", re.IGNORECASE)
_LATER = re.compile(r"late|spät|tard|earli|früh|tôt", re.IGNORECASE)
_AHEAD = re.compile(r"\s+(?:before|vor|avant|antes|prior)\b", re.IGNORECASE)
"""No later than 40 minutes before the departure is 40 minutes or more."""
_LOOKED_AROUND = 60
_BARE = frozenset(("more", "fewer"))
_IS_UPPER = {"upper": True, "fewer": True, "lower": False, "more": False}


def other_bound(claim: str, own: Facts, evidence: str, its: Facts) -> str:
    """How a value of the claim bounds otherwise than the same value of the evidence, in words; empty where none does.

    More than a value is also another thing than just the value.
    """
    for value in _values(own):
        same = _same_values(value, its)
        if not same:
            continue
        kind = kind_of_bound(claim, value)
        bounds = [_bound(evidence, other) for other in same]
        if kind in _BARE and not any(bounds):
            return f"it says just {value.text}"
        bound = _bound(claim, value)
        if bound and all(other and other != bound for other in bounds):
            return f"{value.text} is {'a lower' if bound == 'upper' else 'an upper'} bound there"
        if _changes_otherwise(claim, value, evidence, same):
            return f"one says by {value.text}, the other to {value.text}"
    return _other_bound_of_one(claim, evidence)


def bounds_alike(claim: str, own: Facts, evidence: str, its: Facts, *, one_denied: bool = False) -> bool:
    """Whether a value of the claim bounds as the same one of the evidence does: `closes at 6`, `open until 6`.

    With `one_denied` only where one of the two denies what the other says, as `no more than 5` and `at most 5`.
    """
    for value in _values(own):
        bound = _bound(claim, value) or _end_at(claim, value)
        for other in _same_values(value, its) if bound else ():
            if bound == _bound(evidence, other) and (
                not one_denied or _is_denied(claim, value) != _is_denied(evidence, other)
            ):
                return True
    return False


_ENDS = re.compile(
    r"\b(?:(?:closes?|ends?|finish(?:es)?|stops?) (?:at|on)|(?:schließt|endet) (?:um|am)|(?:ferme|finit) (?:à|le)"
    r"|(?:cierra|termina|acaba) (?:a|el))\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)


def _end_at(text: str, value: Quantity | Date) -> str:
    return "upper" if _ENDS.search(text, max(0, value.start - _LOOKED_AROUND), value.start) else ""


def _values(facts: Facts) -> list[Quantity | Date]:
    return [*facts.quantities, *facts.dates]


def _same_values(value: Quantity | Date, facts: Facts) -> Sequence[Quantity | Date]:
    if isinstance(value, Date):
        return [other for other in facts.dates if value.same(other)]
    return [other for other in facts.quantities if value.same(other)]


def kind_of_bound(text: str, value: Quantity | Date) -> str:
    """Of the words before a value: `upper` (at most), `lower`, `fewer` (less than) or `more`; empty where none bounds.

    What is denied bounds the other way: `no longer than`, `not open after`. It is never a mere comparison then.
    """
    low = max(0, value.start - _LOOKED_AROUND)
    if end := _end_of_range(text, value):
        return end
    match = _BEFORE.search(text, low, value.start)
    if match is None:
        behind = _BEHIND.match(text, value.start + len(value.text.removeprefix("-")))
        return (behind.lastgroup or "") if behind else ""
    kind = match.lastgroup or ""
    is_ahead = _LATER.search(match.group()) and _AHEAD.match(text, value.start + len(value.text.removeprefix("-")))
    if _is_denied(text, value) or is_ahead:
        return "lower" if _IS_UPPER[kind] else "upper"
    return kind


BETWEEN = re.compile(r"\b(?:between|zwischen|entre)\s+$", re.IGNORECASE)
_RANGE_END = re.compile(
    r"\b(?:between|zwischen|entre)\s+[$€£]?\d[\d.,]*(?:\s\w+)?\s+(?:and|und|et|y)\s+[$€£]?$", re.IGNORECASE
)


def _end_of_range(text: str, value: Quantity | Date) -> str:
    """The way in which a value bounds at one of the ends of `between 5 and 8`."""
    low = max(0, value.start - _LOOKED_AROUND)
    if BETWEEN.search(text, low, value.start):
        return "lower"
    return "upper" if _RANGE_END.search(text, low, value.start) else ""


def _is_denied(text: str, value: Quantity | Date) -> bool:
    """Whether the words that stand before a value and bound it do so behind a negation, or before a German one."""
    low = max(0, value.start - _LOOKED_AROUND)
    match = _BEFORE.search(text, low, value.start)
    if match is None:
        return False
    clause = _CLAUSE_END.split(text[low : match.start()])[-1]
    rest = _CLAUSE_END.split(text[value.start + len(value.text.removeprefix("-")) :], maxsplit=1)[0]
    return bool(NEGATION.search(clause) or _GERMAN_DENIAL.search(rest))


def _bound(text: str, value: Quantity | Date) -> str:
    kind = kind_of_bound(text, value)
    return ("upper" if _IS_UPPER[kind] else "lower") if kind else ""


def _changes_otherwise(claim: str, value: Quantity | Date, evidence: str, same: Sequence[Quantity | Date]) -> bool:
    """Whether something rises or falls by a value in one of the two, and to it in the other."""
    if isinstance(value, Date) or value.dimension == "clock":
        return False
    own = _CHANGE.search(claim, max(0, value.start - _LOOKED_AROUND), value.start)
    if own is None:
        return False
    others = [_CHANGE.search(evidence, max(0, other.start - _LOOKED_AROUND), other.start) for other in same]
    return all(other is not None and other.lastgroup != own.lastgroup for other in others)


def _other_bound_of_one(claim: str, evidence: str) -> str:
    """One is no quantity: it stands for an article more often than for a number."""
    own, its = _BOUNDED_ONE.search(claim), _BOUNDED_ONE.search(evidence)
    if own and its and own.lastgroup != its.lastgroup:
        return f"it says “{' '.join(its.group().split())}”"
    return ""
