"""The values of a workbook's cells as Excel shows them: `12.5%`, `00417`, `26:30`.

What Excel shows by the settings of the machine that it runs on, its short dates, is written as ISO 8601 has it: there
is no order of day and month that every reader takes for granted.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from openpyxl.utils.escape import unescape
from xlfmt import format_value

MAX_FORMAT_CHARACTERS = 255
"""Excel's own limit."""

_CACHED = 50_000
_LOCAL_DATES = re.compile(
    r"(?:mm-dd-yy|m/d/yy(?:yy)?|\[\$-F800\]dddd, mmmm dd, yyyy)( h:mm(?::ss)?)?(?:;@)?", re.IGNORECASE
)
_POINT_IN_DATE = re.compile(r"(?<!\\)\.(?!0)")
_DAY = timedelta(days=1)


class CellTexts:
    """`date1904`: the workbook counts days as old Macintoshes did."""

    def __init__(self, *, date1904: bool) -> None:
        self._date1904 = date1904
        self._cache: dict[tuple[Any, str], str] = {}

    def of(self, value: Any, number_format: str) -> str:
        """The text of a cell; an empty one for None, and where the format hides the value."""
        if value is None:
            return ""
        if isinstance(value, str):
            return unescape(value) if "_x" in value else value
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int) and number_format == "General":
            # All digits, where Excel turns to 1.23E+11: numbers of articles and accounts are looked for as they are.
            return str(value)
        key = (value, number_format)
        text = self._cache.get(key)
        if text is None:
            text = self._formatted(value, number_format)
            if len(self._cache) < _CACHED:
                self._cache[key] = text
        return text

    def _formatted(self, value: Any, number_format: str) -> str:
        if isinstance(value, date | time) and _LOCAL_DATES.fullmatch(number_format):
            return _iso(value)
        if isinstance(value, timedelta):
            value = Decimal(value // timedelta(microseconds=1)) / Decimal(_DAY // timedelta(microseconds=1))
        if isinstance(value, date | time):
            number_format = _with_plain_points(number_format)
        if len(number_format) > MAX_FORMAT_CHARACTERS:
            number_format = "General"
        try:
            return str(format_value(value, number_format, date1904=self._date1904)).strip()
        except (ValueError, TypeError, ArithmeticError, IndexError, KeyError):
            # A format that Excel would not take, or a value out of its reach.
            return _iso(value) if isinstance(value, date | time) else str(value)


def _iso(value: date | time) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    return value.isoformat()


def _with_plain_points(number_format: str) -> str:
    """With points outside quotes escaped, but for those of split seconds: xlfmt 0.1.0 loses that of `d. mmmm`."""
    pieces = number_format.split('"')
    pieces[::2] = [_POINT_IN_DATE.sub(r"\\.", piece) for piece in pieces[::2]]
    return '"'.join(pieces)
