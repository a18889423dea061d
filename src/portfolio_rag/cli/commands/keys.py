"""`rag keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from portfolio_rag.cli.application import AsJson, OnAws, app
from portfolio_rag.domain.api_keys import Scope

keys_app = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is; the USER of access lists.")],
    scopes: Annotated[
        list[Scope] | None,
        typer.Option("--scope", case_sensitive=False, help="read (the default), write, admin; repeatable."),
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option(help="Days until it ends; without, it does not.")] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Works only with the documents in this first folder of the bucket.")
    ] = None,
    groups: Annotated[list[str] | None, typer.Option("--group", help="A GROUP of access lists; repeatable.")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(help="Beyond it, 429.")] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(help="Tokens of the language model in a day (UTC); beyond it, 429.")
    ] = None,
    on_aws: OnAws = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once."""
    from portfolio_rag.cli.keys import create

    create(
        name,
        scopes or [Scope.READ],
        expires_in_days=expires_in_days,
        tenant=tenant,
        groups=groups or [],
        requests_per_minute=requests_per_minute,
        tokens_per_day=tokens_per_day,
        on_aws=on_aws,
        as_json=as_json,
    )


@keys_app.command("list")
def list_keys(on_aws: OnAws = False, as_json: AsJson = False) -> None:
    """Show every key that was made: what it may do, and whether it still may."""
    from portfolio_rag.cli.keys import show_all

    show_all(on_aws=on_aws, as_json=as_json)


@keys_app.command("revoke")
def revoke_key(
    id_or_name: Annotated[str, typer.Argument(metavar="ID|NAME", help="Id or name of a key.")],
    on_aws: OnAws = False,
    as_json: AsJson = False,
) -> None:
    """End a key for good."""
    from portfolio_rag.cli.keys import revoke

    revoke(id_or_name, on_aws=on_aws, as_json=as_json)
