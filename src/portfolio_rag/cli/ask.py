"""`rag ask`: a question, its answer, and where the answer stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import typer
from rich.console import Console

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.local.config import StackConfig

_REFUSED = 3
"""Exit code of a question that the documents do not answer: neither an error (1) nor a wrong command (2)."""

_CUT = {
    "length": "The language model came to its limit: the answer is not whole.",
    "content_filter": "The provider of the language model withheld a part of the answer.",
    "incomplete": "The language model broke off: the answer is not whole.",
}


def ask(
    question: str, *, top_k: int | None, as_of: str | None = None, as_json: bool, fail_on_refusal: bool = False
) -> None:
    """Print the answer. Exit code 3 for a refusal where that is asked for."""
    with ApiClient(StackConfig.load()) as api, Console(stderr=True).status("Searching the documents"):
        options = {"top_k": top_k, "as_of": as_of}
        response = api.post(
            "/api/chat", {"question": question} | {name: value for name, value in options.items() if value is not None}
        )
    if as_json:
        print_json(response)
    else:
        console = screen()
        console.print(rendered(response), soft_wrap=not console.is_terminal)
    if fail_on_refusal and not response["answered"]:
        raise typer.Exit(_REFUSED)


def rendered(response: Mapping[str, Any]) -> str:
    """The answer and one line for each of its numbered sources, as rich markup."""
    lines = [escape(response["answer"]), ""]
    lines += [_source(list(quoted)) for _, quoted in groupby(response["citations"], key=itemgetter("number"))]
    if notice := _CUT.get(response["finish_reason"]):
        lines.append(f"[yellow]{escape(notice)}[/yellow]")
    if not response["answered"] and response["passages"]:
        lines.append("The nearest passages:")
        lines += [
            f"  {escape_line(passage['s3_key'])} [dim]({passage['score']:.2f})[/dim]"
            for passage in response["passages"]
        ]
    how = "sentences of the documents" if response["mode"] == "extractive" else f"written by {response['model']}"
    lines.append(f"[dim]{escape(how)}, {response['validation']['score']:.0%} of the draft supported[/dim]")
    return "\n".join(lines)


def _source(citations: Sequence[Mapping[str, Any]]) -> str:
    """One line: the source's number, where it stands, and its quotes, each with its own place where that differs."""
    first, *_ = citations
    here = place(first)
    line = f"[bold]{escape('[' + str(first['number']) + ']')}[/bold] {escape_line(document(first) + here)}"
    for citation in citations:
        quote, there = " ".join(citation["quote"].split()), place(citation)
        line += f" [dim]“{escape(quote)}”{escape(there if there != here else '')}[/dim]"
    return line


def document(citation: Mapping[str, Any]) -> str:
    """Its key and version."""
    since = f" of {citation['live_since'][:10]}" if citation.get("live_since") else ""
    return f"{citation['s3_key']} (version {citation['version']}{since})"


def place(citation: Mapping[str, Any]) -> str:
    """The page and the headings where the quote stands, after a comma each."""
    parts = [""]
    if citation["page"] is not None:
        parts.append(f"page {citation['page']}")
    if citation["heading_path"]:
        parts.append(" > ".join(citation["heading_path"]))
    return ", ".join(parts)
