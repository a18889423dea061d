"""The application that the modules of `commands/` add themselves to."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Drop documents into S3, ask questions about them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
