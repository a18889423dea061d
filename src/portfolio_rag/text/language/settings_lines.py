"""Settings as they stand in files: `port: 8643`, `signed = false  # next year`, under `[targets]` or `listen:`.

Each line says something of its own, and what stands above it with less in front says what of.
"""

from __future__ import annotations

import re

_ENTRY = re.compile(
    r"\s*(?:-\s+)?(?P<quote>[\"']?)(?P<key>[^\W_][\w./@-]*(?:\s[\w./-]+)?)(?P=quote)\s*(?P<sign>[:=])(?:\s+|(?<==)|$)(?P<value>.*)"
)
_SECTION = re.compile(r"\s*\[+[^\[\]\n]+\]+\s*(?:[#;].*)?")
_COMMENT = re.compile(r"\s*(?:#|;|//)")
_OTHER = re.compile(r"\s*(?:-\s.*|[{}\[\],()]+)\s*")
_TRAILING_COMMENT = re.compile(r"(?:^|(?<=\s))(?:#|;|//)(?:\s.*)?$")
_TITLE = re.compile(r"(?:#|;|//)+\s*(?P<title>[^\W\d_][^\n]*[^\s.:;,!?=#-])\s*#*")
_MAX_TITLE_WORDS = 10
_LEAST = 2


def is_settings(text: str, *, is_code: bool) -> bool:
    """Whether all lines are settings, or what stands between such. In prose a colon alone makes no line one of them."""
    if not is_code and "=" not in text and "[" not in text:
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    entries = [match for line in lines if not _COMMENT.match(line) and (match := _ENTRY.fullmatch(line))]
    marked = sum(match["sign"] == "=" for match in entries) + sum(bool(_SECTION.fullmatch(line)) for line in lines)
    return (
        len(lines) >= _LEAST
        and bool(entries)
        and (is_code or marked * 2 > len(entries))
        and all(
            _COMMENT.match(line) or _ENTRY.fullmatch(line) or _SECTION.fullmatch(line) or _OTHER.fullmatch(line)
            for line in lines
        )
    )


def title_of_settings(text: str) -> str:
    """The comment of one line with which a file of settings begins; empty where it says a sentence or more."""
    first, _, rest = text.strip().partition("\n")
    match = _TITLE.fullmatch(first.strip())
    if match is None or len(match["title"].split()) > _MAX_TITLE_WORDS:
        return ""
    return match["title"] if not _COMMENT.match(rest) and is_settings(text, is_code=True) else ""


def indent_of(line: str) -> int:
    """How far it stands to the right of what it belongs to; the heading of a section stands to the left of all."""
    return -1 if _SECTION.fullmatch(line) else len(line) - len(line.lstrip())


def opens_section(line: str) -> bool:
    """Whether it only says what the lines below it belong to: `[targets]`, `listen:`."""
    return bool(_SECTION.fullmatch(line)) or (setting(line) or ("", "-"))[1] == ""


def setting(line: str) -> tuple[str, str] | None:
    """The name and the value of a line, without quotes and comment; None for a line that is no setting."""
    match = None if _COMMENT.match(line) else _ENTRY.fullmatch(line)
    if match is None:
        return None
    return match["key"], _TRAILING_COMMENT.sub("", match["value"]).strip().rstrip(",").strip("\"'")
