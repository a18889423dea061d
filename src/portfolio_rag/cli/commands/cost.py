"""`rag cost`."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app


@app.command()
def cost(
    plan: Annotated[bool, typer.Option("--plan", help="A month of a size, not the month so far.")] = False,
    documents: Annotated[int | None, typer.Option(min=0, help="Documents held; default: a table of sizes.")] = None,
    questions: Annotated[int, typer.Option(min=0, help="Questions a day.")] = 10,
    new_documents: Annotated[
        int | None, typer.Option(min=0, help="Documents that are new or changed each month; default: a tenth.")
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, max=100, help="Tasks of the API.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show what the stack costs on AWS: this month so far, with a forecast, or a month that is planned.

    --documents, --questions and --new-documents are for --plan.
    """
    from portfolio_rag.cli.cost import show_month, show_plan

    if plan:
        show_plan(documents=documents, questions=questions, new_documents=new_documents, tasks=tasks, as_json=as_json)
    else:
        show_month(tasks=tasks, as_json=as_json)
