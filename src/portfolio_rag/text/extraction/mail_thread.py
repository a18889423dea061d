"""The messages that a reply quotes, apart: who wrote what, newest first as they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_MESSAGES = 200
"""Of one body; what is quoted below the last of them stays with it."""

_ATTRIBUTION = re.compile(
    r"(?:On|Am|Le|El|Il|Op|Em|Den|W dniu|In)\b.{5,400}?"
    r"(?:wrote|writes|schrieb.{0,100}|a écrit|escribió|ha scritto|schreef.{0,100}|escreveu|skrev.{0,100}|napisał)"
    r"\s*:\s*",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTION_LINES = 3
_SEPARATOR = re.compile(
    r"\s*-{2,}\s*(?:original message|original appointment|forwarded message|forwarded by .*|begin forwarded message"
    r"|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original"
    r"|mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|mensagem original)\s*-*\s*"
    r"|\s*begin forwarded message:\s*|\s*_{20,}\s*",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*\*?(?:from|von|de|da|van|fra|från|od)\s*:\*?\s*(.+)", re.IGNORECASE)
_FIELD = re.compile(
    r"\s*\*?(?:from|sent|date|to|cc|bcc|subject|reply-to|von|gesendet|datum|an|betreff|de|envoyé|à|objet|enviado|para"
    r"|asunto|fecha|da|inviato|data|a|oggetto|van|verzonden|aan|onderwerp|assunto)\s*:\*?\s",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\s*\*?(?:sent|date|gesendet|datum|envoyé|enviado|fecha|inviato|data|verzonden)\s*:\*?\s*(.+)", re.IGNORECASE
)
_QUOTE = re.compile(r"> ?")


@dataclass(frozen=True, slots=True)
class Message:
    """`heading` says whose it is, empty for the message that quotes the others; `text` holds no marks of quoting."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Introduction:
    """Of a quoted message: the line at which it starts, and how many fields of a header it starts with."""

    start: int
    heading: str
    fields: int = 0


def messages_of(text: str) -> list[Message]:
    """The message and those that it quotes as a whole below itself.

    Quotations that somebody has written answers between stay where they are, with their marks.
    """
    lines = text.split("\n")
    messages: list[Message] = []
    heading, fields = "", 0
    while len(messages) < MAX_MESSAGES - 1:
        found = _next(lines, fields)
        if found is None:
            break
        at, introduced = found
        messages.append(Message(heading, "\n".join(lines[:at])))
        heading, fields, lines = introduced.heading, introduced.fields, lines[introduced.start :]
        if _are_quoted(lines, 0):
            lines = [_QUOTE.sub("", line, count=1) for line in lines]
    return [*messages, Message(heading, "\n".join(lines))]


def _next(lines: Sequence[str], first: int) -> tuple[int, _Introduction] | None:
    """The first line from `first` on that introduces a quoted message, and what it introduces."""
    for at in range(first, len(lines)):
        if not lines[at] or lines[at][0] == ">":
            continue
        found = _attributed(lines, at) or _headed(lines, at)
        if found is not None:
            return at, found
    return None


def _attributed(lines: Sequence[str], at: int) -> _Introduction | None:
    """`On 3 March, Ann wrote:` with nothing but quoted lines below it."""
    for end in range(at + 1, min(at + _ATTRIBUTION_LINES, len(lines)) + 1):
        words = " ".join(lines[at:end]).strip()
        if words.endswith(":") and _ATTRIBUTION.fullmatch(words):
            return _Introduction(end, words.rstrip(": ")) if _are_quoted(lines, end) else None
    return None


def _headed(lines: Sequence[str], at: int) -> _Introduction | None:
    """A separator or the fields of a header, as Outlook puts them above what is answered or forwarded."""
    start = at
    if _SEPARATOR.fullmatch(lines[at]):
        start = next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), at)
    end = start
    while end < len(lines) and _FIELD.match(lines[end]):
        end += 1
    fields = lines[start:end]
    if len(fields) < 3 or (author := _FROM.match(fields[0])) is None:
        return None
    date = next((match[1] for field in fields if (match := _DATE.match(field))), "")
    heading = f"Message from {author[1].strip()}" + (f", {date.strip()}" if date else "")
    return _Introduction(start, heading, len(fields))


def introduction_of(paragraph: str, *, by_quotation: bool) -> tuple[str, bool]:
    """Whose message a paragraph of a mail in HTML introduces, and whether it is the header of that message.

    Empty for any other. `by_quotation`: `On 3 March, Ann wrote:` introduces one, too, as all behind it is quoted.
    """
    words = " ".join(paragraph.split("\n"))
    if by_quotation and words.endswith(":") and _ATTRIBUTION.fullmatch(words):
        return words.rstrip(": "), False
    headed = _headed(paragraph.split("\n"), 0)
    return ("", False) if headed is None else (headed.heading, True)


def _are_quoted(lines: Sequence[str], start: int) -> bool:
    quoted = False
    for at in range(start, len(lines)):
        if lines[at].strip():
            if not lines[at].startswith(">"):
                return False
            quoted = True
    return quoted


def unflowed(text: str, *, delete_space: bool) -> str:
    """Paragraphs of `format=flowed` (RFC 3676) in one line each; quoted lines keep their marks."""
    lines: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if open_depth == depth and content != "-- ":
            lines[-1] += content
        else:
            lines.append(">" * depth + (" " if depth else "") + content)
        flows = content.endswith(" ") and content != "-- "
        if flows and delete_space:
            lines[-1] = lines[-1][:-1]
        open_depth = depth if flows else None
    return "\n".join(lines)
