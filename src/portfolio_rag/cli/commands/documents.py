"""`rag upload`, `sync`, `show`, `delete`, `redrive`, `verify`: documents and what is stored of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, Document, app


@app.command()
def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    prefix: Annotated[str, typer.Option(help="Put them below this path in incoming/.")] = "",
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attributes", "-a", metavar="NAME=VALUE", help="Custom attribute to filter by; repeatable."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every document is COMPLETED or FAILED.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload documents into s3://…/incoming/, from where they are ingested."""
    from portfolio_rag.cli.upload import upload as run

    run(paths, prefix=prefix, attributes=attributes or [], wait=wait, as_json=as_json)


@app.command()
def sync(
    source: Annotated[str, typer.Argument(metavar="FOLDER|s3://BUCKET/PREFIX", help="Where the documents are.")],
    prefix: Annotated[str | None, typer.Option(help="Keep them below this path.")] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete documents below --prefix that are not in the source.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on with every change until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, a line for each pass.")] = False,
) -> None:
    """Upload what is new or has changed in a folder or a bucket, and nothing else.

    Bytes and attributes are compared with those of the documents, by hash.
    """
    from portfolio_rag.cli.sync import sync as run

    run(source, prefix=prefix, delete=delete, dry_run=dry_run, watch=watch, as_json=as_json)


@app.command()
def show(
    document: Document,
    chunks: Annotated[bool, typer.Option("--chunks", help="The text of every chunk, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a document: its state, its versions, and what of it could not be read."""
    from portfolio_rag.cli.documents import show as run

    run(document, chunks=chunks, as_json=as_json)


@app.command()
def delete(
    documents: Annotated[list[str], typer.Argument(metavar="DOCUMENT...", help="Ids, or paths in the bucket.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete documents: no answer uses them any more."""
    from portfolio_rag.cli.documents import delete as run

    run(documents, yes=yes, as_json=as_json)


@app.command()
def redrive(
    document_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids, or paths in the bucket.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every document whose newest version has failed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try failed documents again, from the bytes in failed/."""
    from portfolio_rag.cli.repair import redrive as run

    run(document_ids or [], everything=everything, as_json=as_json)


@app.command()
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare S3, DynamoDB, Chroma and the backup, document by document; exit code 1 where they differ."""
    from portfolio_rag.cli.repair import verify as run

    run(repair=repair, as_json=as_json)
