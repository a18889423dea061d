"""What turns the sense of a sentence with a word or two: who did it to whom, must and may, at most, for free, barely.

Most words of such a claim stand in its evidence, so that no share of words tells it from a true one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from portfolio_rag.text.language.content_words import Word, coverage, terms, words_of
from portfolio_rag.text.language.months import is_month
from portfolio_rag.text.language.name_variants import missing_names
from portfolio_rag.text.language.quantities_and_names import Facts, Quantity

_LESS = re.compile(
    r"\b(?:at most|up to|no (?:more|greater|longer|later|higher|larger) than|not (?:more|longer|later) than|"
    r"less than|fewer than|under|below|within|a maximum of|maximum of|not exceed(?:ing)?)\s+(?:\w+\s+){0,1}$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:at least|no (?:less|fewer|earlier|shorter) than|not (?:less|fewer|earlier) than|(?<!no )(?<!not )more than|"
    r"(?<!no )(?<!not )longer than|(?<!no )(?<!not )(?:greater|larger|higher|later) than|above|exceed(?:s|ing)?|"
    r"a minimum of|minimum of)\s+(?:\w+\s+){0,1}$",
    re.IGNORECASE,
)
_OR_LESS = re.compile(r"(?:\s+\w+)?\s+(?:or (?:less|fewer|under|earlier)|at (?:the )?most|maximum)\b", re.IGNORECASE)
_OR_MORE = re.compile(
    r"(?:\s+\w+)?\s+(?:or (?:more|above|longer|later|older)|at (?:the )?least|minimum)\b", re.IGNORECASE
)
_BEYOND = re.compile(
    r"(?<!no )(?<!not )\b(?:more|less|fewer|longer|greater|larger|higher|later|earlier) than\s+$", re.IGNORECASE
)
_LOOKED_AROUND = 40

_MODAL = re.compile(
    r"""\b(?:
      (?P<exempt>need\snot|needn't|(?:do|does|did)(?:\snot|n't)\s(?:have|need)\sto
        |(?:is|are)\snot\s(?:required|obliged)\sto|(?:is|are)\soptional)
      |(?P<forbidden>must\snot|mustn't|may\snot|can\snot|cannot|can't|(?:is|are)\snot\s(?:allowed|permitted)\sto
        |(?:is|are)\s(?:forbidden|prohibited)\s(?:to|from))
      |(?P<obliged>must|shall|(?:has|have|needs?)\sto|(?:is|are)\s(?:required|obliged|bound)\sto)
      |(?P<free>may|can|could|might|(?:is|are)\s(?:allowed|permitted|free)\sto))
    \b\s*(?:(?:also|always|only|not)\s)?(?:be\s)?(?P<verb>[^\W\d_]+)?""",
    re.IGNORECASE | re.VERBOSE,
)

_FREE = "for free|free of charge|at no (?:extra |additional )?(?:cost|charge)|without (?:any )?(?:charge|cost|fee)|free"
_ADDED_WORDS = {
    "for free": _FREE + "|gratis|complimentary|cost-free",
    "never": "never",
    "always": "always|at all times|in all cases|without exception",
    "only": "(?<!the )only|solely|exclusively",
    "automatically": "automatic(?:ally)?|by itself|on its own",
    "unlimited": "unlimited|without limits?|any number of|unrestricted",
    "guaranteed": "guarantee[sd]?|warrant(?:y|ed)",
    "permanently": "permanent(?:ly)?|forever|for good|irrevocabl[ey]",
    "on request": "(?:on|upon) request",
}
_ADDED = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _ADDED_WORDS.items()}
_HARDLY = re.compile(r"\b(?:barely|hardly|scarcely|almost never|rarely|seldom)\b", re.IGNORECASE)
_NOT_ONLY = re.compile(r"\b(?:not only|if only|only if|feel free|free to|free from|free space)\b", re.IGNORECASE)

_EXCLUDED = re.compile(
    r"""(?:,\s*(?:and\s+|but\s+)?not(?!\s+(?:only|just|all|every|until|before|later|more|less|if|when)\b)
      |\bno\slonger(?=\s+(?:as|in|by|with|to|at|on|for|from|under|over)\b)|\brather\sthan|\binstead\sof)
    \s+(?P<words>[^,.;:!?()\n]{1,60})""",
    re.IGNORECASE | re.VERBOSE,
)
_EXCLUDES = re.compile(r"\b(?:not|never|no longer|rather than|instead of|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_POINTING = frozenset(("a", "an", "the", "it", "them", "him", "her", "this", "that", "these", "those", "its", "their"))

_PREFIX = re.compile(r"(?:un|non|dis|mis|im|ir|il|in)(?=[a-z]{4})")
_ADJECTIVE = re.compile(r".*(?:able|ible|ent|ant|ive|ete|ect|al|ate|ly|ous|ed|ar|ure)$")
_SHORT_WORD = 4

_OPPOSITES = """
    weekday / weekend; day / night; morning / afternoon evening; summer / winter; spring / autumn; early / late
    open / close; start begin / end finish; arrive arrival / depart departure; enter entrance / leave exit; add / remove
    accept / reject refuse; pass / fail; import / export; input / output; send / receive; empty / full; clean / dirty
    wet / dry; inside indoor / outside outdoor; inner / outer; front / rear; top / bottom; odd / even; single / double
    manual manually / automatic automatically; temporary / permanent; adult / child; boy / girl; man / woman
    landlord / tenant; employer / employee; buyer / seller; lender / borrower; sender / recipient; teacher / pupil
    doctor / patient; credit / debit; profit / loss; plus / minus; light / heavy; thin / thick; narrow / wide
