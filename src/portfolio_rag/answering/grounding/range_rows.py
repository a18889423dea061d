"""Which rows of a table, or items of a list, have the range that holds a number of the question, and which have not.

Only siblings are held against each other. A row gives way to one whose range holds the number, to one in which just
that number stands, and of a cascade (`up to 5 kg`, `up to 10 kg`) to one with a narrower range, unless the question has
a word of it that the other lacks: the row of Sunday does not give way to that of Monday, however long it is open then.
Of those that hold the number none gives way to another where the question asks for several.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from portfolio_rag.answering.grounding.labels import Label, Mention, cells_of
from portfolio_rag.answering.grounding.range_reading import ranges_of, values_of
from portfolio_rag.answering.grounding.ranges import MEASURED, PEOPLE, Range, Value, agrees
from portfolio_rag.answering.grounding.source_sentences import LIST_ITEM, Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.quantities import Quantity

_MAX_WORDS = 8
"""A cell of more words describes its row, and tells it from no other one."""
_AFTER_LABEL = re.compile(r":\s|\s[–—-]\s(?![$€£¥]?\d)")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_LEAD = "= "
"""Before a cell that is read alone: at the beginning of a line 14.50 is the number of a section."""
_MIN_STEPS = 2
"""Ranges of one kind by which a table goes."""
_MAX_RIVALS = 32
"""So many of the nearest ranges are held against a row: a table may have thousands of rows."""
_PLURAL = r"(?!\w*(?:ss|us|is)\b|does\b|has\b|was\b)[^\W\d_]{3,}s\b"
_ASKS_SEVERAL = re.compile(
    rf"""\bwhat\s+(?:[^\W\d_]+\s+)??{_PLURAL}\s+
      (?:are|were|do|did|can|could|may|must|have|will|would|should|apply|exist)\b
    |\bwhich\s+{_PLURAL}(?!\s+(?:\d|an?\b|the\b|my\b))
    |\bwhich\s+[^\W\d_]+\s+{_PLURAL}\s+(?!\d|(?:an?|the|my|your|its|at|by|for|from|in|on|to|of|up|with|after|before
      |every|only|over|under|until)\b)[^\W\d_]+\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""`which trains`, `which shipping options take`, `what surcharges are`; not `which size fits a` nor `what uses`."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A cell or the label of an item, with the terms of what it is called by: its column and its own words."""

    called: frozenset[str]
    text: str
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """`holding` are the ranges that hold the values of the question that agree with any; None where one holds none.

    A value that stands there itself is a range of nothing else.
    """

    holding: dict[Value, Range] | None
    words: frozenset[str]

    @property
    def width(self) -> float:
        """How far its ranges reach, a range with one end from the value on."""
        return sum(own.width_around(value.number) for value, own in (self.holding or {}).items())


def in_place_of(
    question: str, asked: frozenset[str], siblings: Iterable[tuple[Hashable, Sentence]]
) -> dict[int, list[int]]:
    """For each that gives way, those that it gives way to, by their places in `siblings`.

    A sibling comes with what is the same for all of its table or list, which `slot_of` gives. They are not looked at
    for a question without a value.
    """
    values = values_of(question)
    if not values:
        return {}
    slots: dict[Hashable, list[tuple[int, Sentence]]] = defaultdict(list)
    for number, (slot, sentence) in enumerate(siblings):
        if _may_hold(sentence):
            slots[slot].append((number, sentence))
    giving: dict[int, list[int]] = {}
    are_several = bool(_ASKS_SEVERAL.search(question))
    for members in slots.values():
        numbers = [number for number, _ in members]
        rows = _rows([sentence for _, sentence in members], values, asked)
        rivals = _Rivals(rows)
        for own, row in rows.items():
            if row.holding is not None and are_several:
                continue
            better = [numbers[other] for other in rivals.of(row.words) if _gives_way(row, rows[other])]
            if better:
                giving[numbers[own]] = better
    return {own: left for own in giving if (left := _left_for(own, giving))}


