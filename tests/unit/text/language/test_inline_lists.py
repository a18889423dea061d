from __future__ import annotations

import pytest

from portfolio_rag.text.language.inline_lists import InlineList, inline_list

DUTIES = [
    "(a) pay the rent on the first day of each month to the account that is named in the annex, free of deductions",
    "(b) keep the windows shut when it rains, and pay for what water has damaged where they were not",
    "(c) keep no dogs of more than 20 kg (guests' dogs count as well; so do those that are only looked after)",
    "(d) let the caretaker in within 24 hours after he has asked for it in writing, except in an emergency",
    "(e) water the plants on the stairs in July and August, and those in the yard where nobody else does",
    "and (f) return all keys on the last day of the lease, and pay 80 euros for each one that is missing by then.",
]


def texts(sentence: str, found: InlineList | None) -> tuple[str, list[str]]:
    assert found is not None
    start, end = found.lead
    return sentence[start:end], [sentence[start:end] for start, end in found.items]


@pytest.mark.parametrize(
    "lead", ["Subject to clause 4, the tenant shall", "Duties:", "The tenant shall during the lease:"]
)
def test_what_leads_in_and_each_clause_are_told_apart(lead: str) -> None:
    sentence = f"{lead} {'; '.join(DUTIES)}"
    assert texts(sentence, inline_list(sentence)) == (lead, [*DUTIES[:-1], DUTIES[-1].removeprefix("and ")])


@pytest.mark.parametrize(
    "sentence",
    [
        f"The tenant shall {'; '.join(DUTIES[3:])}",  # short enough to be read whole
        f"Duties: {' and '.join(DUTIES[:2] * 5)}.",
        "; ".join(f"the plan of the number {n} costs {n} euros a month, for whoever takes it" for n in range(20)) + ".",
        f"{'We list here what tenants have to do, and what they may not do ' * 8}: {'; '.join(DUTIES)}",
    ],
    ids=["short", "no semicolons", "clauses side by side", "a lead that is no lead"],
)
def test_another_sentence_is_no_list(sentence: str) -> None:
    assert inline_list(sentence) is None