"""
_OPPOSITE_TERMS = [
    tuple(frozenset(terms(side)) for side in pair.split("/"))
    for line in _OPPOSITES.strip().splitlines()
    for pair in line.split(";")
]

_CIRCUMSTANCE = re.compile(
    r"""(?<=[\w\s])[,;]?\s(?=(?:(?P<condition>if|unless|when|whenever|provided|as\slong\sas|except|only|once|until|before|after)
      |with|without|for|on|upon|against|in|at|by|through|during|from|to)
    \s(?P<words>[^.;!?\n]+)[.!?]?\s*$)""",
    re.IGNORECASE | re.VERBOSE,
)
_MIN_CIRCUMSTANCE = 2
_MOSTLY_UNKNOWN = 0.75
_MIN_SHARED_REST = 2

_BE = frozenset(("is", "are", "was", "were", "be", "been", "being", "gets", "got"))
_CONVERSES = (("buy bought purchase purchased acquire acquired", "sell sold"), ("lend lent", "borrow borrowed"),
              ("teach taught", "learn learned learnt"), ("win won beat defeated defeat", "lose lost"))  # fmt: skip
_MIN_ORDERED = 3


def turned(claim: str, claim_facts: Facts, evidence: str, evidence_facts: Facts) -> str:
    """How the sense of a claim differs from that of its evidence, in words; empty where neither is turned."""
    return (
        _other_bound(claim, claim_facts.quantities, evidence, evidence_facts.quantities)
        or _other_modality(claim, evidence)
        or _other_prefix(claim, evidence)
        or _hedged(claim, evidence)
        or _excluded(claim, evidence)
        or _opposite(claim, evidence)
    )


def added(claim: str, known: str) -> str:
    """The words of the claim that make it say much more than what is known; empty where it has none."""
    claim, known = _NOT_ONLY.sub(" ", claim), _NOT_ONLY.sub(" ", known)
    said = (words.search(claim) for words in _ADDED.values() if not words.search(known))
    return next((match.group() for match in said if match), "")


def added_condition(claim: str, known: frozenset[str], nearest: frozenset[str]) -> str:
    """The condition or the circumstance that ends the claim, of which no word is known; empty where it has none.

    The rest of the claim is said by the nearest sentence, whose words and those of its place are `nearest`.
    """
    for match in _CIRCUMSTANCE.finditer(claim):
        said = frozenset(terms(match["words"]))
        rest = frozenset(terms(claim[: match.start()]))
        is_condition = match["condition"] is not None
        unknown = said - known
        if (
            len(unknown) >= (1 if is_condition else _MIN_CIRCUMSTANCE)
            and len(unknown) >= _MOSTLY_UNKNOWN * len(said)
            and len(rest) >= _MIN_SHARED_REST
            and coverage(rest, nearest) >= _SAME_REST
        ):
            return " ".join(claim[match.end() :].split()).rstrip(" .")
    return ""


def _excluded(claim: str, evidence: str) -> str:
    """What the claim says and the evidence names only to say that it is not so: `on top, not under them`."""
    if _EXCLUDES.search(claim):
        return ""
    said = {word.term or word.text for word in words_of(claim)}
    for match in _EXCLUDED.finditer(evidence):
        words = [word.term or word.text for word in words_of(match["words"]) if word.text not in _POINTING]
        if words and said.issuperset(words):
            return f"it says “{' '.join(match.group().split()).lstrip(', ')}”"
    return ""


def _opposite(claim: str, evidence: str) -> str:
    own, its = frozenset(terms(claim)), frozenset(terms(evidence))
    for pair in _OPPOSITE_TERMS:
        for one, other in (pair, pair[::-1]):
            if own & one and its & other and not own & other and not its & one:
                return f"one says “{min(own & one)}”, the other “{min(its & other)}”"
    return ""


def _hedged(claim: str, evidence: str) -> str:
    own, its = _HARDLY.search(claim), _HARDLY.search(evidence)
    said = own or its
    return f"one says “{said.group()}”" if said and not (own and its) else ""


def _other_bound(claim: str, wanted: Sequence[Quantity], evidence: str, stated: Sequence[Quantity]) -> str:
    for value in wanted:
        own = _bound(claim, value)
        if not own:
            continue
        same = [other for other in stated if value.same(other)]
        bounds = [_bound(evidence, other) for other in same]
        if same and not any(bounds) and _BEYOND.search(claim, max(0, value.start - _LOOKED_AROUND), value.start):
            return f"it says just {value.text}"
        if bounds and all(bound and bound != own for bound in bounds):
            return f"{value.text} is {'a lower' if own == 'less' else 'an upper'} bound there"
    return ""


def _bound(text: str, value: Quantity) -> str:
    before = text[max(0, value.start - _LOOKED_AROUND) : value.start]
    behind = text[value.start + len(value.text.lstrip("-")) :][:_LOOKED_AROUND]
    if _LESS.search(before) or _OR_LESS.match(behind):
        return "less"
    return "more" if _MORE.search(before) or _OR_MORE.match(behind) else ""


def _other_modality(claim: str, evidence: str) -> str:
    own, its = dict(_modals(claim)), dict(_modals(evidence))
    for verb, kind in own.items():
        other = its.get(verb)
        if other and other != kind and {kind, other} != {"forbidden", "free"}:
            return f"one says that it {_MODALITY[kind]}, the other that it {_MODALITY[other]}"
    return ""


_MODALITY = {"obliged": "must", "free": "may", "forbidden": "must not", "exempt": "need not"}


def _modals(text: str) -> Iterator[tuple[str, str]]:
    """Each verb with a modal before it, as its term, and the kind of the modal."""
    for match in _MODAL.finditer(text.replace("’", "'")):
        verb = terms(match["verb"] or "")
        kind = next(name for name in _MODALITY if match[name])
        if verb:
            yield verb[0], kind


def _other_prefix(claim: str, evidence: str) -> str:
    own, its = _raw_words(claim), _raw_words(evidence)
    own_terms, its_terms = frozenset(terms(claim)), frozenset(terms(evidence))
    for one, other in ((own, its), (its, own)):
        for word in one - other:
            match = _PREFIX.match(word)
            if match is None:
                continue
            bare = word[match.end() :]
            if match.group() in ("in", "im") and not _ADJECTIVE.fullmatch(bare):
                continue
            if bare in other and not (own_terms if one is own else its_terms).issuperset(terms(bare)):
                return f"one says “{word}”, the other “{bare}”"
        for word in one - other:
            if word.endswith("less") and len(word) > _SHORT_WORD + 4 and f"{word[:-4]}ful" in other:
                return f"one says “{word}”, the other “{word[:-4]}ful”"
    return ""


def _raw_words(text: str) -> frozenset[str]:
    return frozenset(word.text for word in words_of(text))


def other_roles(claim: str, evidence: str) -> bool:
    """Whether two of the claim's words have changed places around a third, as do who acts and who is acted on."""
    own, its = _order(_neutral(claim)), _order(_neutral(evidence))
    shared = [term for term in own if term in its]
    if len(shared) < _MIN_ORDERED:
        return False
    turned_round = (_is_passive(claim) != _is_passive(evidence)) != _is_converse(claim, evidence)
    for first, last in combinations(shared, 2):
        if not (own[first][1] and own[last][1]):
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


