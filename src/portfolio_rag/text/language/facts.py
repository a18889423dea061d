"""The hard facts of a sentence: quantities with units, dates, names, addresses and negations.

Wording may change between a source and an answer; these may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portfolio_rag.text.language.blanks import blanked
from portfolio_rag.text.language.dates import Date, dates_of
from portfolio_rag.text.language.names import addresses_of, names_of
from portfolio_rag.text.language.negations import negated_words
from portfolio_rag.text.language.quantities import Quantity, quantities_of


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence states that no rephrasing may change; `wording` is its text without quantities and dates.

    `openers` are capitalised words that open a sentence: names or not, which only another text can tell.
    """

    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    names: frozenset[str]
    openers: frozenset[str]
    addresses: frozenset[str]
    negated: tuple[frozenset[str], ...]
    wording: str


def extract_facts(text: str) -> Facts:
    """The hard facts of one sentence, or of a few together."""
    dates, rest = dates_of(text)
    quantities, wording = quantities_of(rest)
    names, openers = names_of(_without_units(text, quantities))
    return Facts(
        quantities=(*quantities, *(_year(date) for date in dates if date.year)),
        dates=tuple(dates),
        names=names,
        openers=openers,
        addresses=addresses_of(text),
        negated=tuple(negated_words(text)),
        wording=wording,
    )


def _without_units(text: str, quantities: Iterable[Quantity]) -> str:
    """The text with its values blanked where they have a unit: `°C` and `degrees Celsius`, `EUR` and `euros`."""
    for quantity in quantities:
        if quantity.dimension:
            text = blanked(text, quantity.start, quantity.start + len(quantity.text.removeprefix("-")))
    return text


def _year(date: Date) -> Quantity:
    """The year of a date as a number: a claim may keep only that of it."""
    return Quantity(float(date.year or 0), "", 1.0, str(date.year), date.start)
