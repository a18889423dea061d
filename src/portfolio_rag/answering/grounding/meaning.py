"""What turns the sense of a sentence with a word or two: for free, barely, unsafe, the opposite of a word.

Most words of such a claim stand in its evidence, so that no share of words tells it from a true one.
"""

from __future__ import annotations

import re

from portfolio_rag.answering.grounding.bounds import bounds_alike, other_bound
from portfolio_rag.answering.grounding.modality import other_modality
from portfolio_rag.answering.grounding.quantifiers import other_quantifier
from portfolio_rag.answering.grounding.roles import other_direction
from portfolio_rag.text.language.content_words import coverage, terms, words_of
from portfolio_rag.text.language.facts import Facts
from portfolio_rag.text.language.negations import NEGATION

_FREE = "for free|free of charge|at no (?:extra |additional )?(?:cost|charge)|without (?:any )?(?:charge|cost|fee)|free"
_ADDED_WORDS = {
    "for free": _FREE + "|gratis|complimentary|cost-free",
    "never": "never",
    "always": "always|at all times|in all cases|without exception",
    "only": "(?<!the )only|solely|exclusively|nur|ausschließlich|seulement|uniquement|sólo|solamente|únicamente",
    "automatically": "automatic(?:ally)?|by itself|on its own",
    "unlimited": "unlimited|without limits?|any number of|unrestricted",
    "guaranteed": "guarantee[sd]?|warrant(?:y|ed)",
    "permanently": "permanent(?:ly)?|forever|for good|irrevocabl[ey]",
    "on request": "(?:on|upon) request",
}
_ADDED = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _ADDED_WORDS.items()}
_CLAUSE_END = re.compile(r"(?=[,;:.!?])")
_HARDLY = re.compile(r"\b(?:barely|hardly|scarcely|almost never|rarely|seldom)\b", re.IGNORECASE)
_NOT_ONLY = re.compile(r"\b(?:not only|if only|only if|feel free|free to|free from|free space)\b", re.IGNORECASE)

_NOT_WITHOUT = re.compile(
    r"\b(?:not|never|no|cannot)\b[^.;:!?\n]{1,80}\b(?:without|unless|until|except)\b"
    r"|\b(?:without|ohne|sans|sin)\b[^.;:!?\n]{1,80}\b(?:not?|never|cannot|nicht|kein(?:e[rmns]?)?|pas|aucune?|ning[uú]n[oa]?)\b",
    re.IGNORECASE,
)

_NEEDS = re.compile(
    r"\b(?:needs?|requires?|must have|(?:is|are) (?:needed|required)|braucht|brauchen|benötigen|benötigt)\b",
    re.IGNORECASE,
)

