"""`rag cost`: what this month costs on AWS, and with `--plan` what a month of a given size would."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Column, Table

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape
from portfolio_rag.domain.aws_prices import PRICED_ON
from portfolio_rag.domain.cost_plan import SIZES, Size, plan_cost
from portfolio_rag.local.config import StackConfig


def show_month(*, tasks: int, as_json: bool, api: ApiClient | None = None) -> None:
    """The month so far and its forecast, a line for each thing that has a price."""
    with api or ApiClient(StackConfig.load()) as client:
        month = client.get(f"/api/cost?tasks={tasks}")
    if as_json:
        print_json(month)
        return
    console = screen()
    console.print(_month_table(month))
    counts = month["counts"]
    console.print(
        f"Counted: {counts['documents']:,} documents in {counts['versions']:,} versions, {counts['chunks']:,} chunks; "
        f"this month {counts['new_versions']:,} versions and {counts['questions']:,} questions.",
        highlight=False,
    )
    console.print(
        f"On-demand prices of {month['region']}, {month['prices_dated']}, no free tier. Estimated: what a document or "
        "question takes by the design. Assumed: machines of Chroma and of the API "
        f"({tasks} task{'s' if tasks > 1 else ''}), since the month began. A local stack is billed nothing.",
        highlight=False,
    )
    for note in month["notes"]:
        console.print(escape(note), highlight=False)


def _month_table(month: dict[str, Any]) -> Table:
    figures = (Column(name, justify="right") for name in ("Usage", "USD a unit", "So far", "Forecast"))
    table = Table(month["month"], *figures, "Basis")
    for line in month["lines"]:
        table.add_row(
            escape(line["service"]),
            f"{line['usage']:,.3f} {line['unit']}",
            f"{line['unit_price_usd']:.10f}".rstrip("0").rstrip("."),
            f"{line['so_far_usd']:,.2f}",
            f"{line['forecast_usd']:,.2f}",
            line["basis"],
        )
    table.add_section()
    table.add_row("Total, USD", "", "", f"{month['so_far_usd']:,.2f}", f"{month['forecast_usd']:,.2f}", "")
    return table


def show_plan(
    *, documents: int | None, questions: int, new_documents: int | None, tasks: int, as_json: bool = False
) -> None:
    """One size where `documents` is given, else those of docs/aws.md side by side."""
    sizes = dict(SIZES)
    if documents is not None:
        fresh = documents // 10 if new_documents is None else new_documents
        sizes = {f"{documents:,} documents, {questions:,} questions a day": Size(documents, questions, fresh, tasks)}
    costs = {name: plan_cost(size) for name, size in sizes.items()}
    if as_json:
        plans = {name: {"total_usd": cost.total, "items_usd": dict(cost.items)} for name, cost in costs.items()}
        print_json({"prices_dated": PRICED_ON, "plans": plans})
        return
    table = Table("USD a month", *costs)
    for column in table.columns[1:]:
        column.justify = "right"
    for items in zip(*(cost.items.items() for cost in costs.values()), strict=True):
        names = dict.fromkeys(name for name, _ in items)
        table.add_row(" / ".join(names), *(f"{amount:,.2f}" for _, amount in items))
    table.add_section()
    table.add_row("Total", *(f"{cost.total:,.2f}" for cost in costs.values()))
    console = Console()
    console.print(table)
    console.print(f"On-demand prices of us-east-1, {PRICED_ON}, no free tier; a language model's tokens come on top.")


def markdown_table() -> str:
    """The sizes of docs/aws.md as a table for that page."""
    costs = {name: plan_cost(size) for name, size in SIZES.items()}
    lines = [f"| USD a month | {' | '.join(costs)} |", "|---" + "|--:" * len(costs) + "|"]
    for items in zip(*(cost.items.items() for cost in costs.values()), strict=True):
        names = " / ".join(dict.fromkeys(name for name, _ in items))
        lines.append(f"| {names} | " + " | ".join(f"{amount:,.2f}" for _, amount in items) + " |")
    lines.append("| **Total** | " + " | ".join(f"**{cost.total:,.2f}**" for cost in costs.values()) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown_table())
