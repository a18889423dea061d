"""Who did it to whom, and what stands before, into or after what: roles that two things may change.

All words of such a claim stand in its evidence. Only their order tells, as far as a few function words of English,
German, French and Spanish say which words act and what a preposition joins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from portfolio_rag.text.language.content_words import Word, terms, words_of
from portfolio_rag.text.language.months import is_month
from portfolio_rag.text.language.name_variants import missing_names
from portfolio_rag.text.language.negations import NEGATION
from portfolio_rag.text.language.number_words import NUMBER_IN_WORDS
from portfolio_rag.text.language.units import UNITS, unit_key

_HOLDS = re.compile(
    r"\b(?P<verb>includ(?:es?|ed)|contains?|comprises?|covers?|excludes?)\s+(?P<what>[^,;:.!?()\n]{1,60})",
    re.IGNORECASE,
)
_NEXT_CLAUSE = re.compile(r";\s+|,?\s+(?:while|whereas)\s+", re.IGNORECASE)
_BE_LIST = """
    is are was were be been being gets got wird werden wurde wurden est sont était étaient être été
    es son fue fueron sea ser sido
"""
_BE = frozenset(_BE_LIST.split())
_BY = frozenset(("by", "von", "vom", "durch", "par", "por"))
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been)\s+(?:(?:not|also|always|never|only)\s+)?([a-z]{2,}(?:ed|en))\b")
_CONVERSES = (("buy bought purchase purchased acquire acquired", "sell sold"), ("lend lent", "borrow borrowed"),
              ("teach taught", "learn learned learnt"), ("win won beat defeated defeat", "lose lost"))  # fmt: skip
_MIN_ORDERED = 3

_SAME_REST = 0.8
"""Share of a claim's words, without who acts, that the evidence has when it says the same of another one."""

_ARTICLE_LIST = """
    a an the each every its their his her this these all some most no
    der die das den dem des ein eine einer einem einen eines jeder jede jedes jedem jeden alle im am zum zur vom beim
    le la les l un une des du au aux chaque ce cette son sa ses leur tout toute tous toutes
    el los las una del al cada su sus este esta todo toda todos todas
"""
_ARTICLES = frozenset(_ARTICLE_LIST.split())
_NO_SUBJECT_LIST = (
    "dem den einem einen um am im in an auf bis ab seit nach vor bei mit ohne für zum zur alle jeden jede"
)
_NO_SUBJECT = frozenset(_NO_SUBJECT_LIST.split())
_GERMAN = frozenset(("der", "die", "das", "den", "dem", "des", "ein", "eine", "es", "wird", "werden", "ist", "sind"))
"""A German sentence that begins so begins with something else than who acts, and has that behind its verb."""
_SMALL_WORD_LIST = "et ou que qui ne pas en dans sur sous und oder sich y o que no en con a"
_TITLES = "mr mrs ms dr prof mme mlle sra"
"""Of persons: `Mr. Ode` acts, and `Ms. Roe` is another one by the name alone."""
_SMALL_WORDS = frozenset(f"{_SMALL_WORD_LIST} {_TITLES}".split())
_NUMBER = re.compile(rf"\d\w*|{NUMBER_IN_WORDS}", re.IGNORECASE)
_TIME_LIST = """
    beginning end start middle noon midday midnight evening morning next then now today tonight tomorrow
    monday tuesday wednesday thursday friday saturday sunday weekend spring summer autumn winter easter christmas
"""
_TIMES = frozenset(_TIME_LIST.split())
_VERB = re.compile(r"[^\W\d_]+")
_VERSION = re.compile(r"(?<![\w.])\d+(?:\.\d+)+(?!\w|\.\w)")

