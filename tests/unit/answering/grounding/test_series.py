"""Values that one sentence gives several things side by side, the verb said once."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import SentenceVerdict, check
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Verdict

DUES = "Full members pay 216 pounds a year, juniors 84 pounds, others what they like, but at least 50 pounds."
OVEN = "The boiler heats water to 60 degrees, oil to 90 degrees and glycol to 45 degrees."
TICKET = "The day ticket costs 14 euros in summer, 9 euros in winter."
LOGS = "Backups are kept for 45 days, logs for 14 days and metrics for 400 days."
MEMORY = "Version 2 needs 4 GB of memory, version 3 needs 8 GB."


def checked(text: str, draft: str, question: str) -> SentenceVerdict:
    (verdict,) = check(question, parse_draft(f"{draft} [1]."), [SourceText.build(1, text, "a.md\nA guide")])
    return verdict


@pytest.mark.parametrize(
    ("text", "draft", "question"),
    [
        (DUES, "Juniors pay 84 pounds a year", "What do juniors pay?"),
        (DUES, "Full members pay 216 pounds a year", "What do full members and juniors pay?"),
        (DUES, "Full members pay 216 pounds and juniors 84 pounds", "What do members pay?"),
        (OVEN, "The boiler heats oil to 90 degrees", "How hot is it?"),
        (OVEN, "The boiler heats glycol to 45 degrees", "How hot is it?"),
        (TICKET, "The day ticket costs 9 euros in winter", "What does the day ticket cost?"),
        (TICKET, "In summer the day ticket costs 14 euros", "What does the day ticket cost in winter?"),
        (LOGS, "Unlike logs, backups are kept for 45 days", "How long are logs kept?"),
        (LOGS, "Metrics are kept for 400 days", "How long are logs kept?"),
        (MEMORY, "Version 3 needs 8 GB of memory", "How much memory is needed?"),
    ],
)
def test_what_a_member_of_the_series_has(text: str, draft: str, question: str) -> None:
    assert checked(text, draft, question).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("text", "draft", "question", "member"),
    [
        (DUES, "Juniors pay 216 pounds a year", "What do juniors pay?", "juniors"),
        (DUES, "They pay 216 pounds a year there", "What do juniors pay?", "juniors"),
        (OVEN, "The boiler heats oil to 60 degrees", "How hot is it?", "oil to"),
        (TICKET, "The day ticket costs 14 euros in winter", "What does the day ticket cost?", "in winter"),
        (LOGS, "Metrics are kept for 14 days", "How long are logs kept?", "metrics for"),
        (MEMORY, "Version 3 needs 4 GB of memory", "How much memory is needed?", "version 3 needs"),
    ],
)
def test_what_another_member_has(text: str, draft: str, question: str, member: str) -> None:
    verdict = checked(text, draft, question)
    assert verdict.verdict is Verdict.DROPPED
    assert f"is not that of “{member}” there" in verdict.reason


@pytest.mark.parametrize(
    ("text", "draft"),
    [
        ("The trip takes 9 days, or, by the night boat of the summer, 4 days.", "The trip takes 9 days in summer"),
        ("Plan: Day | Price: 14 euros, reduced 9 euros", "The day plan costs 14 euros, reduced or not"),
        ("The net costs 4 euros and it lasts 9 days.", "The net costs 4 euros"),
    ],
)
def test_what_is_no_series_is_not_judged_as_one(text: str, draft: str) -> None:
    assert "is not that of" not in checked(text, draft, "What is it?").reason
