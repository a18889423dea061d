"""What a text denies, in seven languages, and the words that are each other's opposites."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.language_detection import function_terms, language_of

NEGATION = re.compile(
    r"\b(?:(?P<de>nicht|nie|niemals|niemand|nichts|ohne|weder|kein(?:e[rmns]?)?)|(?P<fr>ne(?!\s\S+\sque\b)|sans|aucune?)"
    r"|(?P<es>nunca|jamás|sin|ningun[oa]s?|ningún|nadie|tampoco)|(?P<it>non(?!-)|senza|nessun[oa]?)"
    r"|(?P<pt>não|sem|nenhuma?)|(?P<nl>niet|geen|nooit|zonder)"
    r"|not|never|no|none|nobody|nothing|neither|nor|without|cannot|can't|unable|fails? to|failed to|"
    r"isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|wouldn't|shouldn't|couldn't|hasn't|haven't|hadn't)\b"
    r"|\b(?P<french>n')(?=\w)",
    re.IGNORECASE,
)
"""Words that deny; those of another language in its group."""
_EXCLUDES = re.compile(
    r"\b(?:except(?!ional)|exclu|prohibit|forbid|banned|unavailable|ausgenommen|ausgeschlossen|verboten|interdit|prohibid)",
    re.IGNORECASE,
)
_LETS_IN = re.compile(
    r"\b(?:may|can|cover(?:s|ed)?|includ(?:es?|ed|ing)|insured|insures?|allow(?:s|ed)?|permit(?:s|ted)?|accept(?:s|ed)?|eligible"
    r"|refund(?:s|ed)?|reimburs(?:es?|ed)|welcome|darf|dürfen|erlaubt|gestattet|versichert|gedeckt|enthalten|inbegriffen)\b",
    re.IGNORECASE,
)
_LETS_IN_STEMS = frozenset(
    terms(
        "covered included insured allowed permitted accepted eligible refunded reimbursed erlaubt gestattet versichert"
    )
)
# "not only X but Y" affirms X; "no longer than", "no more than" bound a number and negate nothing.
_NO_NEGATION = re.compile(r"\b(?:not only|not just|no (?:more|less|fewer|later|longer|earlier) than)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:.!?()|]|\b(?:but|and|or|because|although|while|whereas|unless|if|which|so)\b", re.I)
# "A tool that nobody waits for may be kept": who waits is denied, and not what may be done.
_RELATIVE = re.compile(r"\b(?:that|which|who|whom)\s+(?:\w+\s+)?$", re.IGNORECASE)
_MAIN_VERB = re.compile(r"(?<=\w)\s+(?:may|can|must|shall|will|should|is|are|was|were)\b", re.IGNORECASE)
_NEAR = 100
"""Characters on both sides of a `no` that tell whether it is English or Spanish."""
_SCOPE = 3
"""Content words after a negation, inside its clause, that it is taken to deny."""

_OPPOSITES = [
    ("increase raise grow rise higher", "decrease reduce shrink fall lower decline"),
    ("maximum most upper", "minimum least lower"),
    ("before earlier", "after later"),
    ("enable enabled", "disable disabled"),
    ("allow permit allowed", "deny forbid prohibit denied forbidden prohibited"),
    ("approve approved accept accepted", "reject rejected refuse refused"),
    ("always", "never"),
    ("include included", "exclude excluded"),
    ("synchronous synchronously", "asynchronous asynchronously"),
    ("encrypted", "unencrypted"),
    ("public", "private"),
    ("supported", "unsupported"),
    ("available", "unavailable"),
    ("success succeed successful", "failure fail unsuccessful"),
    ("required mandatory", "optional"),
    ("internal", "external"),
    ("first", "last"),
    ("left", "right"),
    ("north northern", "south southern"),
    ("east eastern", "west western"),
    ("positive", "negative"),
    ("win won", "lose lost"),
    ("upregulate", "downregulate"),
    ("activate", "inhibit deactivate suppress"),
    ("promote", "inhibit prevent suppress"),
    ("hot", "cold"),
    ("true", "false"),
    ("free", "paid"),
]


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem for word in words.split() for stem in terms(word)) or frozenset(words.split())


_OPPOSITE_STEMS = [(_stems(one), _stems(other)) for one, other in _OPPOSITES]


def excludes(text: str) -> bool:
    """Whether what leads a list in, or a claim, says that something is left out or not allowed, in whatever words."""
    return bool(_EXCLUDES.search(text)) or any(scope & _LETS_IN_STEMS for scope in negated_words(text))


def lets_in(text: str) -> bool:
    """Whether it says that something is covered, allowed or the like, and denies nothing."""
    return bool(_LETS_IN.search(text)) and not denies(text)


def denies(text: str) -> bool:
    """Whether a heading, a question or what leads a list in says that something is not so, or not allowed."""
    return bool(NEGATION.search(text) or _EXCLUDES.search(text))


def has_antonym(claim: frozenset[str], source: frozenset[str]) -> bool:
    """Whether the claim has one word of a pair of opposites where the source has the other one only."""
    return any(
        (claim & one and source & other and not source & one and not claim & other)
        or (claim & other and source & one and not source & other and not claim & one)
        for one, other in _OPPOSITE_STEMS
    )


def negated_words(text: str) -> Iterable[frozenset[str]]:
    """For each negation the content words that it denies."""
    blanked = _NO_NEGATION.sub(lambda match: " " * len(match.group()), text.replace("’", "'"))
    for match in NEGATION.finditer(blanked):
        clause = _CLAUSE_END.split(blanked[match.end() :], maxsplit=1)[0]
        if _RELATIVE.search(blanked, 0, match.start()):
            clause = _MAIN_VERB.split(clause, maxsplit=1)[0]
        language = (match.lastgroup or "en")[:2]
        if match.group().lower() == "no":
            language = language_of(text[max(0, match.start() - _NEAR) : match.start() + _NEAR])
        scope = [term for term in terms(clause) if term not in function_terms(language)][:_SCOPE]
        if not scope and language not in ("", "en"):
            # "Er öffnet sonntags nicht": the verb that is denied stands before.
            before = _CLAUSE_END.split(blanked[: match.start()])[-1]
            scope = [term for term in terms(before) if term not in function_terms(language)][-_SCOPE:]
        if scope:
            yield frozenset(scope)