def _left_for(own: int, giving: Mapping[int, Sequence[int]]) -> list[int]:
    """Those that it gives way to in the end; none where each of them gives way to another one of them."""
    seen: set[int] = set()
    waiting = [*giving[own]]
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += giving.get(other, ())
    return sorted(seen - giving.keys())


def slot_of(document: str, sentence: Sentence) -> Hashable:
    """What the rows of a table, and the items of a list, have in common."""
    columns = tuple(column for column, _ in cells_of(sentence))
    return document, sentence.heading_path, sentence.lead_in, columns


def row_name(sentence: Sentence) -> str:
    """What the row or the item is called."""
    cells = cells_of(sentence)
    return cells[0][1] if cells else _places(sentence)[0].text


def held_values(question: str, sentence: Sentence) -> list[Value]:
    """The values of the question that a range of the row or item holds, where none of these excludes one."""
    row = _row(_places(sentence), values_of(question), frozenset()) if _is_sibling(sentence) else None
    return list(row.holding) if row and row.holding else []


def is_out_of_columns(question: str, sentence: Sentence) -> bool:
    """Whether a value of the question is in none of the ranges that head columns of the row: `up to 5 kg`, `5 to 9 kg`.

    What the row itself has is no such value, nor is one of another kind than the columns have.
    """
    columns = [own for column, _ in cells_of(sentence) for own in ranges_of(column)]
    if len(columns) < _MIN_STEPS:
        return False
    cells = [_place(frozenset(), text, column) for column, text in cells_of(sentence)]
    return any(
        all(_is_of(value, own) and not own.holds(value) for own in columns)
        and not any(_states(cell, value) for cell in cells)
        for value in values_of(question)
        if not value.is_bounded
    )


def is_out_of_rows(question: str, asked: frozenset[str], sentence: Sentence, siblings: Sequence[Sentence]) -> bool:
    """Whether a value of the question is surely of the kind that the ranges of the rows have, and in none of them.

    `siblings` are all rows of the table, this one too. One that the question calls by its name is not left out.
    """
    if not _may_hold(sentence):
        return False
    for value in values_of(question):
        if value.is_bounded or _holds_surely(sentence, value) is not False:
            continue
        row = _row(_places(sentence), [value], asked)
        held = [_holds_surely(sibling, value) for sibling in siblings]
        if row is not None and not row.words and True not in held and held.count(False) >= _MIN_STEPS:
            return True
    return False


def _holds_surely(sentence: Sentence, value: Value) -> bool | None:
    """Whether a range that says what the value says holds it; None where none says that."""
    places = _places(sentence)
    agreeing = [
        (place, own) for place in places for own in place.ranges if agrees(value, own, place.called, is_only=False)
    ]
    if not agreeing:
        return None
    return any(own.holds(value) for _, own in agreeing) or any(_states(place, value) for place in places)


def _is_of(value: Value, own: Range) -> bool:
    """Whether both say the same unit, or count the same things."""
    return value.dimension == own.dimension and bool(value.dimension or value.nouns & own.nouns)


def values_held(
    claim: str, wording: frozenset[str], evidence: Sequence[Sentence], beside: Iterable[Sentence]
) -> tuple[frozenset[int], bool]:
    """Where the values of the claim stand that a range of the evidence holds, and whether another row is meant.

    Another one is meant that the claim calls by its name, and whose range excludes such a value: the size L holds 86 cm
    for no claim on the size S. The evidence may itself be that row, beside one that holds the value. `wording` are the
    terms of the claim, `beside` is all that stands in the source.
    """
    values = [value for value in values_of(claim) if not value.is_bounded]
    if not values:
        return frozenset(), False
    rows = [own for own in evidence if _may_hold(own)]
    others = [(slot_of("", own), own) for own in beside if _may_hold(own)] if rows else []
    held: set[int] = set()
    is_anothers = False
    for own in rows:
        slot = slot_of("", own)
        siblings = [other for its, other in others if its == slot]
        siblings += [other for other in rows if slot_of("", other) != slot]
        for value in values:
            row = _row_of(own, value, wording)
            if row is None:
                continue
            its = [(other, its) for other in siblings if (its := _row_of(other, value, wording)) is not None]
            if row.holding is None:
                is_anothers |= any(rival.holding and slot_of("", other) == slot for other, rival in its)
            elif any(_is_named_before(claim, (other, rival), (own, row)) for other, rival in its):
                is_anothers = True
            else:
                held.add(value.start)
    return frozenset(held), is_anothers and not held


