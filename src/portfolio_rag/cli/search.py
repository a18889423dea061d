"""`rag search`: the passages that a query finds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig

_SHOWN_CHARACTERS = 300


def search(
    query: str,
    *,
    top_k: int | None,
    as_of: str | None = None,
    where: str | None,
    as_json: bool = False,
    api: ApiClient | None = None,
) -> None:
    """Print the passages, best first. Raises InvalidRequest for a filter that is none."""
    body: dict[str, Any] = {"query": query}
    if top_k is not None:
        body["top_k"] = top_k
    if as_of is not None:
        body["as_of"] = as_of
    if where is not None:
        body["filter"] = _filter(where)
    with api or ApiClient(StackConfig.load()) as client, Console(stderr=True).status("Searching the documents"):
        response = client.post("/api/search", body)
    if as_json:
        print_json(response)
        return
    console = screen()
    if not response["passages"]:
        console.print("No document holds anything near to it.")
    for number, passage in enumerate(response["passages"], start=1):
        console.print(_rendered(number, passage), soft_wrap=not console.is_terminal, highlight=False)


def _filter(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequest(
            f'--filter is not JSON ({error}). An example: {{"equals": {{"key": "service", "value": "sqs"}}}}.'
        ) from None


def _rendered(number: int, passage: Mapping[str, Any]) -> str:
    """Two lines: where it stands and how near it is, and the beginning of what matched best."""
    places = [passage["s3_key"]]
    if passage["page_start"] is not None:
        places.append(f"page {passage['page_start']}")
    if passage["heading_path"]:
        places.append(" > ".join(passage["heading_path"]))
    start = passage["matches"][0]["start"] if passage["matches"] else 0
    text = " ".join(passage["text"][start:].split())
    cut = f"{text[:_SHOWN_CHARACTERS]} …" if len(text) > _SHOWN_CHARACTERS else text
    where = escape_line(", ".join(places))
    return f"[bold]{number}.[/bold] {where} [dim]({passage['score']:.2f})[/dim]\n   {escape(cut)}"
