from __future__ import annotations

import pytest

from portfolio_rag.text.language.content_words import terms
from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.negations import has_antonym


def quantities(text: str) -> list[tuple[float, str]]:
    return [(one.value * one.factor, one.dimension) for one in extract_facts(text).quantities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("messages stay 4 days", [(345600, "time")]),
        ("one minute or 60 seconds", [(60, "time"), (60, "time")]),
        ("1,024 items", [(1024, "")]),
        ("256KB and 256 KiB", [(262144, "bytes"), (262144, "bytes")]),
        ("$2.5 million", [(2500000, "dollar")]),
        ("twenty-five percent", [(25, "percent")]),
        ("two hundred thousand users", [(200000, "")]),
        ("1.5 million rows", [(1500000, "")]),
        ("10k requests", [(10000, "")]),
        ("one of the queues", []),
        ("in 2018", [(2018, "")]),
        ("c5d.12xlarge", []),
        ("54,50 Euro und 1.200,5 kg", [(54.5, "euro"), (1200.5, "mass")]),
        ("12½ kg and ¼ l", [(12.5, "mass"), (0.25, "volume")]),
        ("14\u202f500 € or 14 500 €", [(14500, "euro"), (14500, "euro")]),
        ("five working days, fünf Werktage", [(432000, "time"), (432000, "time")]),
        ("treinta y cinco minutos", [(2100, "time")]),
        ("vierundzwanzig Stunden, huit jours", [(86400, "time"), (691200, "time")]),
        ("Weight (kg): 14 | Reach [m]: 3", [(14, "mass"), (3, "length")]),
        ("keep_days: 14", [(14 * 86400, "time")]),
        ('"flash_kb" = 3', [(3072, "bytes")]),
        ("4.2 The guest pays.", [(4.2, "item")]),
        ("4. Fees", [(4, "item")]),
        ("14:15, 2.15 pm and half past two", [(855, "clock"), (855, "clock"), (150, "clock")]),
        ("at ten, at noon, um 19.30 Uhr", [(600, "clock"), (720, "clock"), (1170, "clock")]),
    ],
)
def test_quantities(text: str, expected: list[tuple[float, str]]) -> None:
    assert quantities(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("60 seconds", "1 minute", True),
        ("14 days", "2 weeks", True),
        ("4 days", "4 hours", False),
        ("4 days", "14 days", False),
        ("400 KB", "400 MB", False),
        ("five tables", "5 tables", True),
        ("35 percent", "35%", True),
        ("2 pm", "14:00", True),
        ("at two", "14:00", True),
        ("at two", "14:30", False),
        ("9 am", "21:00", False),
        ("10 o'clock", "10", True),
        ("4. Fees", "four months", False),
        ("Step 4", "4. Fees", True),
        ("40 pages", "40 minutes", False),
        ("40", "40 minutes", True),
        ("3 kg of CO₂ a year", "3 kg of CO2 a day", False),
        ("12 euros par mois", "12 euros a month", True),
        ("18 Euro im Jahr", "18 Euro im Monat", False),
    ],
)
def test_values_are_compared_with_their_units(one: str, other: str, same: bool) -> None:
    assert extract_facts(one).quantities[0].same(extract_facts(other).quantities[0]) is same


@pytest.mark.parametrize("text", ["March 3, 2024", "3 March 2024", "3rd of March, 2024", "2024-03-03", "Mar. 3 2024"])
def test_dates_are_the_same_however_they_are_written(text: str) -> None:
    (date,) = extract_facts(f"It ended on {text}.").dates
    assert (date.year, date.month, date.day) == (2024, 3, 3)


