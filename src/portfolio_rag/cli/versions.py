"""The versions of a document: shown, compared, and taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.local.config import StackConfig
from portfolio_rag.settings.environment import Settings

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def show(document: str, *, as_json: bool) -> None:
    """A line for each version, newest first."""
    config = StackConfig.load()
    with ApiClient(config) as api:
        response = api.get(f"/api/documents/{document_id(document, config)}?chunk_limit=0")
    if as_json:
        _print_json({"history": response["history"], "versions": response["versions"]})
        return
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(_table(response))


def compare(document: str, from_version: int, to_version: int, *, as_json: bool) -> None:
    """The sections that differ, with what was taken out and what came."""
    config = StackConfig.load()
    path = f"/api/documents/{document_id(document, config)}/compare?from={from_version}&to={to_version}"
    with ApiClient(config) as api:
        response = api.get(path)
    if as_json:
        _print_json(response)
        return
    console = Console()
    console.print(rendered(response), soft_wrap=not console.is_terminal)


def roll_back(document: str, version: int, *, as_json: bool) -> None:
    """Ask for it, and say which version restores the old one."""
    config = StackConfig.load()
    with ApiClient(config) as api:
        response = api.post(f"/api/documents/{document_id(document, config)}/rollback", {"version": version})
    if as_json:
        _print_json(response)
        return
    print(
        f"Version {response['version']} restores version {version} and answers in a moment: "
        f"`rag versions {response['document_id']}`."
    )


def document_id(document: str, config: StackConfig) -> str:
    """The id of what was named by its id or by its path, with or without a stage."""
    try:
        return str(UUID(document))
    except ValueError:
        bucket = config.settings.get("S3_RAW_BUCKET") or Settings().s3_raw_bucket
        return document_id_for(bucket, logical_key_of(document))


def rendered(response: Mapping[str, Any]) -> str:
    """A comparison as rich markup."""
    lines = []
    for section in response["sections"]:
        path = " > ".join(section["heading_path"]) or "(before the first heading)"
        lines.append(f"[bold]{_SIGNS[section['change']]} {escape_line(path)}[/bold]")
        for change in section["changes"]:
            lines += [f"  [red]- {escape_line(text)}[/red]" for text in change["removed"]]
            lines += [f"  [green]+ {escape_line(text)}[/green]" for text in change["added"]]
    count = len(response["sections"])
    lines.append(f"[dim]{count} sections differ, {response['unchanged']} do not.[/dim]")
    if response["truncated"]:
        lines.append("[yellow]There is more than is shown.[/yellow]")
    return "\n".join(lines)


def _table(response: Mapping[str, Any]) -> Table:
    periods = {period["version"]: period for period in response["history"]}
    table = Table("Version", "Status", "Uploaded", "Answered since", "until", "Restores", "By", box=None)
    for version in response["versions"]:
        period = periods.get(version["version"], {"since": None, "until": None})
        live = version["version"] == response["live_version"]
        table.add_row(
            f"{version['version']}{' (answers)' if live else ''}",
            version["status"],
            _minute(version["upload_timestamp"]),
            _minute(period["since"]),
            _minute(period["until"]),
            str(version["restores"] or ""),
            escape(version["restored_by"] or ""),
        )
    return table


def _minute(time: str | None) -> str:
    return time[:16].replace("T", " ") if time else ""


def _print_json(content: object) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False))
