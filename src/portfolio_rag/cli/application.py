"""The application that the modules of `commands/` add themselves to, and the options that several commands share."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    help="Drop documents into S3, ask questions about them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")]

OnAws = Annotated[
    bool,
    typer.Option("--aws", help="Of the deployment that your AWS credentials lead to, instead of the local stack."),
]

Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id of a document, or its path in the bucket.")]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"rag {version('portfolio-rag')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of `rag` itself."""
