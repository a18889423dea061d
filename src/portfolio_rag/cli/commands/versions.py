"""`rag versions`, `rag compare`, `rag rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, Document, app


@app.command()
def versions(document: Document, as_json: AsJson = False) -> None:
    """Show the versions of a document: what became of each, and which one answered when."""
    from portfolio_rag.cli.versions import show

    show(document, as_json=as_json)


@app.command()
def compare(
    document: Document,
    from_version: Annotated[int, typer.Argument(metavar="FROM", min=1, help="The version that is compared with.")],
    to_version: Annotated[int, typer.Argument(metavar="TO", min=1, help="The version that is looked at.")],
    as_json: AsJson = False,
) -> None:
    """Show what differs in two versions of a document, section by section."""
    from portfolio_rag.cli.versions import compare as run

    run(document, from_version, to_version, as_json=as_json)


@app.command()
def rollback(
    document: Document,
    version: Annotated[int, typer.Argument(min=1, help="The version that is to answer again.")],
    as_json: AsJson = False,
) -> None:
    """Let an old version of a document answer again, as a new version with its text; nothing is embedded."""
    from portfolio_rag.cli.versions import roll_back

    roll_back(document, version, as_json=as_json)
