"""Must and may: what a sentence obliges to, allows, forbids or leaves free, in English, German, French and Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portfolio_rag.text.language.content_words import terms

_ENGLISH = re.compile(
    r"""\b(?:
      (?P<exempt>need\snot|needn't|(?:do|does|did)(?:\snot|n't)\s(?:have|need)\sto
        |(?:is|are)\snot\s(?:required|obliged)\sto|(?:is|are)\soptional)
      |(?P<forbidden>must\snot|mustn't|may\snot|can\snot|cannot|can't|(?:is|are)\snot\s(?:allowed|permitted)\sto
        |(?:is|are)\s(?:forbidden|prohibited)\s(?:to|from))
      |(?P<obliged>must|shall|(?:has|have|needs?)\sto|(?:is|are)\s(?:required|obliged|bound)\sto)
      |(?P<advised>should|ought\sto|(?:is|are)\s(?:advised|recommended)\sto)
      |(?P<free>may|can|could|might|(?:is|are)\s(?:allowed|permitted|free)\sto))
    \b\s*(?:(?:also|always|only|not)\s)?(?:be\s)?(?P<verb>[^\W\d_]+)?""",
    re.IGNORECASE | re.VERBOSE,
)
_GERMAN = re.compile(
    r"\b(?:(?P<obliged>muss|müssen)|(?P<advised>sollten?)|(?P<free>darf|dürfen|kann|können)|(?P<exempt>braucht|brauchen))\b"
    r"(?P<clause>[^,.;:!?()\n]*)",
    re.IGNORECASE,
)
_GERMAN_KINDS = ("obliged", "advised", "free", "exempt")
_GERMAN_DENIAL = re.compile(r"\b(?:nicht|nie|niemals|kein(?:e[rmns]?)?)\b", re.IGNORECASE)
_GERMAN_AUXILIARY = re.compile(r"(?:\s+(?:werden|worden|sein|haben))+\s*$", re.IGNORECASE)
_ROMANCE = re.compile(
    r"""(?P<denied>\b(?:ne|no)\s(?:se\s)?|\bn['’])?
    \b(?:(?P<obliged>doit|doivent|faut|debe|deben|tienen?\sque|hay\sque)|(?P<free>peut|peuvent|pueden?))\b
    (?:\s(?:pas|jamais|aussi|también))?\s+(?:être\s|ser\s)?(?P<verb>[^\W\d_]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_WITHOUT = re.compile(r"\b(?:without|ohne|sans|sin)\b", re.IGNORECASE)
_SAID = {"obliged": "must", "advised": "should", "free": "may", "forbidden": "must not", "exempt": "need not"}


def other_modality(claim: str, evidence: str) -> str:
    """How the claim obliges or allows otherwise than the evidence does with the same verb, in words; empty for not.

    What one forbids and the other allows is told by its negation, unless both have another one: `not without it`.
    """
    own = dict(_modals(claim))
    its = dict(_modals(evidence)) if own else {}
    for verb, kind in own.items():
        other = its.get(verb)
        if other is None or other == kind:
            continue
        if "advised" in (kind, other):
            if (kind, other) == ("obliged", "advised"):
                return "one says that it must, the other that it should"
            continue
        if {kind, other} != {"forbidden", "free"} or (_WITHOUT.search(claim) and _WITHOUT.search(evidence)):
            return f"one says that it {_SAID[kind]}, the other that it {_SAID[other]}"
    return ""


def _modals(text: str) -> Iterator[tuple[str, str]]:
    """Each verb that a modal goes with, as its term, and the kind of the modal."""
    for match in _ENGLISH.finditer(text.replace("’", "'")):
        if verb := terms(match["verb"] or ""):
            yield verb[0], next(name for name in _SAID if match[name])
    for match in _GERMAN.finditer(text):
        # The verb ends the clause.
        if words := terms(_GERMAN_AUXILIARY.sub("", match["clause"])):
            kind = next(name for name in _GERMAN_KINDS if match[name])
            if _GERMAN_DENIAL.search(match["clause"]):
                kind = "forbidden" if kind == "free" else "exempt"
            yield words[-1], kind
    for match in _ROMANCE.finditer(text):
        if verb := terms(match["verb"]):
            yield verb[0], "forbidden" if match["denied"] else "obliged" if match["obliged"] else "free"
