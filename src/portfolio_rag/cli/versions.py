"""The versions of a document: shown, compared, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from portfolio_rag.cli.documents import document_id_of
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.local.config import StackConfig

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def show(document: str, *, as_json: bool) -> None:
    """A line for each version, newest first."""
    config = StackConfig.load()
    with ApiClient(config) as api:
        response = api.get(f"/api/documents/{document_id_of(document, config)}?chunk_limit=0")
    if as_json:
        print_json({"history": response["history"], "versions": response["versions"]})
        return
    screen().print(_table(response))


def compare(document: str, from_version: int, to_version: int, *, as_json: bool) -> None:
    """The sections that differ, with what was taken out and what came."""
    config = StackConfig.load()
    path = f"/api/documents/{document_id_of(document, config)}/compare?from={from_version}&to={to_version}"
    with ApiClient(config) as api:
        response = api.get(path)
    if as_json:
        print_json(response)
        return
    console = screen()
    console.print(rendered(response), soft_wrap=not console.is_terminal)


def roll_back(document: str, version: int, *, as_json: bool) -> None:
    """Ask for it, and say which version restores the old one."""
    config = StackConfig.load()
    with ApiClient(config) as api:
        response = api.post(f"/api/documents/{document_id_of(document, config)}/rollback", {"version": version})
    if as_json:
        print_json(response)
        return
    print(
        f"Version {response['version']} restores version {version} and answers in a moment: "
        f"`rag versions {response['document_id']}`."
    )


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
    differ = "1 section differs" if count == 1 else f"{count} sections differ"
    lines.append(f"[dim]{differ}, the same: {response['unchanged']}.[/dim]")
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
