"""All, most, some, few and none of a thing: what a sentence says of how many, in four languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portfolio_rag.text.language.content_words import terms

_QUANTIFIER = re.compile(
    r"""\b(?:(?P<all>all|every|each|both|alle[rn]?|jede[rmns]?|sämtliche[rn]?|beide|tous|toutes|chaque|todos|todas|cada)
      |(?P<most>most|die\smeisten|la\splupart|la\smayoría)
      |(?P<some>some|several|einige[rn]?|manche[rn]?|mehrere[rn]?|certaine?s|quelques|plusieurs|algun[oa]s|vari[oa]s)
      |(?P<few>few|wenige[rn]?|peu|poc[oa]s))
    \s+(?:(?:of|de|d['’])\s+)?(?:(?:the|der|den|les|des|l[oa]s)\s+)?(?P<noun>[^\W\d_]+(?:\s+[^\W\d_]+)?)""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_BEFORE = re.compile(r"\b(?:not|a|nicht|pas|no|at|in|the)\s+$", re.IGNORECASE)
"""`Not all` and `a few` say another thing than their second word; `at all` and `in most` say nothing of how many."""
_ONLY = re.compile(
    r"(?:^|[.;,]\s*)(?:only|nur|seuls?|seules?|solo|sólo)\s+(?:(?:the|die|der|les?|l[oa]s?|el)\s+)?"
    r"(?P<who>[^\W\d_]+)\s+(?:may|can|must|are|is|have|has|dürfen|darf|können|kann|peu(?:t|vent)|pueden?)\b",
    re.IGNORECASE,
)
_ONLY_BY = re.compile(
    r"\b(?:only|nur|seulement|sólo|solo)\s+(?:by|von|vom|durch|par|por)\s+"
    r"(?:(?:the|an?|its|their|his|her|de[mrn]|seine[mrn]|ihre[mrn]|les?|la|son|sa|leurs?|el|l[oa]s?|su)\s+)?(?P<who>[^\W\d_]+)",
    re.IGNORECASE,
)
_ONLY_BEFORE = re.compile(r"\b(?:only|exclusively)\s*(?:[.;,!]|$)", re.IGNORECASE)
"""Behind what it restricts: `on trains 405 and 503 only`."""
_RESTRICTION = 2
"""Words before such an `only` that it restricts: `gate 3 only`. A claim that has them says it of just these."""
_CLAUSE_END = re.compile(r"[.;:!?\n]")
_ANYONE = re.compile(
    r"(?:^|[.;,]\s*)(?:all|every|each|any|everyone|everybody|anyone|anybody|alle|jede[rs]?|tous|toutes|tout|chaque"
    r"|todos|todas|cada)\b",
    re.IGNORECASE,
)


def other_quantifier(claim: str, evidence: str) -> str:
    """How the claim says it of more or fewer than the evidence does, in words; empty where it does not."""
    only = _ONLY.search(evidence) or _ONLY_BY.search(evidence)
    if only and _ANYONE.search(claim) and not set(terms(only["who"])) & set(terms(claim)):
        return f"it says “only {only['who']}”"
    own = dict(_quantified(claim))
    if own and (only := _ONLY_BEFORE.search(evidence)) and not _ONLY_BEFORE.search(claim):
        clause = _CLAUSE_END.split(evidence[: only.start()])[-1]
        is_of_these = set(terms(" ".join(clause.split()[-_RESTRICTION:]))) <= set(terms(claim))
        held = frozenset() if is_of_these else frozenset(terms(clause))
        unsaid = held - {noun for noun, _ in _quantified(evidence)}  # Of all lifts one may well say what only they do.
        if said := next((said for noun, (kind, said) in own.items() if kind == "all" and noun in unsaid), ""):
            return f"one says “{said}”, the other “only”"
    its = dict(_quantified(evidence)) if own else {}
    for noun, (kind, said) in own.items():
        other = its.get(noun)
        if other and other[0] != kind:
            return f"one says “{said}”, the other “{other[1]}”"
    return ""


def _quantified(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each thing that is counted so, as its term, with the kind of the quantifier and its words."""
    for match in _QUANTIFIER.finditer(text):
        words = terms(match["noun"])
        if words and not _NOT_BEFORE.search(text, max(0, match.start() - 8), match.start()):
            kind = next(name for name in ("all", "most", "some", "few") if match[name])
            yield words[0], (kind, match[kind].lower())
