"""Words of others reach the terminal as what they are: no escape sequence, no turned direction, no line of a key."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from portfolio_rag.cli.status_tables import documents_table
from portfolio_rag.cli.terminal import escape, escape_line, neutral, neutral_but_coloured
from portfolio_rag.domain.documents import DocumentStatus
from tests.support.api import document

CLI = Path(__file__).resolve().parents[3] / "src" / "portfolio_rag" / "cli"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünï\tcödé\n第二行 👍", "plain, ünï\tcödé\n第二行 👍"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\rb\x08\x7f", "a\\x0db\\x08\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("gpj.\u202excod", "gpj.\\u202excod"),
        ("\u2066a\u2069\u200f\u061c", "\\u2066a\\u2069\\u200f\\u061c"),
        ("a\u2028b\ud800", "a\\u2028b\\ud800"),
        ("na\u0308ive, کتاب\u200cها, 👩\u200d🔬", "na\u0308ive, کتاب\u200cها, 👩\u200d🔬"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert neutral(text) == shown


def test_markup_is_shown_too() -> None:
    assert escape("[red]a[/red] \x1b[31m") == "\\[red]a\\[/red] \\x1b[31m"


def test_a_key_is_one_line() -> None:
    assert escape_line("incoming/a\nCOMPLETED\tb\x85c") == "incoming/a\\x0aCOMPLETED\\x09b\\x85c"


def test_logs_keep_their_colours_and_nothing_else() -> None:
    assert (
        neutral_but_coloured("\x1b[32m INFO\x1b[0m \x1b[2J\x1b]52;c;x\x07")
        == "\x1b[32m INFO\x1b[0m \\x1b[2J\\x1b]52;c;x\\x07"
    )


@pytest.mark.parametrize(
    "key",
    [
        "incoming/../../etc/passwd",
        "incoming/\x1b[2J\x1b[1;1HCOMPLETED.md",
        "incoming/a\nb",
        "incoming/\u202edm.a",
        "incoming/%1b",
    ],
)
def test_odd_keys_do_nothing_to_the_screen_of_rag_status(key: str) -> None:
    output = io.StringIO()
    failed = document(s3_key=key, status=DocumentStatus.FAILED, error_message=f"No type for {key}")
    table = documents_table({DocumentStatus.FAILED: 1}, [failed])
    Console(file=output, width=300, force_terminal=True, color_system=None).print(table)
    printed = output.getvalue()
    assert not set(printed) & set("\x1b\x07\u202e\r")
    assert "FAILED" in printed
    assert key.isprintable() == (key in printed)


def test_every_word_that_is_printed_goes_this_way() -> None:
    """rich's `escape` lets escape sequences through: nothing in the command line may use it."""
    for path in CLI.rglob("*.py"):
        if path.name != "terminal.py":
            assert "from rich.markup import" not in path.read_text(), path.name
