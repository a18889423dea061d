"""What is denied without a word of the sentence itself: by its lead-in, by a cell, by the answer under a question."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Verdict
from portfolio_rag.domain.chunks import BlockKind, ChunkPart
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.worker import extract_here
from tests.support.texts import WordTokenizer

LIMITS = ExtractionLimits(frozenset({"md"}), 10, 100_000, 60, 512)

WAIVER = """# Waiver of the Tindrum canoe hire

The waiver does not pay for:

- Lost paddles
- Damage by
  - fire
  - ice
- Trips without a map

The waiver pays for:

- Holes in the hull
"""
BERTHS = """# Berths of Tindrum

| Service | Basic | Harbour | Captain |
|---|---|---|---|
| Hot showers | ✗ | ✓ | ✓ |
| Crane use | ✗ | – | ✓ |
| Dry dock | false | false | true |
"""
QUEUE = """# Queue of Tindrum

```ini
workers = 6
retry = false
```
"""
FIELDS = """# Fields of a booking

| Field | Required | Default | Meaning |
|---|---|---|---|
| `grace_period` | no | 45 | Minutes that a boat may be late. |
"""
ANSWERS = """# Questions about Tindrum

## How often can I move a trip?

Three times.

## How often can I move a course?

Not at all.

## What does a locker cost for members?

Nothing.
"""


EXCLUSIONS = """# Insurance of Tindrum boats

Holes in the hull are paid for up to 900 euros.

{lead}

- theft of paddles from a jetty
- damage by ice in a mild winter
- a second boat may be tied to the first

## Where to moor

Any jetty of Tindrum.
"""
LEFT_OUT = [
    "## Exclusions",
    "## Not covered",
    "Excluded are:",
    "The following is not insured:",
    "Nicht versichert sind:",
]


@pytest.mark.parametrize("lead", LEFT_OUT)
@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("Theft of paddles from a jetty is covered.", False),
        ("Damage by ice in a mild winter is insured.", False),
        ("You can claim damage by ice in a mild winter.", False),
        ("Theft of paddles from a jetty is not covered.", True),
        ("Damage by ice in a mild winter is excluded.", True),
        ("A second boat may be tied to the first boat.", True),
        ("Holes in the hull are paid for up to 900 euros.", True),
    ],
)
def test_what_a_list_or_its_heading_leaves_out_is_not_let_in(lead: str, draft: str, held: bool) -> None:
    assert is_held(EXCLUSIONS.format(lead=lead), "What does the insurance cover?", draft) is held


@pytest.mark.parametrize("lead", ["## Allowed", "The following is covered:", "You may bring:"])
def test_what_a_list_lets_in_is_not_left_out(lead: str) -> None:
    text = EXCLUSIONS.format(lead=lead)
    assert not is_held(text, "What of paddles?", "Theft of paddles from a jetty is excluded.")
    assert is_held(text, "What of paddles?", "Theft of paddles from a jetty is covered.")


def test_the_key_of_a_table_denies_nothing_of_its_rows() -> None:
    text = "✓ offered, ✗ not offered\n\nService: Slipway | Basic: ✗ | Captain: ✓"
    parts = [
        ChunkPart(0, ("Berths",)),
        ChunkPart(text.index("Service"), ("Berths",), "✓ offered, ✗ not offered", BlockKind.TABLE),
    ]
    source = SourceText.build(1, text, "berths.md", parts)
    (result,) = check("What is offered?", parse_draft("A slipway is offered to the Captain berth. [1]"), [source])
    assert result.verdict is Verdict.SUPPORTED, result.reason


def is_held(markdown: str, question: str, draft: str) -> bool:
    document = extract_here(markdown.encode(), "a.md", LIMITS)
    (whole,) = chunk(document, WordTokenizer(), size_tokens=500, overlap_tokens=0, window_tokens=200)
    source = SourceText.build(1, whole.content, "a.md", whole.parts, document="d")
    (result,) = check(question, parse_draft(f"{draft} [1]"), [source])
    return result.verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The waiver of Tindrum does not pay for lost paddles.", True),
        ("The waiver of Tindrum pays for lost paddles.", False),
        ("The waiver of Tindrum pays for damage by ice.", False),
        ("Damage by ice is not paid for by the waiver of Tindrum.", True),
        ("The waiver of Tindrum pays for holes in the hull.", True),
        ("The waiver of Tindrum pays for trips without a map.", False),
    ],
)
def test_a_lead_in_denies_its_items(draft: str, held: bool) -> None:
    assert is_held(WAIVER, "What does the Tindrum waiver pay for?", draft) is held


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The Harbour berth includes hot showers.", True),
        ("The Basic berth includes hot showers.", False),
        ("The Basic berth includes no hot showers.", True),
        ("Hot showers are not part of the Basic berth.", True),
        ("The Harbour berth includes crane use.", False),
        ("The Harbour berth includes the dry dock.", False),
        ("The Captain berth includes the dry dock.", True),
        ("The Harbour berth includes no dry dock.", True),
    ],
)
def test_a_cell_with_a_mark_says_whether_its_column_has_what_the_row_is_called_by(draft: str, held: bool) -> None:
    assert is_held(BERTHS, "What do the berths of Tindrum include?", draft) is held


@pytest.mark.parametrize(
    ("draft", "held"), [("The queue of Tindrum does not retry.", True), ("The queue of Tindrum retries.", False)]
)
def test_a_setting_that_is_false_denies_its_name(draft: str, held: bool) -> None:
    assert is_held(QUEUE, "Does the queue of Tindrum retry?", draft) is held


def test_the_no_of_a_cell_denies_nothing_of_the_next_one() -> None:
    assert is_held(FIELDS, "What is grace_period?", "The grace_period of a booking is 45 minutes by default.")


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("A locker costs nothing for members.", True),
        ("A locker costs 3 euros for members.", False),
        ("A trip can be moved three times.", True),
    ],
)
def test_an_answer_of_a_word_denies_what_its_question_asks(draft: str, held: bool) -> None:
    assert is_held(ANSWERS, "What holds at Tindrum?", draft) is held


PUMP = """# Pump of Ravnsholm

