"""What the question or the claim names, the evidence must be about: a sibling's value is never support."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.subjects import about_subject
from portfolio_rag.domain.answers import Verdict
from portfolio_rag.domain.chunks import BlockKind, ChunkPart
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here
from tests.support.texts import WordTokenizer

LIMITS = ExtractionLimits(frozenset({"md"}), 10, 100_000, 60, 512)

CODES = """# Codes of the Orrin gate

## E-4
The badge is unknown. Register it.

## E-5
The motor is hot. Wait for ten minutes.
"""
RELEASES = """# Releases of Pellworm

## 1.9
Backups run every nine hours.

## 1.10
Backups run every two hours.
"""
SIZES = """# Rooms of the Pellworm inn

| Room | Beds | Price |
|---|---|---|
| Heron | 2 | 80 EUR |
| Gull | 4 | 120 EUR |
| Tern | 6 | 175 EUR |
"""
ITEMS = """# Boats of the Pellworm inn

- Otter: holds 3 people, costs 20 euros.
- Beaver: holds 9 people, costs 45 euros.
"""
SEASONS = """# Cabins

| Cabin | Low season | High season |
|---|---|---|
| Wren | 40 EUR | 66 EUR |
| Rook | 52 EUR | 81 EUR |
"""
COURSES = """# Courses

| Topic | First group: date | Second group: date |
|---|---|---|
| How to moor | 9 July | 23 July |
"""
BY_LAWS = """# By-laws

The fee of a berth is 17 euros for each metre. It is due on 15 May. The board may grant a delay of four months. Each
member serves two nights on the quay.
"""
BY_LAWS_IN_ITEMS = """# By-laws

1. The fee of a berth is 17 euros for each metre.
2. It is due on 15 May.
3. The board may grant a delay of four months.
4. Each member serves two nights on the quay.
"""
LOADS = """# Winches

| Winch | Reach (m) | Weight (kg) |
|---|---|---|
| Tarn | 31 | 17 |
| Beck | 44 | 23 |
"""
CLAUSES = """# Notice

4. Notice

4.1 A lodger gives notice of two months.
4.2 An owner gives notice of six months.
"""
MODELS = """# Pumps of Pellworm

| Pump | Noise | Flow |
|---|---|---|
| Brae 7 | 51 dB | 90 litres |
| Brae 7 S | 44 dB | 95 litres |
| Brae Plus | 60 dB | 140 litres |
| Brae Plus Max | 63 dB | 170 litres |
"""
ROUTES = """# Interface of Pellworm

## GET /v3/nests

| Field | Default |
|---|---|
| `sort` | `age` |

## POST /v3/nests

| Field | Default |
|---|---|
| `sort` | `size` |

## Errors

The nest is empty.
"""
SALES = """# Sales

On 6 April 2024 the roofs of the lot K3 were sold. On 9 May 2024 the doors of the lot K5 were sold.
"""
SHORT = """# Pellworm inn

## Words

Booking: a wish for a room, held for 8 days.
"""
PROSE = """# Tickets

