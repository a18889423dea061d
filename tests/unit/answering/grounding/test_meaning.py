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
    ("The hall opens on weekdays.", "The hall opens on weekdays.", "The hall opens on weekends."),
    ("The cart holds 70 sacks.", "The cart holds 70 sacks.", "The cart holds more than 70 sacks."),
    ("Members may borrow tools.", "Members may borrow tools.", "Members may borrow tools if they leave a pledge."),
    ("Lamps are lent for a week.", "Lamps are lent for a week.", "Lamps are lent for a week with the mayor's consent."),
    ("Snow chains are not included.", "Snow chains are not included.", "The rental includes snow chains."),
    ("Visitors must not feed the owls.", "Visitors must not feed the owls.", "feed the owls."),
    ("Der Hof nimmt keine Katzen auf.", "Der Hof nimmt keine Katzen auf.", "Der Hof nimmt Katzen auf."),
    ("Le parc ne vend pas de glaces.", "Le parc ne vend pas de glaces.", "Le parc vend de glaces."),
    ("No se puede fumar en la sala azul.", "No se puede fumar en la sala azul.", "Se puede fumar en la sala azul."),
    (
        "The upper lock is tended by Ravn. The lower lock is tended by Holt.",
        "Ravn tends the upper lock.",
        "The upper lock is tended by Holt.",
    ),
    ("The Board of Old Mills (BOM) meets at ten.", "The BOM meets at ten.", "The BOM meets at noon."),
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


@pytest.mark.parametrize(("draft", "held"), [("Yes.", True), ("No.", False), ("2 weeks.", False)])
def test_a_bare_answer_holds_where_it_stands_under_the_question(draft: str, held: bool) -> None:
    questions = {
        "Is the sauna heated on Sundays?": "Yes.",
        "Do you lend towels?": "No.",
        "How long is a pass valid?": "9 weeks.",
    }
    text = "\n\n".join(f"{question}\n\n{answer}" for question, answer in questions.items())
    parts = [
        ChunkPart(text.index(piece, text.index(question)), (question,), kind=kind)
        for question, answer in questions.items()
        for piece, kind in ((question, BlockKind.HEADING), (answer, BlockKind.PARAGRAPH))
    ]
    asked = "How long is a pass valid?" if "weeks" in draft else "Is the sauna heated on Sundays?"
    (result,) = check(asked, parse_draft(f"{draft} [1]"), [SourceText.build(1, text, "sauna.md", parts)])
    assert (result.verdict is Verdict.SUPPORTED) is held, result.reason
