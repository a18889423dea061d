"""Counters in the formats of Word (ECMA-376 part 1, 17.18.59, ST_NumberFormat)."""

from __future__ import annotations

from collections.abc import Callable

_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
_MAX_ROMAN = 100_000
_TEENS = {10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 15: "fifteen", 18: "eighteen"}
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
_ARABIC_ALPHA = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"
_CHINESE_DIGITS = "〇一二三四五六七八九"
_CHICAGO = "*†‡§"
_HANGUL = "가나다라마바사아자차카타파하"


def formatted(count: int, number_format: str) -> str:
    """`count` as Word shows it; formats that are not known here are shown in decimal, as Word does.

    `digits3` and the like stand for custom formats of so many digits with zeros before them.
    """
    if number_format.startswith("digits"):
        return str(count).zfill(int(number_format[len("digits") :]))
    if number_format in ("none", "bullet"):
        return ""
    write = _FORMATS.get(number_format)
    return str(count) if write is None or count < 0 else write(count)


def _roman(count: int) -> str:
    if not 0 < count <= _MAX_ROMAN:
        return str(count)
    letters = ""
    for unit, sign in _ROMAN:
        times, count = divmod(count, unit)
        letters += sign * times
    return letters


def _repeated(alphabet: str) -> Callable[[int], str]:
    """a to z, then aa, bb, …: Word repeats the letter."""

    def write(count: int) -> str:
        if not 0 < count <= 100 * len(alphabet):
            return str(count)
        times, at = divmod(count - 1, len(alphabet))
        return alphabet[at] * (times + 1)

    return write


def _ordinal(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def _words(count: int) -> str:
    if count < 10:
        return _ONES[count]
    if count < 20:
        return _TEENS.get(count) or f"{_ONES[count - 10]}teen"
    if count < 100:
        tens, ones = divmod(count, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if count < 1000:
        hundreds, rest = divmod(count, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {_words(rest)}" if rest else "")
    return str(count)


def _ordinal_words(count: int) -> str:
    words = _words(count)
    head, last = words[: len(words) - len(words.split("-")[-1].split()[-1])], words.split("-")[-1].split()[-1]
    if last.isdigit():
        return _ordinal(count)
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return head + _IRREGULAR_ORDINALS.get(last, regular)


def _chinese(count: int) -> str:
    """Up to 99 as counted (十二), beyond digit by digit."""
    if not 0 < count < 100:
        return "".join(_CHINESE_DIGITS[int(digit)] for digit in str(count))
    tens, ones = divmod(count, 10)
    return (
        (_CHINESE_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_CHINESE_DIGITS[ones] if ones else "")
    )


def _circled(count: int) -> str:
    if 0 < count <= 20:
        return chr(0x2460 + count - 1)
    return str(count)


_FORMATS: dict[str, Callable[[int], str]] = {
    "upperRoman": _roman,
    "lowerRoman": lambda count: _roman(count).lower(),
    "upperLetter": _repeated("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "lowerLetter": _repeated("abcdefghijklmnopqrstuvwxyz"),
    "ordinal": _ordinal,
    "cardinalText": lambda count: _words(count).capitalize(),
    "ordinalText": lambda count: _ordinal_words(count).capitalize(),
    "decimalZero": lambda count: f"{count:02d}",
    "decimalFullWidth": lambda count: str(count).translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": lambda count: f"({count})",
    "decimalEnclosedFullstop": lambda count: f"{count}.",
    "numberInDash": lambda count: f"- {count} -",
    "hex": lambda count: f"{count:X}",
    "chicago": _repeated(_CHICAGO),
    "russianLower": _repeated(_RUSSIAN),
    "russianUpper": _repeated(_RUSSIAN.upper()),
    "hebrew2": _repeated(_HEBREW),
    "arabicAlpha": _repeated(_ARABIC_ALPHA),
    "ganada": _repeated(_HANGUL),
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "ideographDigital": _chinese,
    "japaneseCounting": _chinese,
    "japaneseDigitalTenThousand": _chinese,
    "taiwaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
}