The red ticket admits 3 people. The blue ticket admits 11 people.
"""


def source(markdown: str, number: int = 1) -> SourceText:
    document = extract_here(markdown.encode(), "a.md", LIMITS)
    (whole,) = chunk(document, WordTokenizer(), size_tokens=500, overlap_tokens=0, window_tokens=200)
    return SourceText.build(number, whole.content, "a.md", whole.parts, document=f"document {number}")


def verdict(markdown: str, question: str, draft: str) -> tuple[Verdict, str]:
    (result,) = check(question, parse_draft(f"{draft} [1]"), [source(markdown)])
    return result.verdict, result.reason


HELD = {Verdict.SUPPORTED, Verdict.REPAIRED}


@pytest.mark.parametrize(
    ("markdown", "question", "true", "false"),
    [
        (CODES, "What is E-5?", "E-5 means that the motor is hot.", "E-5 means that the badge is unknown."),
        (CODES, "What is E-4?", "The badge is unknown.", "The motor is hot."),
        (
            RELEASES,
            "How often do backups of Pellworm run?",
            "In Pellworm 1.10 backups run every two hours.",
            "In Pellworm 1.10 backups run every nine hours.",
        ),
        (RELEASES, "How often do backups run in 1.9?", "Backups run every nine hours.", "Backups run every two hours."),
        (SIZES, "How many beds has Gull?", "Gull has 4 beds.", "Gull has 6 beds."),
        (SIZES, "What does Tern cost?", "Tern costs 175 EUR.", "Tern costs 80 EUR."),
        (SIZES, "How many beds has Tern?", "Tern has 6 beds.", "Tern has 175 beds."),
        (ITEMS, "How many people does the Otter hold?", "The Otter holds 3 people.", "The Otter holds 9 people."),
        (SEASONS, "What does the Wren cost in the low season?", "The Wren costs 40 EUR.", "The Wren costs 66 EUR."),
        (
            COURSES,
            "On which date does the second group moor?",
            "The second group moors on 23 July.",
            "The second group moors on 9 July.",
        ),
        (LOADS, "How heavy is the Tarn?", "The Tarn weighs 17 kg.", "The Tarn weighs 31 kg."),
        (CLAUSES, "What notice may a lodger give?", "A lodger gives two months.", "A lodger gives four months."),
        (ITEMS, "What does the Beaver cost?", "The Beaver costs 45 euros.", "The Beaver costs 20 euros."),
        (
            MODELS,
            "How loud is the Brae 7 S?",
            "The Brae 7 S has a noise of 44 dB.",
            "The Brae 7 S has a noise of 51 dB.",
        ),
        (MODELS, "How loud is the Brae 7?", "The Brae 7 has a noise of 51 dB.", "The Brae 7 has a noise of 44 dB."),
        (
            MODELS,
            "How do the larger pumps compare?",
            "The Brae Plus has 60 dB and the Brae Plus Max 63 dB.",
            "The Brae Plus has a noise of 63 dB.",
        ),
        (
            ROUTES,
            "What is sorted by?",
            "GET /v3/nests sorts by age by default.",
            "GET /v3/nests sorts by size by default.",
        ),
        (
            SALES,
            "What was sold in April 2024?",
            "On 6 April 2024 the roofs of the lot K3 were sold.",
            "On 6 April 2024 the doors of the lot K5 were sold.",
        ),
        (
            SHORT,
            "How long is it kept?",
            "A booking is held for 8 days.",
            "At Pellworm inn a key is lent for 8 days.",
        ),
        (
            PROSE,
            "Whom does the red ticket admit?",
            "The red ticket admits 3 people.",
            "The red ticket admits 11 people.",
        ),
    ],
)
def test_the_value_of_a_sibling_is_no_support(markdown: str, question: str, true: str, false: str) -> None:
    assert verdict(markdown, question, true)[0] in HELD
    caught, reason = verdict(markdown, question, false)
    assert caught not in HELD
    assert reason


@pytest.mark.parametrize("text", [BY_LAWS, BY_LAWS_IN_ITEMS])
@pytest.mark.parametrize("borrowed", ["17 euros", "15 May", "two nights"])
def test_a_value_of_another_kind_is_not_borrowed_from_a_neighbour(text: str, borrowed: str) -> None:
    question = "Which delay may the board grant?"
    assert verdict(text, question, "The board may grant a delay of four months.")[0] in HELD
    assert verdict(text, question, f"The board may grant a delay of {borrowed}.")[0] not in HELD


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("The board grants a delay of 4 months. In May it is 6 weeks.", "The board grants a delay of 6 weeks."),
        ("The board grants a delay of 4 months to all.\n\nNotice of 6 weeks", "The board gives 6 weeks notice."),
        ("Berths have 9 metres. Boats of the club may stay for 6 weeks.", "Boats may stay for 6 weeks."),
    ],
)
def test_a_value_is_not_borrowed_where_the_text_goes_on_or_has_the_words(text: str, claim: str) -> None:
    assert verdict(f"# By-laws\n\n{text}\n", "Which delay is granted?", claim)[0] in HELD


def test_an_identifier_that_is_nowhere_has_no_evidence() -> None:
    caught, reason = verdict(RELEASES, "How often do backups run in version 3.0?", "Backups run every two hours.")
    assert caught is Verdict.DROPPED
    assert "3.0" in reason


LETTERS = """# Parcels of Pellworm

