"""The parts of a mail by the standard library's `email`, whatever is wrong with them: texts, messages and files."""

from __future__ import annotations

import base64
import binascii
import email
import html
import mimetypes
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from typing import Any

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.domain.object_keys import SIDECAR_SUFFIX
from portfolio_rag.text.extraction.sanitise import clean_line, decode

MAX_NAME_BYTES = 150
"""Of an attachment's name, which becomes part of a key."""

_ENCODINGS = {"windows-874": "cp874", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "x-sjis": "cp932"}
"""Names of encodings that Python does not know by them."""
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pgp-encrypted"})
_UNSEEN = re.compile(r"<(?:style|script|title)\b[^<]*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_BROKEN_HEADER = (ValueError, TypeError, AttributeError, IndexError, KeyError, LookupError, email.errors.MessageError)


@dataclass(frozen=True, slots=True)
class TextPart:
    """`is_html` tells markup from plain text; `flowed` and `delete_space` are those of RFC 3676."""

    text: str
    is_html: bool
    flowed: bool = False
    delete_space: bool = False


@dataclass(frozen=True, slots=True)
class FilePart:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class MessagePart:
    message: EmailMessage


@dataclass(frozen=True, slots=True)
class EncryptedPart:
    pass


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """Events in iCalendar, as invitations have them."""

    text: str


Part = TextPart | CalendarPart | FilePart | MessagePart | EncryptedPart


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def field_of(message: Message[Any, Any], name: str) -> str:
    """All values of a header field as text, on one line; empty without one."""
    raw = [value for key, value in message.raw_items() if key.lower() == name]
    return ", ".join(filter(None, (clean_line(_field(name, str(value))) for value in raw)))


def _field(name: str, raw: str) -> str:
    if any("\udc80" <= character <= "\udcff" for character in raw):
        try:
            return decode(raw.encode("utf-8", "surrogateescape"))
        except (DocumentRejected, UnicodeEncodeError):
            return raw.encode("ascii", "replace").decode()
    try:
        return str(policy.default.header_factory(name, raw))
    except _BROKEN_HEADER:
        return raw


def parts_of(part: Message[Any, Any]) -> Iterator[Part]:
    """The parts of a mail in order, of alternatives the one that is best to read; messages in it as a whole."""
    kind = part.get_content_type()
    if kind in _ENCRYPTED or (
        kind.endswith("/pkcs7-mime") and "signed" not in str(part.get("content-type", "")).lower()
    ):
        yield EncryptedPart()
    elif kind == "message/rfc822" or kind == "message/global":
        message = _inner(part)
        if message is not None:
            yield MessagePart(message)
    elif kind == "multipart/alternative":
        yield from _best(part)
    elif part.is_multipart():
        for inner in part.get_payload():
            if isinstance(inner, Message):
                yield from parts_of(inner)
    elif kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment" and not _filename(part):
        yield _text(part)
    elif kind == "text/calendar" and part.get_content_disposition() != "attachment":
        yield CalendarPart(_text(part).text)
    elif kind in _SIGNATURES or (kind.startswith("image/") and part.get_content_disposition() != "attachment"):
        return  # signatures, and pictures within a text
    else:
        data = part.get_payload(decode=True)
        yield FilePart(_filename(part) or _made_up_name(kind), data if isinstance(data, bytes) else b"")


def _best(part: Message[Any, Any]) -> Iterator[Part]:
    """Plain text, in which quotations are told best, unless it is a mere hint to look at the markup."""
    choices = [list(parts_of(inner)) for inner in part.get_payload() if isinstance(inner, Message)]
    texts = [choice[0] for choice in choices if len(choice) == 1 and isinstance(choice[0], TextPart)]
    plain = next((text for text in texts if not text.is_html), None)
    markup = next((choice for choice in choices if any(isinstance(p, TextPart) and p.is_html for p in choice)), None)
    if plain is not None and (markup is None or not _is_stub(plain, markup)):
        yield plain
        for choice in choices:
            yield from (other for other in choice if not isinstance(other, TextPart))
    elif markup is not None:
        yield from markup
    elif choices:
        yield from choices[-1]


def _is_stub(plain: TextPart, markup: list[Part]) -> bool:
    """Whether the plain text is but a fraction of the markup: a fifth, or less than half and without most words."""
    visible = "".join(
        re.sub(r"<[^>]{0,2000}>", " ", _UNSEEN.sub(" ", part.text)) for part in markup if isinstance(part, TextPart)
    )
    count, seen = len(plain.text.split()), len(visible.split())
    if count * 5 < seen or count * 2 > seen:
        return count * 5 < seen
    words = set(_WORD.findall(html.unescape(visible).casefold()))
    return len(words - set(_WORD.findall(plain.text.casefold()))) * 2 > len(words)


def _text(part: Message[Any, Any]) -> TextPart:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = str(part.get_param("charset") or "").strip("'\"").lower()
    try:
        text = decode(data, _ENCODINGS.get(charset, charset) or None)
    except DocumentRejected:
        text = data.decode("utf-8", "replace")
    flowed = str(part.get_param("format") or "").lower() == "flowed"
    is_html = part.get_content_type() == "text/html"
    return TextPart(text.replace("\r\n", "\n"), is_html, flowed, str(part.get_param("delsp") or "").lower() == "yes")


def _inner(part: Message[Any, Any]) -> EmailMessage | None:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, EmailMessage):
        return None
    if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64" and not inner.keys():
        # Not allowed, and common; `email` takes the encoded text for the message's body.
        try:
            return parsed(base64.b64decode(str(inner.get_payload()), validate=False))
        except (binascii.Error, ValueError):
            return inner
    return inner


def _filename(part: Message[Any, Any]) -> str:
    try:
        return clean_line(str(part.get_filename() or ""))
    except _BROKEN_HEADER:
        return "attachment"


def _made_up_name(kind: str) -> str:
    return "attachment" + (mimetypes.guess_extension(kind) or "")


def key_name(name: str, taken: set[str]) -> str:
    """`name` as the last part of a key that is not in `taken`, which it is added to."""
    name = _NOT_IN_NAMES.sub("_", clean_line(name)).strip(" .") or "attachment"
    if name.endswith(SIDECAR_SUFFIX):
        name = name.removesuffix(SIDECAR_SUFFIX) + "_metadata.json"  # a document, and no attributes of one
    stem, extension = posixpath.splitext(name)
    extension = extension if len(extension.encode()) <= 12 else ""
    stem = stem.encode()[: MAX_NAME_BYTES - 16].decode("utf-8", "ignore").strip(" .") or "attachment"
    unique, number = stem + extension, 1
    while unique in taken:
        number += 1
        unique = f"{stem} ({number}){extension}"
    taken.add(unique)
    return unique
