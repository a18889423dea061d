"""`rag status`: processes, documents, jobs and queues, on one screen or as one object."""

from __future__ import annotations

import contextlib
import time

import typer
from rich.console import Group
from rich.live import Live

from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.overview import as_object, overview
from portfolio_rag.cli.status_tables import tables
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.settings.environment import Settings

_REFRESH_SECONDS = 1.0


def show(*, live: bool, as_json: bool = False) -> None:
    """Print it once, or keep it up to date. Exit code 1 when the stack is not up and well."""
    if live and as_json:
        raise InvalidRequest("--live is a screen, and --json prints once: choose one.")
    config = StackConfig.load()
    settings = Settings.from_env(config.child_environment())
    clients = aws_clients(config)
    seen = overview(config, clients, settings)
    if as_json:
        print_json(as_object(seen))
    elif not live:
        screen().print(Group(*tables(seen)))
    else:
        first = Group(*tables(seen))
        with contextlib.suppress(KeyboardInterrupt), Live(first, console=screen(), auto_refresh=False) as display:
            while True:
                time.sleep(_REFRESH_SECONDS)
                display.update(Group(*tables(overview(config, clients, settings))), refresh=True)
    if not live and not seen.well:
        raise typer.Exit(1)
