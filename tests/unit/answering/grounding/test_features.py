"""What the numbers say that the score is made of, on sentences that put things in other words or other places."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.features import SpanFeatures, extract_features
from portfolio_rag.answering.grounding.scoring import score_span, speaks_of_it


def features_of(claim: str, text: str, span: str = "") -> SpanFeatures:
    source = SourceText.build(1, text, "")
    start = text.index(span)
    return extract_features(Claim(claim), source, start, start + len(span or text))


def test_a_number_in_the_place_of_another_one_of_the_nearest_sentence_is_exchanged() -> None:
    text = "The kiln fires each batch of roof tiles for 36 hours. The glaze of the bowls needs 14 hours."
    first = text.split(". ")[0]
    told = features_of("The kiln fires each batch of roof tiles for 14 hours", text, first)
    assert told.features.exchanged > 0.5
    assert told.reason.startswith("14")
    assert features_of("The kiln fires each batch of roof tiles for 36 hours", text, first).features.exchanged == 0.0


def test_a_summary_in_its_own_words_exchanges_no_number() -> None:
    text = "The kiln fires each batch of roof tiles for 36 hours."
    assert features_of("In 36 hours all tiles are done, says the potter of 1998", text).features.exchanged == 0.0


def test_a_name_of_several_words_is_missing_once() -> None:
    text = "Ida Lorne won the medal for her atlas."
    missing = features_of("Ida Lorne won the medal of the Royal Borough Society", text).features.names_missing
    assert missing == 1.0
    apart = features_of("Ida Lorne of Brackwater won the medal in Osterholt", text).features.names_missing
    assert apart == 2.0


def test_a_date_that_is_missing_counts_once_with_its_year() -> None:
    text = "The bridge at Lowick was opened by the mayor."
    assert features_of("The bridge at Lowick was opened on 4 May 1911", text).features.values_missing == 1.0
    assert features_of("The bridge at Lowick was opened in 1911", text).features.values_missing == 1.0


def test_the_year_of_a_date_that_is_there_belongs_to_nothing_else() -> None:
    text = "The bridge was closed in March of 1940. In June it was opened. The mayor of 1952 had it painted green."
    found = features_of("The bridge was opened in June of 1940", text, "In June it was opened.")
    assert found.features.misattributed == 0.0


@pytest.mark.parametrize(
    ("claim", "text", "differs"),
    [
        ("Candles are not allowed in the hall.", "The rules list the prohibition of candles in the hall.", False),
        ("Candles are not allowed in the hall.", "Candles are allowed in the hall.", True),
        ("The rules forbid candles in the hall.", "Candles must not be lit in the hall.", False),
        ("Candles are not forbidden in the hall.", "Candles are forbidden in the hall.", True),
    ],
)
def test_a_prohibition_denies_without_a_negation(claim: str, text: str, differs: bool) -> None:
    assert (features_of(claim, text).features.denied > 0) is differs


def test_the_same_value_in_another_unit_is_not_exchanged() -> None:
    text = "The pump of the fountain stops after 2 hours without water."
    for value in ("120 minutes", "two hours"):
        found = features_of(f"The pump of the fountain stops after {value} without water", text)
        assert (found.features.exchanged, found.limit) == (0.0, 1.0)


def test_a_copy_with_another_number_of_the_source_holds_nothing() -> None:
    text = "The pump of the old fountain in the yard stops after 2 hours without water. The lamps burn for 9 hours."
    source = SourceText.build(1, text, "")
    claim = "The pump of the old fountain in the yard stops after {} hours without water."
    assert score_span(Claim(claim.format(9)), source, 0, text.index(" The lamps")).score == 0.0
    assert score_span(Claim(claim.format(2)), source, 0, text.index(" The lamps")).score > 0.9


def test_a_claim_whose_parts_stand_in_several_places_of_a_passage_is_judged() -> None:
    """The nearest sentence alone has a third of it; what stands around it has the rest."""
    text = (
        "The museum opened its doors in spring. Its founder had been a watchmaker. He collected maps. "
        "The lamps fill four rooms. Visitors pay nothing."
    )
    claim = "The watchmaker was its founder and collected maps, lamps fill rooms, visitors pay nothing"
    source = SourceText.build(1, text, "")
    start = text.index("The lamps")
    near = score_span(Claim(claim), source, start, start + len("The lamps fill four rooms."))
    assert near.span.covered < 0.35 < near.span.covered_around
    assert speaks_of_it(near.span)
    assert near.score > 0.0
    alone = SourceText.build(1, "The lamps fill four rooms.", "")
    assert score_span(Claim(claim), alone, 0, len(alone.text)).score == 0.0
