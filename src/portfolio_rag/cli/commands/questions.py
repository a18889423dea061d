"""`rag ask`: questions to the documents."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import app


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    top_k: Annotated[
        int | None,
        typer.Option(
            min=1, max=20, help="How many passages to work with; by default what the model configuration says."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's response as it is.")] = False,
) -> None:
    """Ask the documents; the answer comes with its sources."""
    from portfolio_rag.cli.ask import ask as run

    run(question, top_k=top_k, as_json=as_json)
