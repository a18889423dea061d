"""Values that stand in the evidence and are those of something else there: in another column, row or sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portfolio_rag.answering.grounding.borrowed_values import owner_of_words
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.labels import Label, Mention, are_parallel, cells_of
from portfolio_rag.answering.grounding.range_reading import ranges_of
from portfolio_rag.answering.grounding.series import misplaced_in_series
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.dates import Date
from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.quantities import Quantity


def misplaced_value(claim: Claim, sentence: Sentence, others: Sequence[Sentence]) -> str:
    """Why a value of the claim that stands in the sentence is that of something else there; empty when it is not.

    In a row: it stands in another column than the one that the claim names. In prose: a sentence that says the same in
    nearly the same words, with another value, has all of the claim's words that this one has, and more.
    """
    values = [
        value for value in claim.facts.quantities if not any(value.same(asked) for asked in claim.asked.quantities)
    ]
    for date in claim.facts.dates:
        if column := _other_dated_column(claim, date, sentence):
            return f"{date.text} is “{column}” there"
        if any(date.same(own) for own in sentence.facts.dates) and (owner := owner_of_words(claim, sentence, others)):
            return f"{date.text} is the date of something else there: “{owner.text}”"
        if any(date.same(own) for own in sentence.facts.dates) and (
            rival := _better_dated(claim, date, sentence, others)
        ):
            return f"{date.text} is the date of something else there: “{rival.text}”"
    for value in values:
        if not any(value.same(own) for own in sentence.quantities):
            continue
        if column := _other_column(claim, value, sentence):
            return f"{value.text} is “{column}” there"
        if _noun_differs(value, sentence):
            return f"{value.text} counts something else there"
        if member := misplaced_in_series(claim, value, sentence):
            return f"{value.text} is not that of “{member}” there"
        if not value.is_year and (owner := owner_of_words(claim, sentence, others)):
            return f"{value.text} belongs to something else there: “{owner.text}”"
        if rival := _better_sentence(claim, value, sentence, others):
            return f"{value.text} belongs to something else there: “{rival.text}”"
    return ""


def _noun_differs(value: Quantity, sentence: Sentence) -> bool:
    """Whether the sentence counts something else by that number, and what the claim counts by another one."""
    same = [own for own in sentence.quantities if value.same(own)]
    if not value.noun or any(not own.dimension and own.noun in ("", value.noun) for own in same):
        return False
    return any(own.noun == value.noun and not value.same(own) for own in sentence.quantities)


def _other_column(claim: Claim, value: Quantity, row: Sentence) -> str:
    """The column in which the value stands, when the claim names another one of the row and not that."""
    cells = [(column, f"{column}: {text}") for column, text in cells_of(row) if column]
    named = claim.terms | claim.asked_terms
    holding = [column for column, text in cells if any(value.same(own) for own in extract_facts(text).quantities)]
    words = {column: frozenset(terms(column)) for column, _ in cells}
    labels, label = cells_of(row)[0] if cells else ("", "")
    if not extract_facts(label).quantities or ranges_of(label):
        words.pop(labels, None)  # What the rows are called by has no value of its own, and a range is none.
        holding = [column for column in holding if column != labels]
    others = [own for column, own in words.items() if own and column not in holding and own <= named]
    if holding and any(_is_of_other_number(words.get(column, frozenset()), words, named) for column in holding):
        return holding[0]
    if not holding or not others:
        return ""
    # What both columns are called by does not tell them apart: `Low season` and `High season`.
    is_named = any(all(words.get(column, frozenset()) & named - other for other in others) for column in holding)
    return "" if is_named else holding[0]


def _other_dated_column(claim: Claim, date: Date, row: Sentence) -> str:
    """The column of the date, when each word that tells another one with a date from it is the claim's, and none that
    tells it from that.
    """
    dates = {column: extract_facts(text).dates for column, text in cells_of(row)[1:] if column}
    holding = [column for column, held in dates.items() if any(date.same(its) for its in held)]
    words = {column: frozenset(terms(column)) for column, held in dates.items() if held}
    named = claim.terms | claim.asked_terms
    is_other = all(
        any(
            (its := words[other] - words[column])
            and (own := words[column] - words[other])
            and its <= named
            and own.isdisjoint(named)
            for other in words
            if other not in holding
        )
        for column in holding
    )
    return holding[0] if holding and is_other else ""


def _is_of_other_number(own: frozenset[str], columns: Mapping[str, frozenset[str]], named: frozenset[str]) -> bool:
    """Whether the claim has the number by which alone another column differs, and not that of this one: `Rate 2025`."""
    for other in columns.values():
        number, its = own - other, other - own
        is_only_numbers = bool(own & other and number and its) and all(word.isdigit() for word in number | its)
        if is_only_numbers and its <= named and not number & named:
            return True
    return False


def _better_sentence(claim: Claim, value: Quantity, sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    own = claim.wording & (sentence.terms | sentence.context_terms)
    for other in others:
        if other is sentence or not any(_is_rival(value, rival) for rival in other.quantities):
            continue
        if _quotes_row(claim, sentence, other):
            continue
        held = claim.wording & (other.terms | other.context_terms)
        if own < held and are_parallel(sentence, other) and not any(value.same(its) for its in other.quantities):
            return other
    return None


def _quotes_row(claim: Claim, row: Sentence, other: Sentence) -> bool:
    """Whether the claim names the row by its first cell, and not only as a part of what the other row is called."""
    own, its = cells_of(row), cells_of(other)
    return bool(own and its) and Mention(claim.text).quotes(Label(own[0][1]), beside=Label(its[0][1]))


def _better_dated(claim: Claim, date: Date, sentence: Sentence, others: Sequence[Sentence]) -> Sentence | None:
    """The sentence that says the same with another date, and has more of the claim's words, and all that this has."""
    own = claim.wording & (sentence.wording | sentence.context_terms)
    for other in others:
        dates = other.facts.dates
        if other is sentence or not dates or any(date.same(its) for its in dates):
            continue
        if own < claim.wording & (other.wording | other.context_terms) and are_parallel(sentence, other):
            return other
    return None


def _is_rival(value: Quantity, other: Quantity) -> bool:
    return value.dimension == other.dimension and value.noun in ("", other.noun) and not value.same(other)