def other_agent(claim: str, evidence: str, known: frozenset[str]) -> str:
    """Who acts in the evidence in place of another one that the source knows (`known`), in words; empty for nobody."""
    if _is_passive(claim) or _is_passive(evidence):
        return ""
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
            and other not in own
            and len(rest & set(its)) >= max(2, _SAME_REST * len(rest))
            and missing_names(frozenset([agent]), claim, [evidence])
        ):
            return f"there it is “{other}” who does"
    return ""


_SAME_REST = 0.8
"""Share of a claim's words, without who acts, that the evidence has when it says the same of another one."""


def _before(order: dict[str, tuple[int, bool]], verb: str) -> str:
    """The last one before the verb that may act, with no other word of weight between them."""
    place = order[verb][0]
    before = [(position, term) for term, (position, _) in order.items() if position < place]
    term = max(before)[1] if before else ""
    return term if term and order[term][1] else ""


def _order(text: str) -> dict[str, tuple[int, bool]]:
    """Content words that stand once in the text, with their places, and whether they may act: names and the like."""
    words = [word for word in words_of(text) if word.term or word.text in _ARTICLES]
    found: dict[str, tuple[int, bool]] = {}
    twice: set[str] = set()
    before: Word | None = None
    for position, word in enumerate(words):
        if word.term:
            if word.term in found:
                twice.add(word.term)
            is_first = position == 0 or (position == 1 and before is not None and not before.term)
            acts = word.capital or is_first or (before is not None and before.text in _ARTICLES)
            found[word.term] = (position, acts and not word.text[0].isdigit() and not is_month(word.text))
        before = word
    return {term: place for term, place in found.items() if term not in twice}


