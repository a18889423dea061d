"""Documents inside a document: alternative chunks (ECMA-376 part 1, 11.3.1), which Word shows in their place."""

from __future__ import annotations

import re
from collections.abc import Callable

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.document import DocumentBuilder
from portfolio_rag.text.extraction.formats.docx.rtf_revisions import shown
from portfolio_rag.text.extraction.sanitise import clean, decode

_HTML = re.compile(rb"<(?:!doctype|html|head|body|p|div|h[1-6]|table|ul|ol|span)[\s/>]", re.IGNORECASE)
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{1,40})", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_SNIFFED_BYTES = 4096


class UnreadableChunk(Exception):
    """The chunk is of a kind that is not known, or is damaged."""


def add_chunk(data: bytes, content_type: str, builder: DocumentBuilder, add_document: Callable[[bytes], None]) -> None:
    """Add what is readable in a chunk; `add_document` takes a Word document. Raises UnreadableChunk."""
    head = data[:_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        add_document(data)
    elif head.startswith(b"{\\rtf"):
        _add_rtf(data, builder)
    elif "rfc822" in content_type or head[:200].lower().startswith((b"mime-version:", b"from:", b"content-type:")):
        _add_archive(data, builder)
    elif "html" in content_type or _HTML.search(head):
        declared = _DECLARED.search(head)
        _add_html(_decoded(data, declared[1].decode("ascii") if declared else None), builder)
    elif content_type.startswith("text/plain") or (not content_type and b"\x00" not in head):
        _add_text(_decoded(data), builder)
    else:
        raise UnreadableChunk(content_type)


def _decoded(data: bytes, declared: str | None = None) -> str:
    try:
        return decode(data, declared)
    except DocumentRejected as error:
        raise UnreadableChunk(str(error)) from error


def _add_html(content: str, builder: DocumentBuilder) -> None:
    from portfolio_rag.text.extraction.formats.html import add_fragment

    add_fragment(content, builder)


def _add_text(text: str, builder: DocumentBuilder) -> None:
    for paragraph in _EMPTY_LINES.split(clean(text)):
        builder.paragraph(paragraph)


def _add_rtf(data: bytes, builder: DocumentBuilder) -> None:
    from striprtf.striprtf import rtf_to_text

    try:
        text = rtf_to_text(shown(data.decode("latin-1")), errors="replace")  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever it raises on RTF that is damaged
        raise UnreadableChunk("rtf") from error
    for line in text.split("\n"):
        builder.paragraph(line)


def _add_archive(data: bytes, builder: DocumentBuilder) -> None:
    """A web page with its pictures in one file (MHTML)."""
    import email
    import email.policy
    from email.message import EmailMessage

    message = email.message_from_bytes(data, EmailMessage, policy=email.policy.default)
    for content_type, add in (("text/html", _add_html), ("text/plain", _add_text)):
        for part in message.walk():
            if part.get_content_type() == content_type:
                payload = part.get_payload(decode=True)
                add(_decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset()), builder)
                return
    raise UnreadableChunk("mht")
