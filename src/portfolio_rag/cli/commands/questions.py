"""`rag ask` and `rag search`: questions to the documents."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    top_k: Annotated[
        int | None,
        typer.Option(
            min=1, max=20, help="How many passages to work with; by default what the model configuration says."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="From what they said then: 2026-11-01T09:30:00Z.")
    ] = None,
    fail_on_refusal: Annotated[
        bool, typer.Option("--fail-on-refusal", help="Exit with 3 when the documents hold no answer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the documents; the answer comes with its sources."""
    from portfolio_rag.cli.ask import ask as run

    run(question, top_k=top_k, as_of=as_of, fail_on_refusal=fail_on_refusal, as_json=as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words or a question.")],
    top_k: Annotated[
        int | None, typer.Option(min=1, max=20, help="How many passages; by default what the model configuration says.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="From what they said then: 2026-11-01T09:30:00Z.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="JSON", help='Only documents that pass: {"equals": {"key": "service", "value": "sqs"}}.'
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find passages, without an answer."""
    from portfolio_rag.cli.search import search as run

    run(query, top_k=top_k, as_of=as_of, where=where, as_json=as_json)
