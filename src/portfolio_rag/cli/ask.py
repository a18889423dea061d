"""`rag ask`: a question, its answer, and where the answer stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.local.config import StackConfig


def ask(question: str, *, top_k: int | None, as_json: bool) -> None:
    console = Console()
    with ApiClient(StackConfig.load()) as api, Console(stderr=True).status("Searching the documents"):
        response = api.post("/api/chat", {"question": question} | ({} if top_k is None else {"top_k": top_k}))
    if as_json:
        print(json.dumps(response, indent=2, ensure_ascii=False))
    else:
        console.print(rendered(response), soft_wrap=not console.is_terminal)


def rendered(response: Mapping[str, Any]) -> str:
    """The answer and its numbered citations, as rich markup."""
    lines = [escape(response["answer"]), ""]
    for citation in response["citations"]:
        lines.append(f"[bold]{escape('[' + str(citation['number']) + ']')}[/bold] {escape(place(citation))}")
        quote = " ".join(citation["quote"].split())
        lines.append(f"    [dim]“{escape(quote)}”[/dim]")
    if not response["answered"] and response["passages"]:
        lines.append("The nearest passages:")
        lines += [
            f"  {escape(passage['s3_key'])} [dim]({passage['score']:.2f})[/dim]" for passage in response["passages"]
        ]
    how = "sentences of the documents" if response["mode"] == "extractive" else f"written by {response['model']}"
    lines.append(f"[dim]{escape(how)}, {response['validation']['score']:.0%} of the draft supported[/dim]")
    return "\n".join(lines)


def place(citation: Mapping[str, Any]) -> str:
    """Document, version, and the page or headings where the quote stands."""
    parts = [f"{citation['s3_key']} (version {citation['version']})"]
    if citation["page"] is not None:
        parts.append(f"page {citation['page']}")
    if citation["heading_path"]:
        parts.append(" > ".join(citation["heading_path"]))
    return ", ".join(parts)
