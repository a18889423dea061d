"""`rag show` and `rag delete`: one document, by its id or by its path in the bucket."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import typer
from rich.table import Column, Table

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line, neutral
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.local.config import StackConfig
from portfolio_rag.settings.environment import Settings

_PAGE = 100
_COLOURS = {"COMPLETED": "green", "FAILED": "red"}


def document_id_of(name: str, config: StackConfig) -> str:
    """The id that `name` is, or that of the document at the path `name`: with or without s3://, bucket and stage."""
    try:
        return str(UUID(name))
    except ValueError:
        bucket = Settings.from_env(config.child_environment()).s3_raw_bucket
        return document_id_for(bucket, logical_key_of(name.removeprefix(f"s3://{bucket}/")))


def show(name: str, *, chunks: bool, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Print a document. Raises InvalidRequest where there is none."""
    config = StackConfig.load()
    with api or ApiClient(config) as client:
        document = _document(client, name, config)
        if chunks:
            document["chunks"] = list(_chunks(client, document["document_id"], document["chunk_count"]))
    if as_json:
        print_json(document)
        return
    console = screen()
    for renderable in (*_head(document), _versions(document["versions"])):
        console.print(renderable, highlight=False)
    for chunk in document["chunks"]:
        console.print(_chunk(chunk), highlight=False, soft_wrap=not console.is_terminal)


def _document(api: ApiClient, name: str, config: StackConfig) -> dict[str, Any]:
    """Without its chunks. What goes wrong names the document as it was named here."""
    document_id = document_id_of(name, config)
    try:
        found: dict[str, Any] = api.get(f"/api/documents/{document_id}?chunk_limit=0")
    except InvalidRequest as error:
        raise error if name == document_id else InvalidRequest(f"{name}: {error}") from None
    return found


def _chunks(api: ApiClient, document_id: str, count: int) -> Iterator[Mapping[str, Any]]:
    for offset in range(0, count, _PAGE):
        yield from api.get(f"/api/documents/{document_id}?chunk_offset={offset}&chunk_limit={_PAGE}")["chunks"]


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"[bold]{escape_line(document['logical_key'])}[/bold]"
    yield f"Id        {document['document_id']}"
    yield f"Status    {_coloured(document['status'])}{' (deleted)' if document['deleted_at'] else ''}"
    if document["error_message"]:
        yield f"Reason    {escape(document['error_code'] or '')}: {escape(document['error_message'])}"
    live, count = document["live_version"], document["chunk_count"]
    yield f"Answers   {'none of its versions' if live is None else f'version {live}, {count} chunks'}"
    newest = document["versions"][0] if document["versions"] else {}
    for attribute, value in (newest.get("metadata") or {}).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"          {escape_line(attribute)} = {escape_line(shown)}"
    for warning in document["warnings"]:
        yield f"Warning   [yellow]{escape(warning['message'])}[/yellow]"


def _versions(versions: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("Version", "Status", "Uploaded (UTC)", "Chunks", "Bytes", Column("Key", overflow="fold"))
    table = Table(*columns, box=None)
    for version in versions:
        table.add_row(
            str(version["version"]),
            _coloured(version["status"]),
            version["upload_timestamp"][:19].replace("T", " "),
            "" if version["chunk_count"] is None else str(version["chunk_count"]),
            f"{version['file_size']:,}",
            escape_line(version["s3_key"]),
        )
    return table


def _chunk(chunk: Mapping[str, Any]) -> str:
    places = [f"Chunk {chunk['chunk_index']}"]
    if chunk["page_start"] is not None:
        places.append(f"page {chunk['page_start']}")
    if chunk["heading_path"]:
        places.append(" > ".join(chunk["heading_path"]))
    return f"\n[bold]{escape_line(', '.join(places))}[/bold]\n{escape(chunk['content'])}"


def _coloured(status: str | None) -> str:
    colour = _COLOURS.get(status or "", "yellow")
    return f"[{colour}]{status or 'unknown'}[/{colour}]"


def delete(names: Sequence[str], *, yes: bool, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Delete documents, once it was agreed to. Raises InvalidRequest where there is none of that name."""
    config = StackConfig.load()
    with api or ApiClient(config) as client:
        # All of them are looked up before the first is deleted: a typing error deletes nothing.
        found = [_document(client, name, config) for name in names]
        if not yes:
            _agree([document["logical_key"] for document in found])
        for document in found:
            client.delete(f"/api/documents/{document['document_id']}")
            if not as_json:
                screen().print(f"deleted {escape_line(document['logical_key'])}", highlight=False, soft_wrap=True)
    if as_json:
        keys = ("document_id", "logical_key")
        print_json({"items": [{key: document[key] for key in keys} for document in found]})


def _agree(keys: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise InvalidRequest("There is nobody to ask: say --yes to delete.")
    for key in keys:
        typer.echo(neutral(key), err=True)
    typer.confirm(f"Delete {'it' if len(keys) == 1 else f'these {len(keys)} documents'}?", abort=True, err=True)
