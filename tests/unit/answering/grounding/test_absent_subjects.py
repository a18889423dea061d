"""Questions about what the documents do not have, where they say the same of other things."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.absent_subjects import absent_question, absent_subject
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.domain.chunks import BlockKind, ChunkPart

BOATS = "Boat: Gull | Beds: 4 | A day: 80 EUR\nBoat: Tern | Beds: 6 | A day: 175 EUR"
HERBS = "Thyme is dried for 6 days. Lovage is dried for 9 days. The shed is locked at night."


def source(text: str, kind: BlockKind, path: tuple[str, ...] = ("Ravnsholm hire", "Prices")) -> SourceText:
    return SourceText.build(1, text, "ravnsholm.md\nRavnsholm hire", (ChunkPart(0, path, kind=kind),), "d")


def sentence(text: SourceText, holding: str) -> Sentence:
    return next(own for own in text.sentences if holding in own.text)


@pytest.mark.parametrize(
    ("question", "holding", "absent"),
    [
        ("What does the Skua cost a day at Ravnsholm?", "Tern", "skua"),
        ("How many beds has the canoe?", "Gull", "cano"),
        ("What does the Tern cost on a holiday?", "Tern", ""),
        ("How much do boats cost a day?", "Tern", ""),
        ("Which sloop has the most beds?", "Tern", ""),
    ],
)
def test_a_row_is_no_answer_to_a_question_about_what_no_row_names(question: str, holding: str, absent: str) -> None:
    boats = source(BOATS, BlockKind.TABLE)
    assert absent_subject(question, sentence(boats, holding), boats, [boats]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What does berth B-9 cost a day?", "b9"),
        ("What does berth B-2 cost a day?", ""),
        ("What does berth C-9 cost a day?", ""),
    ],
)
def test_a_code_has_to_be_known_where_others_of_its_series_are(question: str, absent: str) -> None:
    berths = source("Berth: B-1 | A day: 80 EUR\nBerth: B-2 | A day: 90 EUR", BlockKind.TABLE)
    hire = source("A boat costs 60 EUR a day.", BlockKind.PARAGRAPH, ("Boats",))
    assert absent_subject(question, hire.sentences[0], hire, [hire, berths]) == absent


@pytest.mark.parametrize(
    ("question", "holding", "absent"),
    [
        ("For how many days is borage dried?", "Lovage", "borag"),
        ("For how many days is lovage dried in summer?", "Lovage", ""),
        ("When does the porter lock the shed?", "shed", ""),
    ],
)
def test_sentences_that_say_the_same_of_other_things_are_no_answer(question: str, holding: str, absent: str) -> None:
    herbs = source(HERBS, BlockKind.PARAGRAPH)
    assert absent_subject(question, sentence(herbs, holding), herbs, [herbs]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What does the Deluxe berth cost in Ribe?", "ribe"),
        ("What does the Deluxe berth cost in Odense?", ""),
        ("What does the Deluxe berth cost today?", ""),
    ],
)
def test_what_several_sections_say_needs_one_that_the_question_names(question: str, absent: str) -> None:
    text = "A berth costs 9 euros a night. A berth costs 7 euros a night."
    parts = [
        ChunkPart(0, ("Ravnsholm hire", "Odense", "Deluxe"), kind=BlockKind.PARAGRAPH),
        ChunkPart(text.rindex("A berth"), ("Ravnsholm hire", "Aarhus", "Deluxe"), kind=BlockKind.PARAGRAPH),
    ]
    berths = SourceText.build(1, text, "ravnsholm.md\nRavnsholm hire", parts, "d")
    assert absent_subject(question, berths.sentences[0], berths, [berths]) == absent


def test_when_something_begins_names_nothing() -> None:
    seasons = source("The warm season runs from 4 May. The cold season runs from 2 October.", BlockKind.PARAGRAPH)
    assert absent_subject("When does the warm season begin?", seasons.sentences[0], seasons, [seasons]) == ""


def test_a_name_before_a_word_for_such_things_has_to_be_known() -> None:
    boats = source(BOATS, BlockKind.TABLE)
    terms = source("All boats of Ravnsholm have a radio.", BlockKind.PARAGRAPH, ("Ravnsholm hire",))
    for question, absent in (
        ("Has the Skua boat of Ravnsholm a radio?", "skua"),
        ("Has the Tern boat of Ravnsholm a radio?", ""),
        ("Is there a radio in the Premium tariff of Ravnsholm?", "premium"),
    ):
        assert absent_subject(question, terms.sentences[0], terms, [terms, boats]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("Who founded Ravnsholm hire?", "found"),
        ("Is Ravnsholm hire open on Sundays?", ""),
        ("What is on at Ravnsholm?", ""),
        ("Are there lockers?", ""),
    ],
)
def test_an_answer_shares_more_than_the_title_of_its_document_with_the_question(question: str, absent: str) -> None:
    hours = source("On Sundays at nine.", BlockKind.PARAGRAPH, ("Ravnsholm hire", "When do you open?"))
    assert absent_subject(question, hours.sentences[0], hours, [hours]) == absent


def test_a_sentence_that_names_the_subject_may_answer_in_other_words() -> None:
    history = source("Ravnsholm hire was founded by Ida Lund.", BlockKind.PARAGRAPH, ("Ravnsholm hire",))
    assert absent_subject("Who established Ravnsholm hire?", history.sentences[0], history, [history]) == ""


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What is the default of beam_width in Ravnsholm?", "beam_width"),
        ("What is the default of hull_length in Ravnsholm?", ""),
        ("What is the default of hullLength in Ravnsholm?", ""),
        ("Which hullLengths are usual in Ravnsholm?", ""),
    ],
)
def test_what_is_written_as_in_code_has_to_stand_there(question: str, absent: str) -> None:
    fields = source("The hull-length is 12 by default. A beam has a width.", BlockKind.PARAGRAPH)
    assert absent_subject(question, fields.sentences[0], fields, [fields]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What does the Silver badge of Ravnsholm open?", "silver"),
        ("What does the Harbour badge of Ravnsholm open?", ""),
        ("What does the Silver moon of Ravnsholm open?", ""),
    ],
)
def test_a_name_that_stands_where_the_sentence_has_another_one_is_absent(question: str, absent: str) -> None:
    badges = source("At Ravnsholm the Harbour badge opens the gate.", BlockKind.PARAGRAPH)
    assert absent_subject(question, badges.sentences[0], badges, [badges]) == absent


def test_how_much_of_a_thing_names_it() -> None:
    soup = source("For 6 people.", BlockKind.PARAGRAPH, ("Nettle broth",))
    assert absent_subject("How much dill goes into the nettle broth?", soup.sentences[0], soup, [soup]) == "dill"


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("How long may I keep a sledge of Ravnsholm?", "sledg"),
        ("How long may I keep a kayak of Ravnsholm?", ""),
        ("How long may I borrow a kayak?", ""),
        ("I overslept with my kayak, what now?", ""),
    ],
)
def test_the_same_question_about_two_things_answers_none_about_a_third(question: str, absent: str) -> None:
    asked = {"How long may I keep a kayak?": "Two hours.", "How long may I keep a raft?": "Five hours."}
    text = "\n\n".join(asked.values())
    parts = [
        ChunkPart(text.index(answer), ("Ravnsholm hire", heading), kind=BlockKind.PARAGRAPH)
        for heading, answer in asked.items()
    ]
    hire = SourceText.build(1, text, "ravnsholm.md", parts, "d")
    assert absent_question(question, hire.sentences[0], [hire]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [("How many berths has the west quay?", "west"), ("How many berths has the north quay?", "")],
)
def test_a_setting_that_stands_below_other_names_is_no_answer(question: str, absent: str) -> None:
    quays = source("[quay.north]\nberths = 40\n[quay.south]\nberths = 25", BlockKind.PARAGRAPH)
    assert absent_subject(question, sentence(quays, "40"), quays, [quays]) == absent


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What does a boat typically cost a day, assuming nothing else is taken along?", ""),
        ("What does the Best boat cost a day?", "best"),
        ("What does the standard boat cost a day?", "standard"),
        ("What does a replacement boat cost a day?", "replac"),
    ],
)
def test_how_something_is_asked_names_no_thing(question: str, absent: str) -> None:
    boats = source(BOATS, BlockKind.TABLE)
    assert absent_subject(question, sentence(boats, "Tern"), boats, [boats]) == absent


@pytest.mark.parametrize(
    ("question", "holding", "absent"),
    [
        ("How warm is the icy pool of Ravnsholm?", "33", "ici"),
        ("How warm is the sports pool of Ravnsholm?", "25", ""),
        ("How warm is the pool of Ravnsholm?", "25", ""),
        ("What does a night in the Maple cabin cost?", "62", "mapl"),
        ("What does a night in the Alder cabin cost?", "62", ""),
        ("What does a night in a cosy cabin cost?", "62", ""),
    ],
)
def test_a_section_is_no_answer_to_a_question_about_one_that_is_not_there(
    question: str, holding: str, absent: str
) -> None:
    text = "It has 25 degrees. It has 33 degrees. A night is 62. A night is 94."
    paths = {"It has 25": ("Pools", "Sports pool"), "It has 33": ("Pools", "Warm pool"),
             "A night is 62": ("Cabins", "Alder"), "A night is 94": ("Cabins", "Birch")}  # fmt: skip
    parts = [
        ChunkPart(text.index(begin), ("Ravnsholm", *path), kind=BlockKind.PARAGRAPH) for begin, path in paths.items()
    ]
    stay = SourceText.build(1, text, "ravnsholm.md\nRavnsholm", parts, "d")
    assert absent_subject(question, sentence(stay, holding), stay, [stay]) == absent
