"""`rag eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Option(metavar="FILE", help="JSON list or JSON lines of questions.")],
    top_k: Annotated[int, typer.Option(min=1, max=20, help="How many passages to work with.")] = 5,
    min_hit: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Exit with 1 when fewer right documents are found.")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="RUN", help="Write this run to a file.")] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Exit with 1 when a figure has fallen since a saved run.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="By how much a figure may fall: 0.02 is two of a hundred questions.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Ask questions whose documents or answers you know, and count what is found and answered.

    Each entry has a "question" and, one or both, a "document" (key, end of a key or file name) and an "answer".
    Without either, the question should be refused, unless "expect" says "answer" or "review".
    """
    from portfolio_rag.cli.evaluate import evaluate as run

    run(
        questions,
        top_k=top_k,
        min_hit=min_hit,
        save_to=save,
        compare_with=compare,
        tolerance=tolerance,
        as_json=as_json,
    )
