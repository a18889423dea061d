"""docs/aws.md: its costs are what the code computes, its variables are Terraform's."""

from __future__ import annotations

import re
from pathlib import Path

from portfolio_rag.cli.cost import markdown_table
from portfolio_rag.domain.aws_prices import PRICED_ON, PRICES
from portfolio_rag.domain.cost_lines import HOURS
from portfolio_rag.domain.cost_plan import Size, plan_cost

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")


def test_the_costs_are_those_that_are_computed() -> None:
    assert markdown_table() in PAGE
    assert f"as of {PRICED_ON}" in PAGE


def test_every_variable_and_output_that_is_named_is_there() -> None:
    variables = (ROOT / "terraform" / "variables.tf").read_text(encoding="utf-8")
    outputs = (ROOT / "terraform" / "outputs.tf").read_text(encoding="utf-8")
    for variable in ("name_suffix", "alarm_emails", "api_service", "network", "vector_database", "deploy_services"):
        assert f'variable "{variable}"' in variables
    for field in ("certificate_arn", "allowed_cidr_blocks", "internal", "openai", "egress", "existing", "snapshot_id"):
        assert field in PAGE
        assert re.search(rf"^\s+{field}\s+= optional\(", variables, re.MULTILINE), field
    for output in re.findall(r"output ([a-z_]+)", PAGE):
        assert f'output "{output}"' in outputs


def test_a_task_more_costs_its_vcpu_and_memory() -> None:
    one, two = (plan_cost(Size(documents=10, questions=1, new_documents=1, tasks=tasks)) for tasks in (1, 2))
    assert abs(two.total - one.total - HOURS * (PRICES["Fargate vCPU-hour"] + 2 * PRICES["Fargate GB-hour"])) < 1e-9


def test_the_machine_grows_with_the_index() -> None:
    assert Size(documents=1_000, questions=1, new_documents=0).machine == "t3.medium"
    assert Size(documents=100_000, questions=1, new_documents=0).machine == "m7i.xlarge"
