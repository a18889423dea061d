"""Texts of cells whose parts are set differently: struck out, raised, lowered (ECMA-376 part 1, 18.4)."""

from __future__ import annotations

from typing import Any, BinaryIO

from openpyxl.cell.text import Text
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from portfolio_rag.text.extraction.scripts import subscript, superscript
from portfolio_rag.text.language.struck_out import struck, without_seams

_STRING, _RUN, _TEXT, _PROPERTIES, _STRIKE, _VERTICAL = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "r", "t", "rPr", "strike", "vertAlign")
)
_OFF = ("0", "false")
_SET = f"{_RUN}/{_PROPERTIES}"


def shared_strings(source: BinaryIO) -> list[str]:
    """The texts that the cells of a workbook share, by their number."""
    strings = []
    for _, node in iterparse(source):
        if node.tag == _STRING:
            strings.append(text_of(node))
            node.clear()
    return strings


def text_of(node: Any) -> str:
    """The text of a shared string (`si`) or of one in a cell (`is`)."""
    properties = node.findall(_SET)
    is_plain = all(found.find(_STRIKE) is None and found.find(_VERTICAL) is None for found in properties)
    if is_plain:
        # openpyxl takes this for the escape of an underscore in front of what looks like another escape.
        return str(Text.from_tree(node).content).replace("x005F_", "")
    parts: list[str] = []
    for run in node.findall(_RUN):
        parts.append(_run(run, "".join(parts[-3:])))
    return without_seams("".join(parts))


def _run(run: Any, before: str) -> str:
    text = run.findtext(_TEXT) or ""
    properties = run.find(_PROPERTIES)
    if properties is None:
        return text
    vertical = properties.find(_VERTICAL)
    if vertical is not None and vertical.get("val") == "superscript":
        text = superscript(text, before)
    elif vertical is not None and vertical.get("val") == "subscript":
        text = subscript(text)
    strike = properties.find(_STRIKE)
    return text if strike is None or strike.get("val") in _OFF else struck(text)
