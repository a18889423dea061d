"""What an icon says that is all there is in a cell of a table: what it is called, or whether it says yes or no."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.formats.html.nodes import classes

MAX_CHARACTERS = 100

_ICONS = "svg, i, span, use, [aria-label], [title]"
_YES = re.compile(
    r"(?:^|[\s_-])(?:check(?:ed|-?mark|-?circle|-?square)?|tick|ok|yes|included)(?:$|[\s_-])", re.IGNORECASE
)
_NO = re.compile(
    r"(?:^|[\s_-])(?:times|xmark|x-?mark|cross|close|no|not-?included|ban|minus)(?:$|[\s_-])", re.IGNORECASE
)


def icon_text(cell: LexborNode) -> str:
    """An empty text where nothing tells."""
    icons = cell.css(_ICONS)
    for icon in icons:
        title = icon.css_first("title") if icon.tag == "svg" else None
        names = (
            icon.attributes.get("aria-label"),
            None if title is None else title.text(),
            icon.attributes.get("title"),
        )
        name = next((name.strip() for name in names if name and name.strip()), "")
        if name:
            return name[:MAX_CHARACTERS]
    for icon in icons:
        look = f"{classes(icon.attributes)} {icon.attributes.get('href') or icon.attributes.get('xlink:href') or ''}"
        if _NO.search(look):
            return "✗"
        if _YES.search(look):
            return "✓"
    return ""
