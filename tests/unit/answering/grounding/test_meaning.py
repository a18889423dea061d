"""A word or two that turn the sense of a sentence, though nearly all of its words stand in the evidence."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Verdict

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
]  # fmt: skip


@pytest.mark.parametrize(("text", "true", "false"), CASES)
def test_what_turns_the_sense_is_seen_and_what_only_rephrases_is_not(text: str, true: str, false: str) -> None:
    sources = [SourceText.build(1, text, "house.md")]
    for draft, held in ((true, True), (false, False)):
        (result,) = check("What holds here?", parse_draft(f"{draft} [1]"), sources)
        assert (result.verdict is Verdict.SUPPORTED) is held, (draft, result.reason)
        assert bool(result.reason) is not held
