"""Jupyter notebooks (nbformat 1 to 4): cells in order, Markdown as such, code as code, outputs as far as they are text.

Pictures, widgets and metadata are left out, and what a program has printed at great length is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import json_text
from portfolio_rag.text.extraction.formats.html import add_fragment as add_html
from portfolio_rag.text.extraction.formats.markdown import add_fragment as add_markdown
from portfolio_rag.text.extraction.formats.markdown.front_matter import FrontMatter, split_front_matter
from portfolio_rag.text.extraction.json_values import Object, parse
from portfolio_rag.text.extraction.sanitise import clean, decode

MAX_OUTPUT_CHARACTERS = 20_000
"""Of one output; the rest of a longer one is left out."""

_CUT = (
    f"Outputs of more than {MAX_OUTPUT_CHARACTERS:,} characters are cut. Upload what a cell has printed as a file of "
    "its own if it is to be found."
)
_TABLE = re.compile(r"<table\b", re.IGNORECASE)
_REPRESENTATION = re.compile(r"<[^<>\n]*>\s*|\w+\([^\n]*\)\s*")
"""What stands in place of a picture or a widget: `<Figure size 640x480 with 1 Axes>`."""
_LEVELS = ("1", "2", "3", "4", "5", "6")
_DRAWN = ("image/", "video/", "audio/", "application/")
_OLD_NAMES = {
    "text": "text/plain",
    "html": "text/html",
    "latex": "text/latex",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "javascript": "application/javascript",
}
"""What the kinds of output were called before nbformat 4."""


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    """What is valid JSON and no notebook is read as any JSON is."""
    notebook = parse(decode(data))
    cells = _cells(notebook)
    if cells is None:
        return replace(json_text.extract(data, limits), file_type="ipynb")
    builder = DocumentBuilder(limits.max_characters)
    matter, cells = _front_matter(cells)
    builder.paragraph(matter.text)
    for cell in cells:
        _add_cell(cell, builder)
    title = matter.title or _text(_member(_member(notebook, "metadata"), "title"))
    return builder.build("ipynb", title, attributes=matter.attributes)


def _member(value: Any, name: str) -> Any:
    """The member of an object by its name; None for none, and for what is no object."""
    members = value.members if isinstance(value, Object) else []
    return next((inner for key, inner in members if key == name), None)


def _text(value: Any) -> str:
    """A text, or the lines of one; empty for anything else."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _cells(notebook: Any) -> list[Any] | None:
    """All cells, those of the worksheets that notebooks once had, too; None where there is no list of cells."""
    sheets = _member(notebook, "worksheets")
    lists = [_member(sheet, "cells") for sheet in (sheets if isinstance(sheets, list) else [notebook])]
    found = [cells for cells in lists if isinstance(cells, list)]
    return [cell for cells in found for cell in cells] if found else None


def _front_matter(cells: list[Any]) -> tuple[FrontMatter, list[Any]]:
    """The values at the top, where the first cell holds nothing else, as Quarto has them; and the other cells."""
    if cells and _member(cells[0], "cell_type") in ("raw", "markdown"):
        matter, rest = split_front_matter(clean(_text(_member(cells[0], "source"))))
        if matter != FrontMatter() and not rest.strip():
            return matter, cells[1:]
    return FrontMatter(), cells


def _add_cell(cell: Any, builder: DocumentBuilder) -> None:
    source = _text(_member(cell, "source"))
    match _member(cell, "cell_type"):
        case "markdown":
            add_markdown(source, builder)
        case "heading":
            level = _member(cell, "level")
            builder.heading(source, int(level) if level in _LEVELS else 1)
        case "code":
            builder.code(source or _text(_member(cell, "input")))
            outputs = _member(cell, "outputs")
            _add_outputs(outputs if isinstance(outputs, list) else [], builder)
        case _:
            builder.paragraph(source)


def _add_outputs(outputs: Sequence[Any], builder: DocumentBuilder) -> None:
    printed = ""
    for output in outputs:
        if _member(output, "output_type") == "stream":
            printed += _text(_member(output, "text"))  # one text, though it was written in pieces
            continue
        _add_printed(printed, builder)
        printed = ""
        if _member(output, "output_type") in ("error", "pyerr"):
            name, message = (_text(_member(output, key)) for key in ("ename", "evalue"))
            _add_printed(": ".join(filter(None, (name, message))), builder)
        else:
            _add_shown(output, builder)
    _add_printed(printed, builder)


def _add_shown(output: Any, builder: DocumentBuilder) -> None:
    """The value of a cell in the one of its forms that says most: tables keep their columns in HTML alone."""
    data = _member(output, "data")
    forms = dict(data.members) if isinstance(data, Object) else _old_forms(output)
    markdown, html, plain = (_text(forms.get(f"text/{kind}")) for kind in ("markdown", "html", "plain"))
    if markdown:
        add_markdown(_within_bounds(markdown, builder), builder)
    elif _TABLE.search(html):
        add_html(_within_bounds(html, builder), builder)
    elif not (_REPRESENTATION.fullmatch(plain) and any(form.startswith(_DRAWN) for form in forms)):
        _add_printed(plain, builder)


def _old_forms(output: Any) -> dict[str, Any]:
    members = output.members if isinstance(output, Object) else []
    return {_OLD_NAMES[name]: inner for name, inner in members if name in _OLD_NAMES}


def _add_printed(text: str, builder: DocumentBuilder) -> None:
    # Of a line that was written over again and again, as bars of progress are, the last state is seen.
    lines = _within_bounds(text, builder).split("\n")
    builder.code("\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def _within_bounds(text: str, builder: DocumentBuilder) -> str:
    if len(text) > MAX_OUTPUT_CHARACTERS:
        builder.warn(WarningCode.PARTS_LEFT_OUT, _CUT)
    return text[:MAX_OUTPUT_CHARACTERS]
