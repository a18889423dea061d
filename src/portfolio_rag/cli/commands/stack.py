"""`rag up`, `down`, `clean`, `status`, `logs`: the local stack."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, app


@app.command()
def up(
    samples: Annotated[bool, typer.Option(help="Ingest the sample corpus too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start the local stack, create the AWS resources and ingest the samples."""
    from portfolio_rag.cli.stack import up as run

    run(samples=samples, as_json=as_json)


@app.command()
def down(as_json: AsJson = False) -> None:
    """Stop the local stack; its state is kept."""
    from portfolio_rag.cli.stack import down as run

    run(as_json=as_json)


@app.command()
def clean(as_json: AsJson = False) -> None:
    """Stop the local stack and delete its state: documents, vectors, logs. The baked model stays."""
    from portfolio_rag.cli.stack import clean as run

    run(as_json=as_json)


@app.command()
def status(
    live: Annotated[bool, typer.Option("--live", help="Keep the display up to date until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show processes, documents, jobs and queues."""
    from portfolio_rag.cli.status import show

    show(live=live, as_json=as_json)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="emulator, chroma, lambda, api, supervisord or bake.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines of each.")] = 20,
) -> None:
    """Show the logs of the local stack, all of them or one."""
    from portfolio_rag.cli.logs import show

    show(name, follow=follow, lines=lines)
