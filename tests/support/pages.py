"""Reading the project's own documents: sections, tables, code and links of Markdown."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "findings" / "README.md",
        ROOT / "samples" / "README.md",
        *DOCS.rglob("*.md"),
    ]
)
"""What people read, apart from the sample corpus."""

_RULER = re.compile(r"^\|[\s:|-]+\|$")


def text_of(name: str) -> str:
    """A page by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """The part of a page under a heading, up to the next one of the same or a higher level."""
    level = heading.index(" ")
    rest = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n#{{1,{level}}} ", rest, maxsplit=1)[0]


def marked(text: str, name: str) -> str:
    """What stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`."""
    return text.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headers and rulers left out."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_header = number + 1 < len(lines) and _RULER.match(lines[number + 1]) is not None
        if line.startswith("|") and not is_header and not _RULER.match(line):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def code(cell: str) -> list[str]:
    """The pieces in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def prose(text: str) -> str:
    """A page without its code blocks: what looks like a link in code is none."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```.*?\n(.*?)^```$", text, flags=re.M | re.S)


def anchors(text: str) -> set[str]:
    """Of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(text), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower().replace("`", "")).replace(" ", "-") for title in headings}