def test_a_date_without_a_year_matches_any_and_another_day_none() -> None:
    (short,) = extract_facts("on March 3").dates
    (full,) = extract_facts("on March 3, 2024").dates
    (other,) = extract_facts("on March 4, 2024").dates
    assert short.same(full)
    assert not short.same(other)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The limit of DynamoDB is low.", {"dynamodb"}),
        ("Use PutItem on c5d.12xlarge.", {"putitem", "c5d", "12xlarg"}),
        ("Retention is long.", set()),
        ("¿Cuántas velas lleva la barca?", set()),
        ("256KB and 3rd and 5pm", set()),
        ("It is kept at 4 degrees Celsius for 12 EUR.", set()),
    ],
)
def test_names(text: str, names: set[str]) -> None:
    assert extract_facts(text).names == names


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("Anglers under 16 may fish.", False), ("It opens on 16 may at noon.", True), ("It opens on 16 May.", True)],
)
def test_may_behind_a_number_is_a_verb_where_a_sentence_goes_on(text: str, is_date: bool) -> None:
    assert bool(extract_facts(text).dates) is is_date


def test_addresses_lose_the_punctuation_around_them() -> None:
    assert extract_facts("See https://a.example/x?y=1, or write to me@b.example.").addresses == {
        "https://a.example/x?y=1",
        "me@b.example",
    }


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Queues do not guarantee order", ["guarante", "order"]),
        ("Queues don’t guarantee order", ["guarante", "order"]),
        ("It is free, not only cheap", None),
        ("no more than 5 tables", None),
        ("It cannot be undone, but it is fast", ["undon"]),
        ("A bike that nobody has booked may be taken.", ["book"]),
        ("Hunde sind hier nicht erlaubt", ["erlaubt"]),
        ("Non-residential houses are heated", None),
        ("Der Laden öffnet sonntags nicht", ["laden", "offnet", "sonntag"]),
        ("Les chiens ne peuvent pas entrer", ["entrer"]),
        ("No se puede fumar en la terraza", ["fumar", "terraza"]),
    ],
)
def test_negations(text: str, denied: list[str] | None) -> None:
    assert extract_facts(text).negated == ((frozenset(denied),) if denied else ())


@pytest.mark.parametrize(
    ("claim", "source", "result"),
    [
        ("the maximum is 5", "the minimum is 5", True),
        ("it increases cost", "it decreases cost", True),
        ("from minimum to maximum", "the maximum", False),
        ("the limit is 5", "the maximum is 5", False),
    ],
)
def test_opposites(claim: str, source: str, result: bool) -> None:
    assert has_antonym(frozenset(terms(claim)), frozenset(terms(source))) is result


def test_a_currency_may_stand_behind_its_number() -> None:
    (price,) = extract_facts("The ferry costs 4.50 € a crossing.").quantities
    assert (price.value, price.dimension, price.text) == (4.5, "euro", "4.50 €")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("in the season 2021–22", [2021, 2022]),
        ("in the season of 1999-00", [1999, 2000]),
        ("in the season of 1874/75", [1874, 1875]),
        ("in 2021–2022", [2021, 2022]),
        ("the form 2021–07 is new", [2021, 7]),
    ],
)
def test_the_second_year_of_a_span_may_be_cut_short(text: str, years: list[int]) -> None:
    assert [quantity.value for quantity in extract_facts(text).quantities] == years


def test_the_ending_of_an_ordinal_is_no_word_of_the_claim() -> None:
    facts = extract_facts("The choir sang at the 7th harvest fair, with 40 4th-grade pupils")
    assert "th" not in terms(facts.wording)
    assert [quantity.noun for quantity in facts.quantities] == ["", "", ""]
    assert not facts.names


def test_a_month_of_a_year_is_a_date() -> None:
    (date,) = extract_facts("built in October of 1893").dates
    assert (date.month, date.year) == (10, 1893)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("80 euros for each key that is missing", "80 euros for each that is missing", True),
        ("80 euros for each missing key", "80 euros per key", True),
        ("80 euros for each of them", "80 euros per key", True),
        ("80 euros for each one that is lost", "80 euros per lost key", True),
        ("80 euros per key", "80 euros per door", False),
        ("80 euros per night", "80 euros each day", False),
        ("80 euros per machine hour", "80 euros per hour", False),
        ("80 euros for each extra night", "80 euros a night", False),
        ("80 euros per extra night", "80 euros for each extra night in May", True),
    ],
)
def test_what_a_value_counts_for_is_named_by_a_noun(one: str, other: str, is_same: bool) -> None:
    (first,), (second,) = (extract_facts(text).quantities for text in (one, other))
    assert first.same(second) is is_same
    assert second.same(first) is is_same
