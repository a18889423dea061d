"""What the abbreviations of forms, headers and tables stand for, in English, German, French and Spanish.

Who asks for the document number or the maximum temperature finds `Document no.` and `max. temp.`: a text is read as if
it held the words, too. What is a unit (`5 min.`) or a word by itself (`no`) is told by what stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portfolio_rag.text.language.content_words import terms

_NUMBER = "number nummer numéro número"
_NUMBERS_LIST = "nr nrs no n° nº n.º núm num"
_NUMBERS = frozenset(_NUMBERS_LIST.split())
_WORD_LIST = {
    _NUMBERS_LIST: _NUMBER,
    "tel tél tfno tlf": f"telephone phone telefon telefonnummer téléphone teléfono {_NUMBER}",
    "mob": f"mobile mobilnummer móvil {_NUMBER}",
    "ext": f"extension {_NUMBER}",
    "doc dok docs": "document dokument documento",
    "ref réf": "reference referenz référence referencia",
    "qty": "quantity amount count",
    "anz": "anzahl menge",
    "qté": "quantité",
    "cant": "cantidad",
    "max máx": "maximum maximal maximale maximalen maximaler maximales máximo máxima",
    "min mín": "minimum minimal minimale minimalen minimaler minimales mínimo mínima",
    "avg": "average",
    "approx aprox": "approximately about approximate aproximadamente",
    "ca": "circa ungefähr etwa approximately",
    "env": "environ approximativement",
    "incl": "including included inclusive includes inclus",
    "inkl": "inklusive einschließlich inbegriffen",
    "excl": "excluding excluded exclusive",
    "exkl zzgl": "exklusive zuzüglich",
    "dept": "department",
    "abt": "abteilung",
    "dpto depto": "departamento",
    "serv": "service servicio",
    "addr": "address",
    "adr": "adresse address anschrift",
    "dir": "dirección",
    "temp": "temperature temperatur température temperatura",
    "spec specs": "specification",
    "mod": "model modell modèle modelo",
    "rev": "revision révision revisión",
    "ver vers": "version versión",
    "ed": "edition",
    "aufl": "auflage",
    "cust": "customer",
    "kd": "kunde kunden",
    "art": "article artikel artículo",
    "bez": "bezeichnung",
    "gew": "gewicht",
    "wt": "weight",
    "dia": "diameter",
    "cap": "capacity capacité capacidad",
    "mfr mfg": "manufacturer",
    "acct": "account",
    "inv": "invoice",
    "amt": "amount",
    "freq": "frequency fréquence frecuencia frequenz",
    "pág pag": "página",
    "fig": "figure figura",
    "sec sect": "section sección",
    "chap": "chapter chapitre",
    "kap": "kapitel",
    "pers": "persons persons personen personnes personas",
    "resp": "responsible responsable",
    "verantw": "verantwortlich verantwortliche verantwortlicher",
    "zust": "zuständig zuständige",
    "req": "required",
    "std": "stunde stunden standard",
    "tgl": "täglich",
    "mtl": "monatlich",
}
_WORDS = {short: tuple(terms(words)) for shorts, words in _WORD_LIST.items() for short in shorts.split()}
_DAY_LIST = "monday tuesday wednesday thursday friday saturday sunday"
_DAYS = {day[:length].title(): frozenset(terms(day)) for day in _DAY_LIST.split() for length in (3, 4, 5)}
_MAY_HOLD_DAYS = re.compile(r"\d|\|")
_DAY = re.compile(r"\b(?P<day>Mon|Tues?|Wed|Thu|Thurs?|Fri|Sat|Sun)\b(?=\.?\s*(?:[:|–—/-]|\d|\Z))")
"""Before an hour, another day or the end of a cell: `Sat` and `Sun` are words as well."""
_NEEDS_NUMBER = frozenset(("no", "num"))
_WITHOUT_DOT = ("qty", "nr", "tel", "tél", "°", "º")
_NO_DOT = frozenset((*_WITHOUT_DOT, "n°", "nº", "n.º"))
_SHORT = re.compile(
    r"(?<!\w)(?P<short>n\.?[°º]|[^\W\d_]{1,7}(?=\.)|qty|nr|t[eé]l)(?P<dot>\.?)(?!\w)"
    r"(?P<behind>\s*[:#]?\s*(?:[A-Za-z]{0,5}[-/ ]?\d|:|\|))?",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?P<word>[^\W\d_]{2,})\.?[-\s]$")
_COUNTED = re.compile(r"\d\s?$")


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """At [start, end) of a text, with the terms of the words that it stands for; `numbers` where it says only that."""

    start: int
    end: int
    terms: frozenset[str]
    numbers: bool


def abbreviations(text: str) -> list[Abbreviation]:
    """Those of `text`, in order. German compounds count: `Dok.-Nr.` stands for `Dokumentnummer`, too."""
    if "." not in text[:-1] and not any(sign in text.casefold() for sign in _WITHOUT_DOT):
        return []
    found = []
    for match in _SHORT.finditer(text):
        short = match["short"].casefold()
        if short not in _WORDS or not _is_abbreviation(text, match, short):
            continue
        words = _WORDS[short]
        if short == "nr" and (before := _BEFORE.search(text, 0, match.start())):
            words += tuple(_german_numbers(before["word"].casefold()))
        found.append(Abbreviation(match.start(), match.end("dot"), frozenset(words), short in _NUMBERS))
    return found


def spelled_out(text: str) -> frozenset[str]:
    """The terms of the words that the abbreviations in `text` stand for; empty where it has none."""
    days = (_DAYS[match["day"]] for match in _DAY.finditer(text)) if _MAY_HOLD_DAYS.search(text) else ()
    return frozenset().union(*(short.terms for short in abbreviations(text)), *days)


def _is_abbreviation(text: str, match: re.Match[str], short: str) -> bool:
    if short in _NEEDS_NUMBER and match["behind"] is None:
        return False
    if short in ("min", "std", "sec") and _COUNTED.search(text, max(0, match.start() - 2), match.start()):
        return False  # Of time.
    return bool(match["dot"]) or short in _NO_DOT


def _german_numbers(before: str) -> list[str]:
    """`Dok.-Nr.`, `Kunden-Nr.` and `Artikel Nr.` as one word."""
    if before == "dok":
        return terms("dokumentnummer dokumentennummer")
    if before == "art":
        return terms("artikelnummer")
    if before == "kd":
        return terms("kundennummer")
    return terms(f"{before}nummer")
