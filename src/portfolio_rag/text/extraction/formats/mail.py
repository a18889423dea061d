"""Mails: their fields, their texts message by message, messages inside; attached files as documents of their own."""

from __future__ import annotations

import contextlib
import re
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.calendar_events import events_of
from portfolio_rag.text.extraction.document import Attachment, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.file_types import detect_type
from portfolio_rag.text.extraction.formats.html import add_fragment
from portfolio_rag.text.extraction.formats.mail_quotes import QuotingBuilder
from portfolio_rag.text.extraction.mail_parts import (
    CalendarPart,
    EncryptedPart,
    FilePart,
    MessagePart,
    Part,
    TextPart,
    field_of,
    key_name,
    parsed,
    parts_of,
)
from portfolio_rag.text.extraction.mail_thread import messages_of, unflowed
from portfolio_rag.text.extraction.sanitise import clean

MAX_ATTACHMENTS = 100
"""Documents that one mail may make."""
MAX_DEPTH = 10
"""Of messages inside messages."""

_FIELDS = ("From", "To", "Cc", "Date", "Subject")
_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_NO_SUBJECT = "(no subject)"
_NOT_READ = (
    "Some attachments are of types that cannot be read, or that the ingestion rules do not allow. "
    "Save them in another format and upload them as documents of their own."
)
_TOO_MANY = f"A mail makes {MAX_ATTACHMENTS} documents of its attachments at most. Upload the others by themselves."
_TOO_DEEP = f"Messages inside more than {MAX_DEPTH} others are left out. Upload them by themselves."
_LOCKED = "Part of the mail is encrypted and left out. Decrypt it and upload it again."


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    mail = _Mail(limits)
    message = parsed(data)
    mail.add(message, 1)
    if mail.is_locked and not mail.has_text:
        raise DocumentRejected(FailureReason.ENCRYPTED, "The mail is encrypted. Save it decrypted and upload it again.")
    return mail.build(message)


class _Mail:
    def __init__(self, limits: ExtractionLimits) -> None:
        self._limits = limits
        self._builder = QuotingBuilder(limits.max_characters)
        self._attachments: list[Attachment] = []
        self._names: set[str] = set()
        self.is_locked = False
        self.has_text = False

    def build(self, message: EmailMessage) -> ExtractedDocument:
        subject = field_of(message, "subject")
        files = tuple(self._attachments)
        return self._builder.build("eml", subject, attributes=_attributes(message, subject), attachments=files)

    def add(self, message: EmailMessage, depth: int) -> None:
        """A message under a heading of level `depth`, and what is inside it below."""
        parts: list[Part] = [self._as_message(part) for part in parts_of(message)]
        self._add_fields(message, parts, depth)
        for part in parts:
            if isinstance(part, TextPart):
                self._add_text(part, depth)
            elif isinstance(part, CalendarPart):
                self._add_events(part)
            elif isinstance(part, FilePart):
                self._add_file(part)
            elif isinstance(part, EncryptedPart):
                self.is_locked = True
                self._builder.warn(WarningCode.PARTS_LEFT_OUT, _LOCKED)
        for part in parts:
            if isinstance(part, MessagePart) and depth < MAX_DEPTH:
                self.add(part.message, depth + 1)
            elif isinstance(part, MessagePart):
                self._builder.warn(WarningCode.PARTS_LEFT_OUT, _TOO_DEEP, part=_subject(part.message))

    def _as_message(self, part: Part) -> Part:
        """A mail that is attached as any file is one more message: no document is ever made of it."""
        if isinstance(part, FilePart):
            try:
                if detect_type(part.data, part.name) == "eml":
                    return MessagePart(parsed(part.data))
            except DocumentRejected:
                return part
        return part

    def _add_fields(self, message: EmailMessage, parts: list[Part], depth: int) -> None:
        fields = [(name, field_of(message, name.lower())) for name in _FIELDS]
        names = [part.name for part in parts if isinstance(part, FilePart)]
        names += [_subject(part.message) for part in parts if isinstance(part, MessagePart)]
        fields.append(("Attachments", ", ".join(names)))
        lines = [f"{name}: {value}" for name, value in fields if value]
        if lines or depth > 1:
            self._builder.enter(_subject(message), depth)
        self._builder.paragraph("\n".join(lines))

    def _add_text(self, part: TextPart, depth: int) -> None:
        self.has_text = self.has_text or bool(part.text.strip())
        if part.is_html:
            with self._builder.quotations(part.text, depth + 1):
                add_fragment(part.text, self._builder)
            return
        text = unflowed(part.text, delete_space=part.delete_space) if part.flowed else part.text
        for message in messages_of(clean(text)):
            if message.heading:
                self._builder.enter(message.heading, depth + 1)
            for paragraph in _EMPTY_LINES.split(message.text):
                self._builder.paragraph(paragraph)

    def _add_events(self, part: CalendarPart) -> None:
        for event in events_of(part.text):
            self._builder.paragraph(event.text)
            if event.description.strip():
                self._builder.paragraph(event.description)
            self.has_text = True

    def _add_file(self, part: FilePart) -> None:
        try:
            file_type = detect_type(part.data, part.name)
        except DocumentRejected:
            file_type = ""
        if file_type not in self._limits.allowed_types:
            self._builder.warn(WarningCode.PARTS_LEFT_OUT, _NOT_READ, part=part.name)
        elif len(self._attachments) >= MAX_ATTACHMENTS:
            self._builder.warn(WarningCode.PARTS_LEFT_OUT, _TOO_MANY, part=part.name)
        else:
            self._attachments.append(Attachment(key_name(part.name, self._names), part.data))


def _attributes(message: EmailMessage, subject: str) -> dict[str, AttributeValue]:
    """What a mail is filtered by: addresses in small letters, its date as ISO 8601 has it."""
    attributes: dict[str, AttributeValue] = {}
    for name, fields in (("from", ["from"]), ("to", ["to", "cc"])):
        pairs = getaddresses([field_of(message, field) for field in fields])
        if addresses := [address.lower() for _, address in pairs if address]:
            attributes[name] = addresses
    with contextlib.suppress(ValueError):  # no date, or none that means anything
        attributes["date"] = parsedate_to_datetime(field_of(message, "date")).isoformat()
    if subject:
        attributes["subject"] = subject
    return attributes


def _subject(message: EmailMessage) -> str:
    return field_of(message, "subject") or _NO_SUBJECT
