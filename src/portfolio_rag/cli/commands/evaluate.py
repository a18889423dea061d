"""`rag eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portfolio_rag.cli.application import app


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Option(metavar="FILE", help="JSON list or JSON lines of questions.")],
    top_k: Annotated[int, typer.Option(min=1, max=20, help="How many passages to work with.")] = 5,
    min_hit: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Exit with 1 when fewer right documents are found.")
    ] = None,
) -> None:
    """Ask questions whose documents or answers you know, and count what is found and answered.

    Each entry has a "question" and, one or both, a "document" (key, end of a key or file name) and an "answer".
    Without either, the question should be refused.
    """
    from portfolio_rag.cli.evaluate import evaluate as run

    run(questions, top_k=top_k, min_hit=min_hit)
