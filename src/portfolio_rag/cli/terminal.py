"""Words of others on a terminal: keys, answers and messages are shown as they are, and never obeyed.

A key or a document may hold escape sequences, which would colour, erase or overwrite what stands on the screen, or
marks that turn the direction of what follows. rich's own `escape` takes care of its markup only.
"""

from __future__ import annotations

import re

from rich import markup

_LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_DIRECTIONS}]")
_UNSEEN_OR_LINE_END = re.compile(rf"{_UNSEEN.pattern}|[\t{_LINE_ENDS}]")
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def neutral(text: str) -> str:
    """The text with every character that a terminal would obey written out, `\\x1b`; lines and tabs stay."""
    return _UNSEEN.sub(_written_out, text)


def neutral_but_coloured(text: str) -> str:
    """`neutral`, with colours left in: for lines of logs, which the stack's own programs colour."""
    pieces = _COLOUR.split(text)
    return "".join(piece if place % 2 else neutral(piece) for place, piece in enumerate(pieces))


def escape(text: str) -> str:
    """The text for a rich console: `neutral`, and its brackets no markup."""
    return markup.escape(neutral(text))


def escape_line(text: str) -> str:
    """`escape` for what is one line by its nature, a key or a name: it cannot begin another one."""
    return markup.escape(_UNSEEN_OR_LINE_END.sub(_written_out, text))


def escaped_json(text: str) -> str:
    """JSON with the characters that a terminal would obey as JSON's own escapes: it says the same."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
