"""`rag cost`."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import app


@app.command()
def cost(
    plan: Annotated[bool, typer.Option("--plan", help="Plan a month on AWS from a size, with dated prices.")] = False,
    documents: Annotated[int | None, typer.Option(min=0, help="Documents held; default: a table of sizes.")] = None,
    questions: Annotated[int, typer.Option(min=0, help="Questions a day.")] = 10,
    new_documents: Annotated[
        int | None, typer.Option(min=0, help="Documents that are new or changed each month; default: a tenth.")
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks of the API.")] = 1,
) -> None:
    """Show what the stack costs on AWS."""
    from portfolio_rag.cli.cost import show_plan

    if not plan:
        raise typer.BadParameter("Say --plan: what a month of a given size would cost.")
    show_plan(documents=documents, questions=questions, new_documents=new_documents, tasks=tasks)
