"""`rag`: the command line. Each module of `commands/` adds its commands to the application when it is imported."""

from __future__ import annotations

import importlib
import sys

import typer

from portfolio_rag.cli.application import app
from portfolio_rag.cli.terminal import neutral
from portfolio_rag.domain.errors import PortfolioRagError

_COMMANDS = ("stack", "documents", "questions", "jobs", "keys", "cost", "evaluate")
"""In the order of `rag --help`."""

for _name in _COMMANDS:
    importlib.import_module(f"portfolio_rag.cli.commands.{_name}")


def main() -> None:
    """Run the command line; what goes wrong on purpose is one message and exit code 1."""
    try:
        app()
    except PortfolioRagError as error:
        typer.secho(f"Error: {neutral(str(error))}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
