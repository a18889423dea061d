"""JSON as text: nothing lost, nothing rounded, in the order of the file.

Objects are lists of pairs, so that a name that comes twice stays twice; numbers are the digits that stand there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import DocumentBuilder

MAX_PATH_CHARACTERS = 200
"""Of the names in front of a value; the middle of a longer path is left out."""

PROSE_CHARACTERS = 200
"""A longer text is a paragraph of its own."""

_TOO_DEEP = "The JSON is nested too deeply to be read. Flatten it, or split it into parts."
_TEXTS = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True, slots=True)
class Object:
    """The members of a JSON object, in order."""

    members: list[tuple[str, Any]]


_DECODER = json.JSONDecoder(object_pairs_hook=Object, parse_int=str, parse_float=str, parse_constant=str, strict=False)


def parse(text: str, *, first_line: int = 1) -> Any:
    """Objects, lists, and scalars as text. Raises DocumentRejected(MALFORMED) with the line, LIMIT_EXCEEDED for depth.

    `first_line` is the number of the text's first line in its file.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DocumentRejected(
            FailureReason.MALFORMED,
            f"The JSON is not valid: line {first_line + error.lineno - 1}, column {error.colno}: {error.msg}. "
            "Correct it and upload it again.",
        ) from error
    except RecursionError as error:
        raise DocumentRejected(FailureReason.LIMIT_EXCEEDED, _TOO_DEEP) from error


def is_scalar(value: Any) -> bool:
    return not isinstance(value, Object | list)


def text_of(value: Any) -> str:
    """The text of a scalar."""
    return value if isinstance(value, str) else _TEXTS[value]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of each scalar inside `value`: `address.city`, `tags[0]`. Lists of scalars are one text."""
    stack = [(path, value)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, Object):
            members = [(_joined(path, name), inner) for name, inner in value.members]
            stack += reversed(members)
        elif isinstance(value, list):
            if all(map(is_scalar, value)):
                yield path, ", ".join(map(text_of, value))
            else:
                stack += reversed([(f"{path}[{number}]", inner) for number, inner in enumerate(value)])
        else:
            yield path, text_of(value)


def lines_of(value: Any) -> list[str]:
    """`path: text` for each leaf that holds text."""
    return [f"{path}: {text}" if path else text for path, text in leaves(value) if text.strip()]


def _joined(path: str, name: str) -> str:
    joined = f"{path}.{name}" if path else name
    if len(joined) > MAX_PATH_CHARACTERS:
        half = MAX_PATH_CHARACTERS // 2
        return f"{joined[:half]}…{joined[-half:]}"
    return joined


def add_record(value: Any, builder: DocumentBuilder) -> None:
    """A block of `path: text` lines; long texts as paragraphs of their own."""
    lines: list[str] = []
    for line in lines_of(value):
        if len(line) > PROSE_CHARACTERS or "\n" in line:
            _add_lines(lines, builder)
            lines = []
            builder.paragraph(line)
        else:
            lines.append(line)
    _add_lines(lines, builder)


def _add_lines(lines: list[str], builder: DocumentBuilder) -> None:
    """Lines that stay lines, and together where there is room: those of a table are cut so."""
    if lines:
        builder.table([[line] for line in lines], header_rows=0)
