"""docs/cost.md: the design's table is what the code computes; what the page says in words is so."""

from __future__ import annotations

import pytest

from portfolio_rag.costs.month import Basis
from portfolio_rag.domain.answers import Usage
from portfolio_rag.domain.aws_prices import PRICED_ON, PRICES, REGION
from portfolio_rag.domain.cost_lines import Line, cost_lines
from portfolio_rag.domain.cost_plan import SIZES, Size
from portfolio_rag.domain.design_cost import DESIGN, design_table
from tests.support.pages import rows, section, text_of

PAGE = text_of("docs/cost.md")


def test_the_design_s_table_is_computed() -> None:
    assert design_table() in PAGE
    assert f"{REGION}, {PRICED_ON}" in PAGE


def test_the_design_s_table_by_hand() -> None:
    computed: dict[str, object] = {row.service.split(":")[0]: (row.usd, row.usd_after_free_tier) for row in DESIGN}
    assert computed == {
        "S3": (pytest.approx(0.23), pytest.approx(0.23)),
        "DynamoDB": (pytest.approx(2.50 + 0.125 + 0.0625), pytest.approx(0.1875)),
        "Lambda": (pytest.approx(8.33335 + 0.20), pytest.approx(1.66667)),
        "SQS": (pytest.approx(0.40), 0),
        "EventBridge": (pytest.approx(1.00), pytest.approx(1.00)),
        "CloudWatch": (pytest.approx(2.50), 0),
    }
    assert sum(row.stated_usd for row in DESIGN) == pytest.approx(9.13)


def test_every_basis_is_explained() -> None:
    told = [cells[0] for cells in rows(section(PAGE, "## This month"))]
    assert told == [basis.value for basis in Basis]


def usd(lines: list[Line], *prices: str) -> float:
    return sum(line.usd for line in lines if line.price.startswith(prices))


def test_what_is_missing_in_the_design() -> None:
    idle = cost_lines(SIZES["idle"].month)
    missing = usd(idle, "Fargate", "Load", "Public", "NAT", "EC2", "EBS")
    assert (round(missing), round(sum(line.usd for line in idle))) == (129, 137)
    assert usd(idle, "CloudWatch metric", "CloudWatch alarm", "CloudWatch dashboard") == pytest.approx(6.10)
    polls = next(line.quantity for line in idle if line.price == "SQS request")
    assert round(polls / 1e6, 1) == 1.3


def test_what_a_document_and_a_question_take() -> None:
    one, none = (cost_lines(Size(0, 0, documents).month) for documents in (1_000, 0))
    seconds = [next(line.quantity for line in lines if line.price == "Lambda GB-second") for lines in (one, none)]
    each = (seconds[0] - seconds[1]) / 1_000
    assert round(each, 1) == 3.1
    assert round(1_000_000 / 3 * each * PRICES["Lambda GB-second"] + 1_000_000 * PRICES["Lambda request"]) == 18
    asked = Usage(3_000, 200)
    cents = 100 * (asked.prompt_tokens * 0.15 + asked.completion_tokens * 0.60) / 1e6
    assert (round(cents, 2), round(cents * 300 / 100, 2)) == (0.06, 0.17)
