"""Numbers in words, in the languages that language_detection.py knows.

A word that is a common one in English, too, is left out (`once` is eleven in Spanish, `due` two in Italian). So is one
in other languages: it is an article there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ONES = {
    0: "zero",
    1: "one",
    2: "two zwei deux dos twee dois duas",
    3: "three drei trois tres tre três drie",
    4: "four vier quatre cuatro quattro quatro",
    5: "five fünf cinq cinco cinque vijf",
    6: "six sechs seis zes",
    7: "seven sieben sept siete sette sete zeven",
    8: "eight acht huit ocho otto oito",
    9: "nine neun neuf nueve nove negen",
    10: "ten zehn dix diez dieci dez tien",
    11: "eleven elf onze undici",
    12: "twelve zwölf douze doce dodici doze twaalf",
    13: "thirteen dreizehn treize trece tredici treze dertien",
    14: "fourteen vierzehn quatorze catorce quattordici catorze veertien",
    15: "fifteen fünfzehn quinze quince quindici vijftien",
    16: "sixteen sechzehn seize dieciséis sedici dezesseis dezasseis zestien",
    17: "seventeen siebzehn diecisiete diciassette dezessete dezassete zeventien",
    18: "eighteen achtzehn dieciocho diciotto dezoito achttien",
    19: "nineteen neunzehn diecinueve diciannove dezenove dezanove negentien",
    21: "einundzwanzig veintiuno veintiuna veintiún",
    22: "zweiundzwanzig veintidós",
    23: "dreiundzwanzig veintitrés",
    24: "vierundzwanzig veinticuatro",
    25: "fünfundzwanzig veinticinco",
    26: "sechsundzwanzig veintiséis",
    27: "siebenundzwanzig veintisiete",
    28: "achtundzwanzig veintiocho",
    29: "neunundzwanzig veintinueve",
}
_TENS = {
    20: "twenty zwanzig vingt veinte venti vinte twintig",
    30: "thirty dreißig dreissig trente treinta trenta trinta dertig",
    40: "forty vierzig quarante cuarenta quaranta quarenta veertig",
    50: "fifty fünfzig cinquante cincuenta cinquanta cinquenta vijftig",
    60: "sixty sechzig soixante sesenta sessanta sessenta zestig",
    70: "seventy siebzig septante setenta settanta zeventig",
    80: "eighty achtzig huitante ochenta ottanta oitenta tachtig",
    90: "ninety neunzig nonante noventa novanta negentig",
}
SCALES = {
    "hundred": 1e2,
    "hundert": 1e2,
    "thousand": 1e3,
    "tausend": 1e3,
    "k": 1e3,
    "million": 1e6,
    "millionen": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
}
"""What a word behind a number multiplies it by."""


def _without_accents(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))


def _values(named: dict[int, str]) -> dict[str, int]:
    by_name = {name: value for value, names in named.items() for name in names.split()}
    return {_without_accents(name): value for name, value in by_name.items()} | by_name


_VALUES = _values(_ONES) | _values(_TENS)
_SCALE_WORDS = "|".join(name for name in SCALES if len(name) > 2)
_AND = r"(?<=[atez])\s(?:y|et|e)\s"
"""Between tens and ones: `treinta y cinco`."""


def alternatives(words: Iterable[str]) -> str:
    """Pattern of any of the words, the longest first; by their first letters, which spares most attempts."""
    words = sorted(words, key=len, reverse=True)
    groups = {word[0]: "|".join(other[1:] for other in words if other[0] == word[0]) for word in words}
    return "|".join(f"{first}(?:{rest})" for first, rest in groups.items())


NUMBER_WORD = alternatives(_VALUES)
NUMBER_IN_WORDS = rf"(?:{NUMBER_WORD})(?:(?:[\s-]|{_AND})(?:{NUMBER_WORD}|{_SCALE_WORDS}))*"
"""Pattern of a number of one or more words."""


def value_of(words: str) -> float:
    """The value of what NUMBER_IN_WORDS has matched, in lower case."""
    total = current = 0.0
    for word in re.split(r"[\s-]+", words):
        if word in SCALES:
            current = max(current, 1) * SCALES[word]
            if SCALES[word] >= 1e3:
                total, current = total + current, 0.0
        else:
            current += _VALUES.get(word, 0)
    return total + current
