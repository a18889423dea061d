"""A word or two that turn the sense of a sentence, though nearly all of its words stand in the evidence."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Verdict
from portfolio_rag.domain.chunks import BlockKind, ChunkPart

CASES = [
    ("The vault is kept at -30 degrees.", "The vault is kept at -30 °.", "The vault is kept at 30 degrees."),
    ("Parking costs 12 euros a day.", "Parking costs 12 euros per day.", "Parking costs 12 euros a week."),
    ("Keys are cut within two days.", "Keys are cut within 2 days.", "Keys are cut within two days for free."),
    ("The old bridge is safe for lorries.", "The bridge is safe for lorries.", "The old bridge is unsafe for lorries."),
    ("The gate barely opens in frost.", "In frost the gate barely opens.", "The gate opens in frost."),
    ("Guests must sign the register.", "Guests have to sign the register.", "Guests may sign the register."),
    ("Guests may use the pool.", "Guests can use the pool.", "Guests must use the pool."),
    ("Brandt leased the mill to Okoro.", "Brandt leased the mill to Okoro.", "Okoro leased the mill to Brandt."),
    ("Brandt sold the mill to Okoro.", "Okoro bought the mill from Brandt.", "Okoro sold the mill to Brandt."),
    ("Brandt advises Okoro on taxes.", "Okoro is advised on taxes by Brandt.", "Okoro advises Brandt on taxes."),
    ("The tenant paints. The owner mends the roof.", "The owner mends the roof.", "The tenant mends the roof."),
    ("The lift carries at most 600 kg.", "The lift carries up to 600 kg.", "The lift carries more than 600 kg."),
    ("The course ends in June.", "The course ends in June.", "The course ends in July."),
    ("A tray holds twelve cups.", "A tray holds 12 cups.", "A tray holds 20 cups."),
    ("Hang the keys over the desk, not behind it.", "The keys hang over the desk.", "The keys hang behind the desk."),
    ("Bills are sent as PDF and no longer as paper.", "Bills are sent as PDF.", "Bills are sent as paper."),
    ("The ferry costs 4.50 € for an adult.", "The ferry costs 4.50 €.", "The ferry costs 4.50 € a night."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "true", "false"), CASES)
def test_what_turns_the_sense_is_seen_and_what_only_rephrases_is_not(text: str, true: str, false: str) -> None:
    sources = [SourceText.build(1, text, "house.md")]
    for draft, held in ((true, True), (false, False)):
        (result,) = check("What holds here?", parse_draft(f"{draft} [1]"), sources)
        assert (result.verdict is Verdict.SUPPORTED) is held, (draft, result.reason)
        assert bool(result.reason) is not held


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The hostel does not take dogs.", True),
        ("The hostel takes dogs.", False),
        ("Yes, the hostel takes dogs.", False),
    ],
)
def test_a_claim_says_yes_or_no_as_the_answer_under_its_question_does(draft: str, held: bool) -> None:
    text = "Do you take dogs?\n\nNo. Guests bring them to the kennel beside the hostel."
    parts = [
        ChunkPart(0, heading_path=("Do you take dogs?",), kind=BlockKind.HEADING),
        ChunkPart(text.index("No."), heading_path=("Do you take dogs?",), kind=BlockKind.PARAGRAPH),
    ]
    (result,) = check(
        "Does the hostel take dogs?", parse_draft(f"{draft} [1]"), [SourceText.build(1, text, "hostel.md", parts)]
    )
    assert (result.verdict is Verdict.SUPPORTED) is held, result.reason


def test_a_question_is_no_evidence() -> None:
    source = SourceText.build(1, "Does the pool close in winter? Ask at the desk.", "pool.md")
    (result,) = check("When is the pool closed?", parse_draft("The pool closes in winter. [1]"), [source])
    assert not result.verdict.shown
