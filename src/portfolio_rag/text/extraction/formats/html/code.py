"""Code on a page: its lines and indentation, without the numbers of the lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.formats.html.nodes import BLOCKS, PREFORMATTED, Attributes, classes, events

_NUMBER_CLASS = re.compile(
    r"(?:^|[\s_-])(?:linenos?|linenodiv|lineno|lnt|ln|line-?numbers?|gutter|gl|blob-num|hljs-ln-n|hljs-ln-numbers|ln-num)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_CODE_CLASS = re.compile(r"(?:^|[\s_-])(?:code|hljs|highlight|rouge|crayon|syntaxhighlighter|blob)", re.IGNORECASE)
_FILE_CLASS = re.compile(r"(?:^|[\s_-])(?:filename|file-?name|code-?title)(?:$|[\s_-])", re.IGNORECASE)
_PRESERVED = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_SOURCE_BLANKS = re.compile(r"[ \t\r\n]+")
"""Outside preformatted text, where only those that do not break make an indentation."""
_NUMBERS = re.compile(r"[\s\d.:|+-]*")


def is_preformatted(node: LexborNode, tag: str, attributes: Attributes) -> bool:
    """Whether blanks and line breaks of this element count, or it has lines of its own."""
    if tag in PREFORMATTED:
        return True
    if tag == "code" and _has_lines(node):
        return True
    style = attributes.get("style") if tag in ("code", "div", "samp") else None
    return bool(style) and bool(_PRESERVED.search(style or ""))


def _has_lines(code: LexborNode) -> bool:
    return code.css_first("br") is not None


def code_text(root: LexborNode, revealed: frozenset[str]) -> str:
    """The lines of a preformatted element; a block or a break inside begins a new one, and numbers of lines are out."""
    is_wrapped = root.tag == "code" and _has_lines(root)
    parts: list[str] = []
    walk = events(root, revealed)
    skip: bool | None = None
    while True:
        try:
            event = walk.send(skip) if skip else next(walk)
        except StopIteration:
            break
        kind, node, attributes = event
        skip = False
        if kind == "text":
            text = node.text_content or ""
            parts.append(_SOURCE_BLANKS.sub(" ", text) if is_wrapped else text)
        elif node.tag == "button" and kind == "enter":
            skip = True
        elif node.tag == "br":
            parts += "\n" if kind == "enter" else ""
        elif kind == "enter" and "class" in attributes and _is_line_number(node, classes(attributes)):
            skip = True
        elif node.tag in BLOCKS and node.mem_id != root.mem_id and parts and not parts[-1].endswith("\n"):
            parts.append("\n")
    code = "".join(parts)
    return code.replace("\n ", "\n").strip() if is_wrapped else code


def _is_line_number(node: LexborNode, names: str) -> bool:
    return bool(_NUMBER_CLASS.search(names)) and bool(_NUMBERS.fullmatch(node.text()))


def numbered_code(rows: Sequence[Sequence[LexborNode]], revealed: frozenset[str]) -> str | None:
    """The code of a table that sets it beside the numbers of its lines, or None for any other table.

    One row with all lines, or a row for each.
    """
    name = f"{rows[0][0].text().strip()}\n" if len(rows) > 1 and _names_file(rows[0]) else ""
    rows = rows[1:] if name else rows
    if not rows or max(map(len, rows)) < 2:
        return None
    lines: list[str] = []
    for row in rows:
        *gutters, code = row
        if not gutters or not all(map(_is_gutter, gutters)) or not _is_code(code):
            return None
        text = code_text(code, revealed)
        lines.append(text.strip("\n") if len(rows) == 1 else text.rstrip("\n").removeprefix("\n"))
    # A table that has numbers and code in it by chance has something else in its gutter, or nothing anywhere.
    return name + "\n".join(lines) if any(_counts(cell) for row in rows for cell in row[:-1]) else None


def _names_file(row: Sequence[LexborNode]) -> bool:
    """Whether a row over the whole width says what file the code below is."""
    return len(row) == 1 and row[0].tag == "th" and bool(_FILE_CLASS.search(classes(row[0].attributes)))


def _is_gutter(cell: LexborNode) -> bool:
    return cell.tag == "td" and bool(_NUMBERS.fullmatch(cell.text()))


def _counts(cell: LexborNode) -> bool:
    attributes = cell.attributes
    return (
        "data-line-number" in attributes
        or cell.css_first("[data-line-number], pre") is not None
        or bool(_NUMBER_CLASS.search(classes(attributes)))
    )


def _is_code(cell: LexborNode) -> bool:
    return bool(_CODE_CLASS.search(classes(cell.attributes))) or cell.css_first("pre, code") is not None
