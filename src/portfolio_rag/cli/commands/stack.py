"""`rag up`, `down`, `clean`, `status`, `logs`, `doctor`: the local stack."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, OnAws, app


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
    document: Annotated[
        str | None, typer.Option(metavar="DOCUMENT", help="One document's way through all functions: its id or path.")
    ] = None,
    on_aws: OnAws = False,
    days: Annotated[int, typer.Option(min=1, help="With --document and --aws: how far back to look.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show the logs of the local stack, all of them or one; or what all functions did with one document."""
    if document is not None:
        if name is not None or follow:
            raise typer.BadParameter("--document reads all logs, once: leave NAME and --follow away.")
        from portfolio_rag.cli.timeline import show as show_timeline

        show_timeline(document, on_aws=on_aws, days=days, as_json=as_json)
        return
    if on_aws:
        raise typer.BadParameter("--aws goes with --document; `aws logs tail GROUP --follow` shows a function's log.")
    from portfolio_rag.cli.logs import show

    show(name, follow=follow, lines=lines, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this machine and the local stack, and say how to mend what is broken; exit code 1 when something is."""
    from portfolio_rag.cli.doctor import doctor as run

    run(as_json=as_json)