Parcels are weighed at the desk.

## Q4
The label is torn.

## Q7
The weight is missing.
"""
MOTIONS = """# Meeting of the Pellworm rowers

## Motion A: oars
New oars are bought. Carried with 19 votes to 4.

## Motion B: cats
Cats are let in. Rejected with 17 votes to 6.

## Motion D: rent of the lockers
The rent rises to 4 euros. Carried with 12 votes to 11.
"""
POOLS = """# Baths of Pellworm

## Sports pool
The water has 25 degrees.

## Warm pool (upper floor)
The water has 33 degrees.

## Plunge pool (cellar)
The water has 9 degrees.

## Plunge pool (roof)
The water has 11 degrees.
"""
ERRORS = """# Interface of Pellworm

## 501
The scale is off.

## 502
The scale does not answer.
"""


def test_one_of_a_series_that_is_nowhere_has_no_evidence() -> None:
    asked = Claim("", "What does Q9 of the parcels mean?")
    (about,) = about_subject(asked, [source(LETTERS)])
    assert not about.sentences


@pytest.mark.parametrize(("motion", "kept"), [("A", "19 votes"), ("B", "17 votes"), ("D", "12 votes"), ("M", "")])
def test_a_letter_behind_a_word_that_counts_so_names_one_of_them(motion: str, kept: str) -> None:
    asked = Claim("", f"How did the vote on motion {motion} end at Pellworm?")
    (about,) = about_subject(asked, [source(MOTIONS)])
    said = [own.text for own in about.sentences if "votes" in own.text]
    assert [kept in text for text in said] == ([True] if kept else [])


@pytest.mark.parametrize(
    ("question", "degrees"),
    [
        ("How warm is the water of the sports pool of Pellworm?", ["25"]),
        ("How many degrees has the warm pool of Pellworm?", ["33"]),
        ("How many degrees has the plunge pool of Pellworm?", ["25", "33", "9", "11"]),
    ],
)
def test_a_heading_is_named_without_its_brackets_and_not_by_how_a_question_asks(
    question: str, degrees: list[str]
) -> None:
    (about,) = about_subject(Claim("", question), [source(POOLS)])
    said = [own.text for own in about.sentences if "degrees" in own.text]
    assert said == [f"The water has {number} degrees." for number in degrees]


WINDS = """# Cranes of Pellworm

## Level 1 (from 15 m/s)
Long loads must wait.

## Level 2 (from 20 m/s)
Empty boxes must wait as well.

## Level 3 (from 25 m/s)
All cranes are locked.
"""


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What holds for the cranes at 22 m/s?", ["Empty boxes must wait as well."]),
        ("What holds for the cranes at 31 m/s?", ["All cranes are locked."]),
        ("What holds for cranes of 9 kg?", ["Long loads", "Empty boxes", "All cranes"]),
    ],
)
def test_a_heading_with_a_range_is_that_of_the_values_in_it(question: str, kept: list[str]) -> None:
    (about,) = about_subject(Claim("", question), [source(WINDS)])
    said = [own.text for own in about.sentences if own.kind is not BlockKind.HEADING]
    assert [text.startswith(begin) for text, begin in zip(said, kept, strict=True)] == [True] * len(kept)


def test_a_claim_under_a_heading_with_another_range_is_not_held() -> None:
    asked = "What holds for the cranes at 22 m/s?"
    assert verdict(WINDS, asked, "Empty boxes of the cranes must wait as well.")[0] in HELD
    assert verdict(WINDS, asked, "All cranes are locked.")[0] not in HELD
    assert verdict(WINDS, "", "At 22 m/s all cranes are locked.")[0] not in HELD


def test_a_number_behind_a_name_is_that_of_a_heading() -> None:
    (about,) = about_subject(Claim("", "Pellworm API 502"), [source(ERRORS)])
    assert "The scale does not answer." in [own.text for own in about.sentences]


def test_a_claim_that_names_another_sibling_than_its_question_is_about_that() -> None:
    draft = "In Pellworm 1.9 backups run every nine hours."
    assert verdict(RELEASES, "How often do backups run in 1.10?", draft)[0] in HELD


def test_a_document_about_something_else_is_not_evidence_for_what_another_one_is_about() -> None:
    sources = [
        source("# Fees of Arnbeck\n\nParking costs 9 euros."),
        source("# Fees of Tolling\n\nParking costs 5 euros.", 2),
    ]
    (result,) = check(
        "What does parking cost in Tolling?", parse_draft("Parking in Tolling costs 9 euros [1]."), sources
    )
    assert result.verdict not in HELD


def test_every_item_is_evidence_under_what_leads_it_in() -> None:
    text = "Bring along:\n\n- a torch\n  - two batteries"
    parts = [ChunkPart(0, ("Hikes",)), ChunkPart(14, ("Hikes",), "Bring along:", BlockKind.LIST)]
    sentences = SourceText.build(1, text, "", parts).sentences
    assert [(sentence.text, sentence.lead_in) for sentence in sentences[1:]] == [
        ("- a torch", "Bring along:"),
        ("- two batteries", "Bring along:\n- a torch"),
    ]
    assert all(sentence.heading_path == ("Hikes",) for sentence in sentences)


ASKED = """# Loans of Pellworm