_EXCLUDED = re.compile(
    r"""(?:,\s*(?:and\s+|but\s+)?not(?!\s+(?:only|just|all|every|until|before|later|more|less|if|when)\b)
      |\bno\slonger(?=\s+(?:as|in|by|with|to|at|on|for|from|under|over)\b)|\brather\sthan|\binstead\sof)
    \s+(?P<words>[^,.;:!?()\n]{1,60})""",
    re.IGNORECASE | re.VERBOSE,
)
_EXCLUDES = re.compile(
    r"\b(?:not|never|no longer|rather than|instead of|without|cannot|before|previously|formerly|earlier|used to|from)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
"""By which a claim, too, says that something is not so, or that it was so once."""
_EXCEPT = re.compile(
    r"\b(?:(?<!not )without|except(?:\s+for|\s+in)?|other\s+than|apart\s+from|ohne|außer|ausgenommen|sans|sauf"
    r"|excepté|sin|salvo|excepto)\s+(?:(?:the|an?|any|der|die|das|dem|den|einem?r?|les?|la|l['’]|une?|el|l[oa]s|una?)\s+)*"
    r"(?P<last>[^\W\d_]{2,})",
    re.IGNORECASE,
)
_EXCEPTED = re.compile(
    r"\b(?:except(?:\s+for)?|other\s+than|apart\s+from|außer|ausgenommen|sauf|excepté|salvo|excepto)\s+"
    r"(?P<words>[^,.;:!?()\n]{1,40})",
    re.IGNORECASE,
)
_LEAVES_OUT = re.compile(
    r"\b(?:except(?:ing|ed)?|excluding|exempt|unless|until|without|other than|apart from|besides|rather than|instead of"
    r"|but|lack|lacks|free|off|ohne|außer|ausgenommen|ausnahme|sans|sauf|excepté|hors|sin|salvo|excepto|menos|fuera)\b",
    re.IGNORECASE,
)
_ONE_PERIOD = re.compile(
    r"\b(?P<word>within|after|every|in|innerhalb|nach|binnen|dans|après|en|dentro\sde|después\sde)\s+"
    r"(?:an?|one|einer?s?|einem|une?|una?)\s+"
    r"(?P<period>minute|hour|day|week|month|quarter|year|stunde|tag(?:es)?|woche|monats?|jahr(?:es)?|heure|jour|semaine"
    r"|mois|an|hora|d[ií]a|semana|mes|año)\b",
    re.IGNORECASE,
)
_POINTING = frozenset(("a", "an", "the", "it", "them", "him", "her", "this", "that", "these", "those", "its", "their"))

_PREFIX = re.compile(r"(?:un|non|dis|mis|im|ir|il|in)(?=[a-z]{4})")
_ADJECTIVE = re.compile(r".*(?:able|ible|ent|ant|ive|ete|ect|al|ate|ly|ous|ed|ar|ure)$")
_SHORT_WORD = 4

_OPPOSITES = """
    weekday / weekend; day / night; morning / afternoon evening; summer / winter; spring / autumn; early / late
    open / close; start begin / end finish; arrive arrival / depart departure; enter entrance / leave exit; add / remove
    accept approve / reject refuse; pass / fail; import / export; input / output; send / receive; empty / full
    clean / dirty; wet / dry; inside indoor / outside outdoor; inner / outer; front / rear; top / bottom; odd / even
    single / double
    manual manually / automatic automatically; temporary / permanent; adult / child; boy / girl; man / woman
    landlord / tenant; employer / employee; buyer / seller; lender / borrower; sender / recipient; teacher / pupil
    doctor / patient; credit / debit; profit / loss; plus / minus; light / heavy; thin / thick; narrow / wide
    warm hot / cold; low / full high; cheap / expensive; nearest / farthest
    öffnen öffnet geöffnet / schließen schließt geschlossen; beginnen beginnt anfangen fängt / enden endet
    ankunft / abfahrt; sommer / winter; tag tagsüber / nacht nachts; morgens vormittags / abends nachmittags
    links linke linken / rechts rechte rechten; oben obere oberen / unten untere unteren; warm heiß / kalt
    erste ersten erster / letzte letzten letzter; kostenlos kostenfrei gratis / kostenpflichtig; voll / leer
    erhöhen erhöht steigt steigen / senken senkt sinkt sinken; vermieter vermieterin / mieter mieterin
    arbeitgeber / arbeitnehmer; käufer / verkäufer; innen / außen; werktags / sonntags; teuer / billig
    ouvre ouvrent ouvert / ferme ferment fermé; commence commencent / finit termine terminent; arrivée / départ
    jour / nuit; matin / soir; gauche / droite; chaud chaude / froid froide; premier première / dernier dernière
    gratuit gratuite gratuits / payant payante payants; augmente augmentent / diminue baisse baissent; plein / vide
    bailleur / locataire; acheteur / vendeur; employeur / salarié; haut / bas; intérieur / extérieur
    abre abren abierto abierta / cierra cierran cerrado cerrada; empieza comienza / termina acaba; llegada / salida
    verano / invierno; día / noche; izquierda / derecha; caliente / frío fría; primero primera / último última
    gratis gratuito gratuita / pago; sube aumenta / baja disminuye; lleno / vacío; inquilino / propietario
    comprador / vendedor; arriba / abajo; dentro / fuera
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
_CONDITION = re.compile(r"\b(?:if|when|whenever|unless)\s(?P<words>[^.;!?\n]+)[.!?]?\s*$", re.IGNORECASE)
_MIN_CIRCUMSTANCE = 2
_MOSTLY_UNKNOWN = 0.75
_MIN_SHARED_REST = 2

_SAME_REST = 0.8
"""Share of a claim's words, without its condition, that the evidence has when it says the rest of it."""


def turned(claim: str, claim_facts: Facts, evidence: str, evidence_facts: Facts) -> str:
    """How the sense of a claim differs from that of its evidence, in words; empty where neither is turned."""
    return (
        other_bound(claim, claim_facts, evidence, evidence_facts)
        or other_modality(claim, evidence)
        or other_quantifier(claim, evidence)
        or other_direction(claim, evidence)
        or _other_prefix(claim, evidence)
        or _hedged(claim, evidence)
        or _excluded(claim, evidence)
        or _other_exception(claim, evidence)
        or _other_period(claim, evidence)
        or _opposite(claim, claim_facts, evidence, evidence_facts)
    )


def added(claim: str, known: str) -> str:
    """The words of the claim that make it say much more than what is known; empty where it has none."""
    claim, known = _NOT_ONLY.sub(" ", claim), _NOT_WITHOUT.sub(" only ", _NOT_ONLY.sub(" ", known))
    said = (words.search(claim) for words in _ADDED.values() if not words.search(known))
    return next((match.group() for match in said if match), "")


def is_excepted(claim: str, evidence: str) -> bool:
    """Whether the claim speaks of just what the evidence leaves out: `folded ones need none`, `all but folded ones`."""
    excepted = (match["words"] for match in _EXCEPTED.finditer(evidence))
    return any(not frozenset(terms(words)).isdisjoint(terms(claim)) for words in excepted)


def without_addition(claim: str, extra: str) -> str:
    """The claim without the words that make it say more, and without what follows them in their clause."""
    before, _, behind = claim.partition(extra)
    if not before.strip():
        return behind
    return f"{before} {' '.join(_CLAUSE_END.split(behind, maxsplit=1)[1:])}"


def says_only(claim: str, evidence: str) -> bool:
    """Whether one says `only with` or `needs` where the other says `not without`: the two are the same."""
    return any(
        bool(_ADDED["only"].search(one) or (_NEEDS.search(one) and not NEGATION.search(one)))
        and bool(_NOT_WITHOUT.search(other))
        and not _NOT_WITHOUT.search(one)
        for one, other in ((claim, evidence), (evidence, claim))
    )


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


def other_condition(claim: str, evidence: str, held: frozenset[str]) -> str:
    """The condition on which the evidence says it, when the claim says it on another one of which no word is `held`."""
    own, its = _CONDITION.search(claim), _CONDITION.search(evidence)
    if own is None or its is None:
        return ""
    claimed, stated = frozenset(terms(own["words"])), frozenset(terms(its["words"]))
    if min(len(claimed), len(stated)) < _MIN_CIRCUMSTANCE:
        return ""
    is_other = claimed.isdisjoint(held) and stated.isdisjoint(terms(claim))
    return f"it says “{' '.join(its.group().split()).rstrip(' .')}”" if is_other else ""


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


def _other_exception(claim: str, evidence: str) -> str:
    """What one leaves out and the other does not: `every state except draft` beside `only in the state draft`."""
    needed = _NOT_WITHOUT.search(evidence)
    if needed and not NEGATION.search(_EXCEPT.sub(" ", claim)):
        for match in _EXCEPT.finditer(claim):
            if not frozenset(terms(match["last"])).isdisjoint(terms(needed.group())):
                return f"it says “{' '.join(needed.group().split())}”"
    for one, other in ((claim, evidence), (evidence, claim)):
        if NEGATION.search(_EXCEPT.sub(" ", one)) or NEGATION.search(other) or _LEAVES_OUT.search(other):
            continue
        for match in _EXCEPT.finditer(one):
            if not frozenset(terms(match["last"])).isdisjoint(terms(other)):
                return f"one says “{' '.join(match.group().split())}”, the other does not"
    return ""


def _other_period(claim: str, evidence: str) -> str:
    """`Within a month` beside `within a week`: one is no quantity, as it stands for an article more often."""
    its = {match["word"].lower(): match for match in _ONE_PERIOD.finditer(evidence)}
    for match in _ONE_PERIOD.finditer(claim):
        other = its.get(match["word"].lower())
        if other and terms(other["period"]) != terms(match["period"]) and other["period"].lower() not in claim.lower():
            return f"one says “{match.group()}”, the other “{other.group()}”"
    return ""


def _opposite(claim: str, claim_facts: Facts, evidence: str, evidence_facts: Facts) -> str:
    own, its = frozenset(terms(claim)), frozenset(terms(evidence))
    for pair in _OPPOSITE_TERMS:
        for one, other in (pair, pair[::-1]):
            if own & one and its & other and not own & other and not its & one:
                if bounds_alike(claim, claim_facts, evidence, evidence_facts):
                    continue  # `It closes at 6` says the same as `open until 6`.
                return f"one says “{min(own & one)}”, the other “{min(its & other)}”"
    return ""


def _hedged(claim: str, evidence: str) -> str:
    own, its = _HARDLY.search(claim), _HARDLY.search(evidence)
    said = own or its
    return f"one says “{said.group()}”" if said and not (own and its) else ""


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
