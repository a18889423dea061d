"""`<key>.metadata.json`: custom attributes in the format of Bedrock Knowledge Bases.

    {"metadataAttributes": {"team": "platform", "year": 2026, "public": true, "tags": ["a", "b"]}}

or, for any attribute, the typed form {"value": {"type": "STRING", "stringValue": "platform"}}.
An access list may stand beside them, or alone (domain/access.py).
Source: "Include metadata in a data source to improve knowledge base query", Amazon Bedrock user guide.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from portfolio_rag.domain.access import ACCESS_ATTRIBUTES, LIST_FIELD
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.identifiers import sha256_hex

MAX_SIDECAR_BYTES = 10 * 1024
"""Bedrock's own limit for a metadata file."""

BUILT_IN = frozenset(
    {
        "document_id",
        "version",
        "chunk_id",
        "chunk_index",
        "window",
        "file_type",
        "filename",
        "s3_key",
        "upload_timestamp",
        *ACCESS_ATTRIBUTES,
    }
)
"""Attributes that every window has in Chroma; a sidecar cannot set them."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_TYPED = {"STRING": "stringValue", "NUMBER": "numberValue", "BOOLEAN": "booleanValue", "STRING_LIST": "stringListValue"}


def parse_sidecar(body: Any) -> dict[str, AttributeValue]:
    """The attributes, checked. Raises DocumentRejected(BAD_METADATA) saying which attribute is wrong and why."""
    attributes = body.get("metadataAttributes") if isinstance(body, Mapping) else None
    if attributes is None and isinstance(body, Mapping) and LIST_FIELD in body:
        return {}
    if not isinstance(attributes, Mapping):
        raise _bad(f'It must be a JSON object with an object under "metadataAttributes", or with "{LIST_FIELD}".')
    return {name: _attribute(name, content) for name, content in attributes.items()}


def attributes_digest(attributes: Mapping[str, AttributeValue]) -> str | None:
    """SHA-256 of a sidecar's attributes, whatever their order and spelling; None where there are none."""
    return sha256_hex(json.dumps(attributes, sort_keys=True)) if attributes else None


def usable_attributes(found: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Those of a document's own attributes that a sidecar could set, too.

    Nobody promised that what a document says of itself can be stored: the rest is left out, and so is what goes beyond
    the size of a sidecar.
    """
    usable: dict[str, AttributeValue] = {}
    size = 0
    for name, content in found.items():
        size += len(json.dumps({name: content}).encode())
        if size > MAX_SIDECAR_BYTES:
            break
        with contextlib.suppress(DocumentRejected):
            usable[name] = _attribute(name, content)
    return usable


def _attribute(name: str, content: Any) -> AttributeValue:
    if not name or name.startswith(("$", "#")):
        raise _bad(f"The attribute name {name!r} is not allowed: it is empty, or starts with $ or #.")
    if not _storable(name):
        raise _bad(f"The attribute name {name!r} holds half of a character (a lone surrogate).")
    if name in BUILT_IN:
        raise _bad(f"The attribute name {name!r} is reserved; call it something else.")
    if isinstance(content, Mapping):
        content = _typed(name, content)
    if isinstance(content, (int, float)):
        if not _in_range(content):
            raise _bad(f"The attribute {name!r} is a number that cannot be stored: it is too large or too small.")
        return content
    texts = content if isinstance(content, list) else [content]
    if texts and all(isinstance(text, str) for text in texts):
        if not all(map(_storable, texts)):
            raise _bad(f"The attribute {name!r} holds half of a character (a lone surrogate).")
        return list(content) if isinstance(content, list) else str(content)
    raise _bad(f"The attribute {name!r} must be a string, a number, a boolean or a list of strings.")


def _in_range(number: float) -> bool:
    """What both stores hold: Chroma 64 bits, DynamoDB no infinity and nothing nearer to 0 than 1E-130. NaN is out."""
    return number == 0 or 1e-130 <= abs(number) < 2**63


def _storable(text: str) -> bool:
    """JSON can spell halves of surrogate pairs, UTF-8 cannot."""
    return text.isascii() or not _SURROGATES.search(text)


def _typed(name: str, content: Mapping[str, Any]) -> Any:
    typed = content.get("value")
    if isinstance(typed, Mapping) and typed.get("type") in _TYPED and _TYPED[typed["type"]] in typed:
        return typed[_TYPED[typed["type"]]]
    raise _bad(f'The attribute {name!r} needs {{"value": {{"type": "STRING", "stringValue": …}}}} or a plain value.')


def _bad(problem: str) -> DocumentRejected:
    return DocumentRejected(
        FailureReason.BAD_METADATA, f"The metadata sidecar is not usable. {problem} Correct it and upload it again."
    )
