"""`rag`: the command line. Each module of `commands/` adds its commands to the application when it is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from itertools import takewhile

import typer

from portfolio_rag.cli.application import app
from portfolio_rag.cli.terminal import neutral
from portfolio_rag.domain.errors import PortfolioRagError

__all__ = ["app", "main"]

_COMMANDS = ("stack", "documents", "versions", "questions", "jobs", "keys", "cost", "evaluate", "feedback")
"""In the order of `rag --help`."""

_INTERRUPTED = 130
"""What a shell makes of a program that Ctrl-C has ended."""

for _name in _COMMANDS:
    importlib.import_module(f"portfolio_rag.cli.commands.{_name}")


def main() -> None:
    """Run the command line and exit: 0 when it is done, 1 when it went wrong, 2 when it cannot be understood."""
    arguments = sys.argv[1:]
    try:
        sys.exit(app(arguments, prog_name="rag", standalone_mode=False) or 0)
    except PortfolioRagError as error:
        _tell(arguments, type(error).__name__, str(error))
        sys.exit(1)
    except typer.TyperException as error:
        _tell_usage(arguments, error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # `rag … | head` has read enough. What is left in the buffer cannot be written, and nobody misses it.
        sys.stdout = None
        sys.exit(1)


def _tell_usage(arguments: Sequence[str], error: typer.TyperException) -> None:
    """What cannot be understood, and where the help is; the help itself where no command was named."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
        return
    hint = f" `{context.command_path} --help` shows what can be said." if context is not None else ""
    end = "" if message.endswith((".", "?")) else "."
    _tell(arguments, "UsageError", f"{message}{end}{hint}")


def _tell(arguments: Sequence[str], kind: str, message: str) -> None:
    if "--json" in takewhile(lambda argument: argument != "--", arguments):
        from portfolio_rag.cli.output import print_error_json

        print_error_json(kind, message)
    else:
        typer.secho(f"Error: {neutral(message)}", fg=typer.colors.RED, err=True)