@lru_cache(maxsize=4096)
def _row_of(sentence: Sentence, value: Value, wording: frozenset[str]) -> _Row | None:
    """Asked for by each part of a source that is held against a claim."""
    return _row(_places(sentence), [value], wording)


def _is_named_before(claim: str, other: tuple[Sentence, _Row], own: tuple[Sentence, _Row]) -> bool:
    """Whether the claim calls the other row, whose range excludes its value, by its name, and not this one."""
    (sentence, rival), (its, row) = other, own
    if rival.holding is not None:
        return False
    mention, label, name = Mention(claim), Label(row_name(sentence)), Label(row_name(its))
    is_quoted = mention.quotes(label, beside=name) and not mention.quotes(name, beside=label)
    return row.words < rival.words or (is_quoted and row.words <= rival.words)


def holds_numbered(name: str, sentence: Sentence) -> bool:
    """Whether the row has a range of such numbers that holds this one: `grade#5` is of `Grade: 4 to 6`."""
    label, mark, number = name.partition("#")
    return bool(label and mark) and bool(held_values(f"{label} {number}", sentence))


def held_terms(question: str, text: str) -> frozenset[str]:
    """The terms of the values of the question, and of their units, that a range in a line of the text holds."""
    if not values_of(question):
        return frozenset()
    lines = (line for line in text.splitlines() if _DIGIT.search(line))
    held = (value for line in lines for value in held_values(question, _line(line)))
    return frozenset(term for value in held for term in terms(question[value.start : value.end]))


def telling_terms(question: str, sentence: Sentence) -> frozenset[str]:
    """The terms by which a question says a value that a range of the row holds: `aged 40`, `a bike worth 900 euros`.

    Who has that age or that number is one of its people, whatever the row calls them.
    """
    measured = (MEASURED.get(value.dimension, frozenset()) for value in held_values(question, sentence))
    return held_terms(question, sentence.text).union(PEOPLE, *measured)


def _line(line: str) -> Sentence:
    return Sentence(0, len(line), line, kind=BlockKind.LIST if LIST_ITEM.match(line) else None)


def _is_sibling(sentence: Sentence) -> bool:
    return bool(cells_of(sentence)) or sentence.kind is BlockKind.LIST or bool(LIST_ITEM.match(sentence.text))


def _may_hold(sentence: Sentence) -> bool:
    return bool(_DIGIT.search(sentence.text)) and _is_sibling(sentence)


def _rows(sentences: Sequence[Sentence], values: Sequence[Value], asked: frozenset[str]) -> dict[int, _Row]:
    """Those that say something to a value, by their place in `sentences`."""
    places = [_places(sentence) for sentence in sentences]
    if any(value.is_bounded for value in values):
        # `up to 4 m` is called so. Only a bound that none has is a value like another one.
        ranges = [own for row in places for place in row for own in place.ranges]
        values = [value for value in values if not (value.is_bounded and any(own.ends_at(value) for own in ranges))]
    rows = (_row(own, values, asked) for own in places)
    return {number: row for number, row in enumerate(rows) if row is not None}


def _places(sentence: Sentence) -> list[_Place]:
    """The cells of a row, or the label of an item that is a range; of another item the label and what it says."""
    if cells := cells_of(sentence):
        return [_place(frozenset(terms(f"{column}\n{text}")), text, column) for column, text in cells]
    text = LIST_ITEM.sub("", sentence.text, count=1)
    end = match.start() if (match := _AFTER_LABEL.search(text)) else len(text)
    parts = [text[:end]] if ranges_of(text[:end]) else [text[:end], text[end:]]
    called = frozenset(terms("\n".join([sentence.lead_in, *parts])))
    return [_place(called, part, "") for part in parts if part]