## How often can I renew a map?

Twice, if nobody waits for it.

## How often can I renew a globe?

After nine days.

## What does a map cost?

Seven euros.
"""
SETTINGS = """# Pellworm relay

```yaml
# Settings of the relay
listen:
  port: 7300          # was 7100 once
peers:
  - name: skagen
    timeout_seconds: 20
    compress: false
  - name: ribe
    timeout_seconds: 45
    compress: true
```
"""


@pytest.mark.parametrize(
    ("draft", "held"), [("A map can be renewed twice.", True), ("A globe can be renewed twice.", False)]
)
def test_of_two_headings_that_ask_alike_the_other_one_gives_no_evidence(draft: str, held: bool) -> None:
    assert (verdict(ASKED, "Can maps and globes be renewed?", draft)[0] in HELD) is held


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The relay listens on port 7300.", True),
        ("The peer skagen has a timeout of 20 seconds.", True),
        ("The peer ribe has a timeout of 20 seconds.", False),
        ("The peer ribe has a timeout of 45 minutes.", False),
        ("The peer ribe compresses.", True),
        ("The peer skagen compresses.", False),
    ],
)
def test_a_setting_is_that_of_what_stands_above_it(draft: str, held: bool) -> None:
    assert (verdict(SETTINGS, "How is the Pellworm relay set?", draft)[0] in HELD) is held


def test_settings_are_read_line_by_line() -> None:
    text = "[lamp]\nvolts = 12\n\n[horn]\nvolts = 24  # two in a row"
    sentences = SourceText.build(1, text, "", [ChunkPart(0)]).sentences
    assert [(sentence.text, sentence.above, sentence.kind) for sentence in sentences] == [
        ("[lamp]", (), BlockKind.HEADING),
        ("volts = 12", ("[lamp]",), BlockKind.TABLE),
        ("[horn]", (), BlockKind.HEADING),
        ("volts = 24  # two in a row", ("[horn]",), BlockKind.TABLE),
    ]


def test_a_sentence_with_a_colon_is_no_setting() -> None:
    text = "Note: the gate is heavy. Ask for help.\nSee also: the rules of the mill, which hang at the door."
    kinds = {sentence.kind for sentence in SourceText.build(1, text, "", [ChunkPart(0)]).sentences}
    assert kinds == {BlockKind.PARAGRAPH}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "Which share of the stations ran dry, says the HWS?",
            "The Harbour Watch Service says that 20 of them ran dry.",
        ),
        ("How many schools of cooking were known in China?", "Chinese cooks knew four schools."),
    ],
)
def test_a_document_that_has_the_name_in_another_form_speaks_of_it(question: str, text: str) -> None:
    named = SourceText.build(1, "The HWS of China is in Quarl.", "", document="a")
    own, other = (SourceText.build(2, text, "", document="b"), SourceText.build(3, "Boats lie here.", "", document="c"))
    about = about_subject(Claim("", question), [named, own, other])
    assert [bool(source.left_out) for source in about] == [False, False, True]
