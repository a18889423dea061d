"""Identifiers: what names a thing by a code, a version or a number, and what is only a number."""

from __future__ import annotations

import pytest

from portfolio_rag.text.language.identifiers import identifiers, is_same, is_strict, named_identifiers, shape


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("What does fault F-31 mean?", {"f31"}),
        ("What does fault F 31 mean?", {"f31"}),
        ("Which changes came with version 2.11?", {"2.11"}),
        ("Which changes came with v2.11.3?", {"2.11.3"}),
        ("Orrin OS 4.2 needs a new driver.", {"4.2"}),
        ("What follows from clause no. 7?", {"clause#7"}),
        ("What do steps 3 ask for?", {"step#3"}),
        ("What do § 12 and §7 of the statute say?", {"§#12", "§#7"}),
        ("Which doors of hall C lead to gate D?", {"hall#c", "gate#d"}),
        ("On which floor I sleep in line A/B is not said.", set()),
        ("It weighs 3.5 kg and costs 12 euros.", set()),
        ("It has 80MB, a 10-day limit and the 2nd key.", set()),
        ("It was founded in May 2019 by 12 people.", set()),
    ],
)
def test_what_a_text_names(text: str, named: set[str]) -> None:
    assert named_identifiers(text) == named


def test_a_number_with_a_dot_is_found_where_it_is_looked_up() -> None:
    assert identifiers("Release: 4.2 | Driver: D-22") == {"4.2", "d22"}


def test_a_numbered_heading_may_be_the_step_that_is_named() -> None:
    assert is_same("step#3", "#3")
    assert is_same("step#3", "step#3")
    assert not is_same("step#3", "clause#3")
    assert not is_same("step#3", "#4")


def test_a_series_is_told_by_its_shape() -> None:
    assert shape("f31") == shape("f7") != shape("g31")
    assert shape("hall#c") == shape("hall#d") != shape("gate#d")
    assert shape("4.9") == shape("4.10") == shape("5.1.0")


def test_a_name_with_a_digit_may_be_written_otherwise_and_a_code_may_not() -> None:
    assert all(map(is_strict, ("f31", "4.10", "clause#7")))
    assert not any(map(is_strict, ("k8", "covid19", "orrin#4", "hall#c")))


@pytest.mark.parametrize(
    ("text", "name"),
    [("Type I is rare", "type#1"), ("phase II of the works", "phase#2"), ("Chapter IX", "chapter#9"),
     ("Appendix XI applies", "appendix#11")],
)  # fmt: skip
def test_a_roman_number_is_one(text: str, name: str) -> None:
    assert name in identifiers(text)


@pytest.mark.parametrize("text", ["the type I want", "King Louis IV", "Class V-2", "the LII of it"])
def test_what_is_no_number_of_a_label_is_no_roman_one(text: str) -> None:
    assert not any(name.rpartition("#")[2].isdigit() for name in identifiers(text))


def test_a_letter_of_a_label_is_told_from_the_number_behind_it() -> None:
    text = "A mail of class A may have 40,000 octets, of class B 200,000 octets, of class C none; valve B 12 is shut."
    assert {"class#a", "class#b", "class#c", "b12"} <= identifiers(text)
    assert not {"b200", "valve#b"} & identifiers(text)
