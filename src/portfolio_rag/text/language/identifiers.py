"""Identifiers: codes, versions, numbers of clauses and steps. However alike two are, they name two things."""

from __future__ import annotations

import re

from portfolio_rag.text.language.compatibility import compatible
from portfolio_rag.text.language.months import is_month

_TOKEN = re.compile(r"[^\W_]+(?:[._\-/+:#–−][^\W_]+)*")
_CODE_LETTERS = 4
"""More letters in a row are a word."""
_LETTER_RUNS = re.compile(r"[^\W\d_]+")
_DIGIT_RUNS = re.compile(r"\d+")
_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])[-_](?=\d)")
_APART = re.compile(r"\b(?![AI]\b)([A-Z]{1,4})[ ](\d{1,6})\b(?!\s*[%€$°]|[.,]\d)")
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+[a-z]*\d*)")
_DECIMAL = re.compile(r"\d+\.\d+")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).+")
_QUANTITY_WORD = re.compile(
    r"\d+(?:[.,]\d+)*(?:st|nd|rd|th|s|x|k|m|ms|h|min|[ap]m|g|kg|mg|mm|cm|km|ml|l|w|kw|v|a|[kmgt]i?b|px|hz|[kmg]hz)"
    r"|\d+(?:[-/]\d+)*(?:-[^\W\d_]+)+"
)

_LABEL_LIST = """
    alarm annex appendix article bay box building build bulletin category chapter class clause code edition entry
    error exit exhibit fault figure floor form gate grade group hall item kit kiosk level line lot message method mode
    model module notice number order page paragraph part phase pier platform point position procedure question release
    revision room route row rule schedule section series signal slot stage station status step stop table terminal tier
    track tram bus train type variant version volume warning zone block lot motion option proposal scenario wing
    abschnitt antrag artikel fehler halle kapitel linie punkt raum regel schritt stufe tabelle version zone zimmer
"""
_LABELS = frozenset(_LABEL_LIST.split())
_NUMBERED = re.compile(
    r"([^\W\d_]{2,})\s+(?:no\.?\s+|number\s+|nr\.?\s+|#\s?)?(v?\d+(?:\.\d+)*)(?![\w%€$]|[.,]\d|\s*[%€$°])"
)
_PARAGRAPH_SIGN = re.compile(r"§\s*(\d{1,4})(?![\w.]?\d)")
_LETTERED = re.compile(r"([^\W\d_]{3,})\s+([A-HJ-Z])\b(?![.'’&/+-]\w|\s\d{1,6}\b(?![.,]\d))")
"""`hall C`, `class B 200,000 octets`, and not the code in `valve B 12`; an I behind a word is who speaks."""
_ROMANS = {"I": 1, "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12}
"""Without V and X, which are letters as often: `hall V`."""
_ROMAN_NUMBERED = re.compile(
    rf"([^\W\d_]{{3,}})\s+({'|'.join(sorted(_ROMANS, key=len, reverse=True))})\b(?![.'’&/+-]\w)"
)
_LETTER = re.compile(r"#[a-z]$")
_YEARS = range(1000, 2200)


def identifiers(text: str) -> frozenset[str]:
    """Codes and versions in lower case: `b102` for `B-102`, `B102` and `B 102`, `4.10`; no plain numbers.

    A number behind a word that numbers things, or behind a name, is one, too: `exit code 4` gives `code#4`, and so does
    a letter behind such a word: `hall C` gives `hall#c`.
    """
    return _written(text) | numbered(text)


def named_identifiers(text: str) -> frozenset[str]:
    """Those of `identifiers` that surely name something: a number with one dot only behind a name or a label."""
    return frozenset(name for name in _written(text) if not _DECIMAL.fullmatch(name)) | numbered(text)


def numbered(text: str) -> frozenset[str]:
    """`step#4` for `step 4`, `ostrin#4` for `Ostrin 4`, `4.2` for `version 4.2` and `Ostrin 4.2`."""
    found = set()
    for match in _NUMBERED.finditer(compatible(text)):
        word, number = match[1], match[2].lstrip("v")
        label = word.casefold()
        is_name = word[0].isupper() and (match.start() > 0 or "." in number) and not is_month(label)
        if label not in _LABELS and label.removesuffix("s") in _LABELS:
            label = label.removesuffix("s")
        if "." in number and (label in _LABELS or is_name):
            found.add(number)
        elif label in _LABELS or (is_name and label not in ("no", "nr") and int(number) not in _YEARS):
            found.add(f"{label}#{int(number)}")
    found |= {
        f"{word.casefold()}#{_ROMANS[roman]}"
        for word, roman in _ROMAN_NUMBERED.findall(text)
        # `the type I want`: an I behind a small letter is who speaks.
        if word.casefold() in _LABELS and (roman != "I" or word[0].isupper())
    }
    found |= {f"§#{int(number)}" for number in _PARAGRAPH_SIGN.findall(text)}
    return frozenset(found) | frozenset(name for name in lettered(text) if name.partition("#")[0] in _LABELS)


def lettered(text: str) -> frozenset[str]:
    """`hall#c` for `hall C`, behind whatever word."""
    found = (match.groups() for match in _LETTERED.finditer(compatible(text)))
    return frozenset(f"{word.casefold()}#{letter.casefold()}" for word, letter in found)


def is_same(one: str, other: str) -> bool:
    """Whether two identifiers may name one thing: `step#4` and the `#4` of a heading that begins with a 4."""
    if one == other:
        return True
    (label, mark, number), (other_label, other_mark, other_number) = one.partition("#"), other.partition("#")
    return bool(mark and other_mark) and number == other_number and not (label and other_label)


def _written(text: str) -> frozenset[str]:
    text = _APART.sub(r"\1\2", compatible(text))
    folded = text.casefold().replace("−", "-").replace("–", "-")
    return frozenset(name for match in _TOKEN.finditer(folded) if (name := _identifier(match.group())))


def shape(identifier: str) -> str:
    """What two identifiers of one series have in common.

    `b102` and `b7` are `b9`, versions `9.9`, steps `step#9`, halls `hall#a`.
    """
    return "9.9" if _VERSION.fullmatch(identifier) else _LETTER.sub("#a", _DIGIT_RUNS.sub("9", identifier))


def is_strict(identifier: str) -> bool:
    """Whether a text that is about it surely writes it: `b102`, `4.10` and `step#4`.

    Not `k8`, `s3` and `covid19`, nor `zone#c`, which may be one of `the zones B to E`.
    """
    label, mark, number = identifier.partition("#")
    if mark:
        return (label in _LABELS or label == "§") and number.isdigit()
    letters = max(map(len, _LETTER_RUNS.findall(identifier)), default=0)
    return letters <= _CODE_LETTERS and sum(sign.isdigit() for sign in identifier) > 1


def _identifier(token: str) -> str:
    if version := _VERSION.fullmatch(token):
        return version.group(1)
    if not _CODE.fullmatch(token) or _QUANTITY_WORD.fullmatch(token):
        return ""
    return _BEFORE_DIGIT.sub("", token)