_JOINED = re.compile(
    r"""(?P<first>[^\W_]+)[,;]?\s+(?:(?:is|are|was|were|has|have|been|then|und|and|et|y)\s+){0,2}
    (?:[^\W_]+ed\s+)?
    (?P<word>to|into|nach|zu|bis|in|vers|à|au|hacia|before|after|vor|nachdem|bevor|avant|après|antes|después|than|als)
    \s+(?:(?:the|a|an|der|die|das|dem|den|le|la|les|l['’]|el|los|las|que|de|del)\s+)*(?P<last>[^\W_]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_RECEIVER = re.compile(
    r"\b(?:to|an|à|a)\s+(?:the\s+|die\s+|den\s+|la\s+|le\s+|el\s+)?(?P<who>[^\W\d_]+)", re.IGNORECASE
)
"""Who something is given to needs no article: `forwards it to payroll`."""
_INSTEAD = re.compile(
    r"(?P<new>[^\W_]+)\s+(?:instead\s+of|rather\s+than|statt|au\s+lieu\s+de|en\s+vez\s+de)\s+(?P<old>[^\W_]+)"
)
_GOVERNED = re.compile(
    r"""\b(?P<word>before|after|without|with|inside|outside|above|below|over|under|from|until|vor|nach|mit|ohne|ab|bis
      |avant|après|avec|sans|antes\sde|después\sde|con|sin)
    \s+(?:(?:the|a|an|any|der|die|das|dem|den|des|einem?r?|le|la|les|l['’]|un|une|el|los|las|una|que)\s+)*
    (?P<last>[^\W_]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_OPPOSITE_PAIRS = (
    "before/after with/without inside/outside above/below over/under from/until vor/nach mit/ohne ab/bis avant/après "
    "avec/sans con/sin"
)
_OPPOSITE = {
    word: other
    for pair in (*(pair.split("/") for pair in _OPPOSITE_PAIRS.split()), ["antes de", "después de"])
    for word, other in (pair, pair[::-1])
}


def other_roles(claim: str, evidence: str) -> bool:
    """Whether two of the claim's words have changed places around a third, as do who acts and who is acted on."""
    claim, evidence = _with_names_for_versions(claim), _with_names_for_versions(evidence)
    own, its = _order(_neutral(claim)), _order(_neutral(evidence))
    shared = [term for term in own if term in its]
    if len(shared) < _MIN_ORDERED or _is_inverted(claim) or _is_inverted(evidence):
        return False
    receiving = frozenset(term for match in _RECEIVER.finditer(claim) for term in terms(match["who"]))
    turned_round = (_is_passive(claim, evidence) != _is_passive(evidence, claim)) != _is_converse(claim, evidence)
    for first, last in combinations(shared, 2):
        if not (own[first][1] and (own[last][1] or (its[last][1] and last in receiving))):
            continue  # Only names and the like act: other words move freely.
        swapped = its[first][0] > its[last][0]
        if swapped is turned_round:
            continue
        between = [
            term for term in shared if own[first][0] < own[term][0] < own[last][0] and _is_verb(term, _neutral(claim))
        ]
        for verb in between:
            if any(own[term][1] and own[first][0] < own[term][0] < own[verb][0] for term in shared):
                continue  # Another one stands nearer to the verb.
            low, high = sorted((its[first][0], its[last][0]))
            if low < its[verb][0] < high:
                return True
    return False


def other_direction(claim: str, evidence: str) -> str:
    """What a preposition joins the other way round, or its opposite joins, in words: `from A to B`, `before` it."""
    own, its = _joined(claim), _joined(evidence)
    for first, word, last in own:
        if first != last and (last, word, first) in its and (first, word, last) not in its:
            return f"there it is “{last} {word} {first}”"
    if _is_denied(claim) != _is_denied(evidence):
        return ""  # Not without it is only with it.
    governed, known = _governed(claim), _governed(evidence)
    for word, last in governed:
        other = _OPPOSITE[word]
        if (other, last) in known and (word, last) not in known and (other, last) not in governed:
            return f"one says “{word}”, the other “{other}”"
    return ""


def other_agent(claim: str, evidence: str, known: frozenset[str]) -> str:
    """Who acts in the evidence in place of another one that the source knows (`known`), in words; empty for nobody."""
    _, other = exchanged_agents(claim, evidence, known)
    return f"there it is “{other}” who does" if other else ""


def exchanged_agents(claim: str, evidence: str, known: frozenset[str]) -> tuple[str, str]:
    """Who acts in the claim and who in the evidence, as terms; empty where they may be the same."""
    if _is_passive(claim, "") or _is_passive(evidence, "") or _is_inverted(claim) or _is_inverted(evidence):
        return "", ""
    clauses = _NEXT_CLAUSE.split(evidence)
    if len(clauses) > 1 and not _NEXT_CLAUSE.search(claim):
        found = (exchanged_agents(claim, clause, known) for clause in clauses)
        return next((pair for pair in found if pair[1]), ("", ""))
    own, its = _order(claim), _order(evidence)
    for verb in own.keys() & its.keys():
        if not (_is_verb(verb, claim) and _is_verb(verb, evidence)):
            continue
        agent, other = _before(own, verb), _before(its, verb)
        rest = set(own) - {agent}
        if (
            agent
            and other
            and agent in known
            and agent not in its
            and (other not in own or own[other][0] > own[verb][0])
            and len(rest & set(its)) >= max(2, _SAME_REST * len(rest))
            and missing_names(frozenset([agent]), claim, [evidence])
        ):
            return agent, other
    return "", ""


def other_object(claim: str, evidence: str, known: frozenset[str]) -> str:
    """What a verb of holding goes with in the evidence in place of what the claim names and the source knows.

    `The rates include water. Power is charged by the meter.` says nothing of rates that include power.
    """
    own, its = _HOLDS.search(claim), _HOLDS.search(evidence)
    if own is None or its is None or terms(own["verb"]) != terms(its["verb"]):
        return ""
    wanted, said = frozenset(terms(own["what"])), frozenset(terms(its["what"]))
    before = frozenset(terms(claim[: own.start()]))
    if not wanted or not said or not wanted <= known or wanted & frozenset(terms(evidence)):
        return ""
    if before.isdisjoint(terms(evidence)):
        return ""
    return f"it says “{' '.join(its.group().split())}”"


def _before(order: dict[str, tuple[int, bool]], verb: str) -> str:
    """The last one before the verb that may act, with no other word of weight between them."""
    place = order[verb][0]
    before = [(position, term) for term, (position, _) in order.items() if position < place]
    term = max(before)[1] if before else ""
    return term if term and order[term][1] else ""


def _order(text: str) -> dict[str, tuple[int, bool]]:
    """Content words that stand once in the text, with their places, and whether they may act.

    Names do, and what an article or a number stands before.
    """
    words = [word for word in words_of(text) if word.text in _ARTICLES or (word.term and word.text not in _SMALL_WORDS)]
    found: dict[str, tuple[int, bool]] = {}
    twice: set[str] = set()
    before: Word | None = None
    for position, word in enumerate(words):
        is_article = word.text in _ARTICLES
        if word.term and not is_article:
            if word.term in found:
                twice.add(word.term)
            is_first = position == 0 or (position == 1 and before is not None and before.text in _ARTICLES)
            acts = word.capital or is_first or (before is not None and _introduces(before))
            is_measure = bool(_NUMBER.fullmatch(word.text)) or is_month(word.text) or unit_key(word.text) in UNITS
            found[word.term] = (position, acts and not is_measure)
        before = word
    return {term: place for term, place in found.items() if term not in twice}


def _introduces(before: Word) -> bool:
    """Whether it says that the next word is a thing or a person: an article, or the number of them."""
    return before.text in _ARTICLES or bool(_NUMBER.fullmatch(before.text))


def _is_verb(term: str, text: str) -> bool:
    """Whether a word in lower case that no article stands before has that term."""
    words = words_of(text)
    return any(
        word.term == term
        and not word.capital
        and _VERB.fullmatch(word.text)
        and word.text not in _ARTICLES
        and (position == 0 or words[position - 1].text not in _ARTICLES)
        for position, word in enumerate(words)
    )


def _is_passive(text: str, other: str) -> bool:
    """Whether who acts stands behind: `is kept by`; or the other text just has the verb."""
    words = [word.text for word in words_of(text)]
    if any(
        word in _BY and not _BE.isdisjoint(words[max(0, place - 8) : place]) and not _is_time(words[place + 1 :])
        for place, word in enumerate(words)
    ):
        return True
    match = _PASSIVE.search(text)
    if match is None or _PASSIVE.search(other):
        return False
    return not frozenset(terms(match[1])).isdisjoint(terms(other))


def _is_time(words: Sequence[str]) -> bool:
    """Whether they begin with a time: nobody acts in `by the end of May`, or `by 5 May`."""
    first, *others = [word for word in words if word not in _ARTICLES] or [""]
    return first in _TIMES or is_month(first) or (first.isdigit() and any(map(is_month, others[:1])))


def _is_inverted(text: str) -> bool:
    words = words_of(text)
    return bool(words) and words[0].text in _NO_SUBJECT and any(word.text in _GERMAN for word in words[1:])


def _is_converse(claim: str, evidence: str) -> bool:
    own, its = _raw_words(claim), _raw_words(evidence)
    return any(
        (not own.isdisjoint(one) and not its.isdisjoint(other))
        or (not own.isdisjoint(other) and not its.isdisjoint(one))
        for one, other in _CONVERSE_WORDS
    )


def _raw_words(text: str) -> frozenset[str]:
    return frozenset(word.text for word in words_of(text))


def _neutral(text: str) -> str:
    """With one word for each pair of converses: who buys and who sells stand around the same deal."""
    return _CONVERSE.sub(lambda match: _DEAL_OF[match[0].casefold()], text)


def _with_names_for_versions(text: str) -> str:
    """`3.2` as one word with a capital: it takes part as a name does."""
    return _VERSION.sub(lambda match: f"N{match.group().replace('.', 'x')}", text)


def _joined(text: str) -> list[tuple[str, str, str]]:
    """What stands before and behind each preposition that has a direction, as terms."""
    found = []
    text = _INSTEAD.sub(r"\g<old> to \g<new>", text)  # It is now B instead of A, as it changed from A to B.
    place = 0
    while match := _JOINED.search(text, place):
        first, last = words_of(match["first"]), words_of(match["last"])
        if first and last and first[0].term and last[0].term:
            found.append((first[0].term, match["word"].lower(), last[0].term))
        place = match.start("last")
    return found


def _is_denied(text: str) -> bool:
    return any(match.group().casefold() not in _OPPOSITE for match in NEGATION.finditer(text))


def _governed(text: str) -> frozenset[tuple[str, str]]:
    found = ((" ".join(match["word"].lower().split()), words_of(match["last"])) for match in _GOVERNED.finditer(text))
    return frozenset((word, words[0].term) for word, words in found if words and words[0].term)


_CONVERSE_WORDS = tuple((frozenset(one.split()), frozenset(other.split())) for one, other in _CONVERSES)
_DEAL_OF = {word: f"{one.split()[0]}deal" for one, other in _CONVERSES for word in f"{one} {other}".split()}
_CONVERSE = re.compile(rf"\b(?:{'|'.join(_DEAL_OF)})\b", re.IGNORECASE)