def _place(called: frozenset[str], text: str, header: str) -> _Place:
    is_short = len(text.split()) <= _MAX_WORDS or not header
    ranges = tuple(own.measured_in(header) for own in ranges_of(text)) if is_short else ()
    return _Place(called, text, ranges)


def _row(places: Sequence[_Place], values: Sequence[Value], asked: frozenset[str]) -> _Row | None:
    are_bare = sum(any(not own.dimension for own in place.ranges) for place in places) == 1
    is_only = are_bare and sum(not value.dimension for value in values) == 1
    holding: dict[Value, Range] = {}
    telling: list[_Place] = []
    is_excluded = False
    for value in values:
        agreeing = [
            (place, own)
            for place in places
            for own in place.ranges
            if agrees(value, own, place.called, is_only=is_only)
        ]
        telling += [place for place, _ in agreeing]
        # `A waist of 86 cm` is none of the chest, which is measured in the same unit.
        if measured := [(place, own) for place, own in agreeing if value.before in place.called]:
            agreeing = measured
        # Nor is `byte 5` one of the values from 0 to 255 of byte 1.
        numbered = [] if measured else [place for place in places if _has_number(place, value)]
        agreeing = [] if numbered else agreeing
        # What a row is called by tells it from others; a later cell may be what it says.
        agreeing = [(place, own) for place, own in agreeing if place is places[0]] or agreeing
        telling += numbered
        if (agreeing or numbered) and any(_states(place, value) for place in numbered or places):
            holding[value] = Range(value.number, value.number, value.dimension)
        elif held := next((own for _, own in agreeing if own.holds(value)), None):
            holding[value] = held
        elif agreeing or numbered:
            is_excluded = True
    if not telling:
        return None
    named = (place.text for place in places if place not in telling and len(place.text.split()) <= _MAX_WORDS)
    said = frozenset(word for word in terms("\n".join(named)) if _LETTER.search(word))
    return _Row(None if is_excluded else holding, said & asked)


def _states(place: _Place, value: Value) -> bool:
    """Whether just that value stands there, and not as an end of a range: it is equal, and no range says more."""
    return any(
        own.dimension == value.dimension and own.value == value.said
        for own in _quantities(place)
        if not any(its.start <= own.start - len(_LEAD) < its.end for its in place.ranges)
    )


def _quantities(place: _Place) -> Sequence[Quantity]:
    return extract_facts(_LEAD + place.text).quantities


def _has_number(place: _Place, value: Value) -> bool:
    """Whether it is called by the word in front of a bare number, and has such a number, which is no range."""
    if value.dimension or value.before not in place.called or place.ranges or not _DIGIT.search(place.text):
        return False
    return any(not own.dimension for own in _quantities(place))


class _Rivals:
    """The rows that hold a value, nearest first, by the words of the question that a row must have."""

    def __init__(self, rows: dict[int, _Row]) -> None:
        self._holding = {number: row for number, row in rows.items() if row.holding}
        self._nearest = sorted(self._holding, key=lambda number: self._holding[number].width)
        self._by_words: dict[frozenset[str], list[int]] = {}

    def of(self, words: frozenset[str]) -> list[int]:
        if words not in self._by_words:
            with_all = (number for number in self._nearest if words <= self._holding[number].words)
            self._by_words[words] = sorted(islice(with_all, _MAX_RIVALS))
        return self._by_words[words]


def _gives_way(row: _Row, rival: _Row) -> bool:
    if row is rival or not rival.holding or not row.words <= rival.words:
        return False
    if row.holding is None:
        return True
    if row.holding.keys() != rival.holding.keys():
        return False
    pairs = [(own, rival.holding[value]) for value, own in row.holding.items()]
    # Of two values each row may be the nearer one for one: they are alternatives then.
    return any(its.is_nearer(own) for own, its in pairs) and not any(own.is_nearer(its) for own, its in pairs)
