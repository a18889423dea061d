"""`rag feedback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app
from portfolio_rag.domain.feedback import AnswerKind

feedback_app = typer.Typer(help="List what people say of answers, and make questions of it.", no_args_is_help=True)
app.add_typer(feedback_app, name="feedback")


@feedback_app.command("list")
def list_feedback(
    kind: Annotated[AnswerKind | None, typer.Option(case_sensitive=False, help="Only answers of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest questions that were refused, and the newest ratings."""
    from portfolio_rag.cli.feedback import show_all

    show_all(kind=kind, limit=limit, as_json=as_json)


@feedback_app.command("export")
def export_feedback(
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; standard output without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write refused questions and rated answers as questions for `rag eval`, one a line of JSON."""
    from portfolio_rag.cli.feedback import export

    export(output, as_json=as_json)
