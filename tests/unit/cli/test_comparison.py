"""`rag compare`, as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio_rag.cli.versions import rendered

SECTION = {
    "heading_path": ["Travel", "Hotels"],
    "change": "changed",
    "changes": [{"removed": ["It costs 120."], "added": ["It costs 150."]}],
}


@pytest.mark.parametrize(("sections", "counted"), [(1, "1 section differs"), (2, "2 sections differ")])
def test_what_differs_stands_under_its_headings_and_is_counted(sections: int, counted: str) -> None:
    response: dict[str, Any] = {"sections": [SECTION] * sections, "unchanged": 3, "truncated": False}
    lines = rendered(response).splitlines()
    assert lines[:3] == [
        "[bold]~ Travel > Hotels[/bold]",
        "  [red]- It costs 120.[/red]",
        "  [green]+ It costs 150.[/green]",
    ]
    assert lines[-1] == f"[dim]{counted}, the same: 3.[/dim]"