If the pump does not start:

- Open the lower valve.
- Start the motor by hand.
"""
FEES = """# Fees of Ravnsholm

**What to do when a member does not pay**

- The member pays within 14 days after a reminder.
- The board is told.
- The boat is locked.
- The key is taken back.
"""
TLS = """# Settings of Ravnsholm

```yaml
tls: off
replicas_min: 2
```
"""
PLANS = """# Plans of Ravnsholm

| Feature | Free | Pro |
|---|---|---|
| Single sign-on | – | ✓ |
"""
HOTEL = "# Hotel Ravnsholm\n\nThe hotel takes cards. Cash is refused.\n"
SERVER = """# Server of Ravnsholm

The server keeps logs for 30 days; it keeps backups for 90 days in another region.
"""
GATES = "# Gates of Ravnsholm\n\nTrucks use gate 3 only.\n"


@pytest.mark.parametrize(
    ("markdown", "draft"),
    [
        (PUMP, "If the pump of Ravnsholm fails, start the motor by hand."),
        (FEES, "At Ravnsholm the member pays within 14 days after a reminder."),
        (TLS, "At Ravnsholm tls is off."),
        (TLS, "At Ravnsholm there are at least 2 replicas."),
        (PLANS, "Unlike Free, Pro of Ravnsholm includes single sign-on."),
        (PLANS, "Single sign-on is missing in Free of Ravnsholm."),
        (HOTEL, "The hotel Ravnsholm accepts cards."),
        (SERVER, "The server of Ravnsholm keeps backups for 90 days."),
        (GATES, "At Ravnsholm all trucks use gate 3."),
    ],
)
def test_what_is_true_is_held_though_something_beside_it_denies(markdown: str, draft: str) -> None:
    assert is_held(markdown, "How is it at Ravnsholm?", draft)


LISTENERS = """# Relay of Ravnsholm

```json
{
  "public": {
    "port": 9000
  },
  "admin": {
    "port": 9100
  }
}
```
"""


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The admin port of the relay of Ravnsholm is 9100.", True),
        ("The admin port of the relay of Ravnsholm is 9000.", False),
    ],
)
def test_a_setting_in_braces_is_that_of_the_name_before_them(draft: str, held: bool) -> None:
    assert is_held(LISTENERS, "Which ports has the relay of Ravnsholm?", draft) is held