_ARTICLES = frozenset(("a", "an", "the", "each", "every", "its", "their", "his", "her"))
_VERB = re.compile(r"[a-z]+(?:ed|es|s|ht|ld|nt|ew|ve|ke|ot|ok|pt|en)?$")


def _is_verb(term: str, text: str) -> bool:
    """Whether a word in lower case that no article stands before has that term."""
    words = words_of(text)
    return any(
        word.term == term
        and not word.capital
        and _VERB.match(word.text)
        and (position == 0 or words[position - 1].text not in _ARTICLES)
        for position, word in enumerate(words)
    )


def _is_passive(text: str) -> bool:
    words = [word.text for word in words_of(text)]
    return any(
        word == "by" and not _BE.isdisjoint(words[max(0, place - 8) : place]) for place, word in enumerate(words)
    )


def _is_converse(claim: str, evidence: str) -> bool:
    own, its = _raw_words(claim), _raw_words(evidence)
    return any(
        (not own.isdisjoint(one) and not its.isdisjoint(other))
        or (not own.isdisjoint(other) and not its.isdisjoint(one))
        for one, other in _CONVERSE_WORDS
    )


def _neutral(text: str) -> str:
    """With one word for each pair of converses: who buys and who sells stand around the same deal."""
    return _CONVERSE.sub(lambda match: _DEAL_OF[match[0].casefold()], text)


_CONVERSE_WORDS = tuple((frozenset(one.split()), frozenset(other.split())) for one, other in _CONVERSES)
_DEAL_OF = {word: f"{one.split()[0]}deal" for one, other in _CONVERSES for word in f"{one} {other}".split()}
_CONVERSE = re.compile(rf"\b(?:{'|'.join(_DEAL_OF)})\b", re.IGNORECASE)
