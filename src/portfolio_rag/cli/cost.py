"""`rag cost --plan`: what a deployment on AWS costs a month, before there is one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from portfolio_rag.domain.cost_plan import PRICED_ON, SIZES, Size, plan_cost


def show_plan(*, documents: int | None, questions: int, new_documents: int | None, tasks: int) -> None:
    """One size where `documents` is given, else those of docs/aws.md side by side."""
    sizes = dict(SIZES)
    if documents is not None:
        fresh = documents // 10 if new_documents is None else new_documents
        sizes = {f"{documents:,} documents, {questions:,} questions a day": Size(documents, questions, fresh, tasks)}
    costs = {name: plan_cost(size) for name, size in sizes.items()}
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
