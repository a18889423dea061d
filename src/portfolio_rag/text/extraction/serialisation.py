"""How an extracted document travels: from the child process that parses it, and from one invocation to the next.

A line of JSON, numbers of four bytes each, the text, then the bytes of attachments: with a million blocks as with one,
some 25 bytes a block beside the text. Never pickle: what a child writes that has read hostile bytes is data and
nothing else.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict
from typing import Any

from portfolio_rag.domain.blocks import Recognition
from portfolio_rag.domain.document_warnings import warnings_of
from portfolio_rag.text.extraction.document import Attachment, Block, BlockKind, ExtractedDocument

_KINDS = tuple(BlockKind)
_NO_PAGE = 0
_NUMBERS = 6


def dumps(document: ExtractedDocument, **extra: Any) -> bytes:
    """`extra` goes along as JSON."""
    paths: dict[tuple[str, ...], int] = {}
    lead_ins: dict[str, int] = {}
    numbers = array("I")
    for block in document.blocks:
        path = paths.setdefault(block.heading_path, len(paths))
        lead_in = lead_ins.setdefault(block.lead_in, len(lead_ins))
        numbers.extend((block.start, block.end, _KINDS.index(block.kind), path, block.page or _NO_PAGE, lead_in))
    text = document.text.encode("utf-8", "surrogatepass")
    header = {
        "file_type": document.file_type,
        "title": document.title,
        "page_count": document.page_count,
        "paths": list(paths),
        "lead_ins": list(lead_ins),
        "warnings": [asdict(warning) for warning in document.warnings],
        "attributes": dict(document.attributes),
        "recognitions": [
            (number, block.recognition.score, *block.recognition.box)
            for number, block in enumerate(document.blocks)
            if block.recognition
        ],
        "blocks": len(document.blocks),
        "text": len(text),
        "attachments": [(attachment.name, len(attachment.data)) for attachment in document.attachments],
        "extra": extra,
    }
    files = (attachment.data for attachment in document.attachments)
    return b"".join((json.dumps(header).encode(), b"\n", numbers.tobytes(), text, *files))


def loads(data: bytes) -> tuple[ExtractedDocument, dict[str, Any]]:
    """The document and what went along with it."""
    line = data.index(b"\n")
    header = json.loads(data[:line])
    numbers = array("I")
    view = memoryview(data)
    end = line + 1 + header["blocks"] * _NUMBERS * numbers.itemsize
    numbers.frombytes(view[line + 1 : end])
    paths = [tuple(path) for path in header["paths"]]
    lead_ins = header["lead_ins"]
    recognitions = {number: Recognition(score, tuple(box)) for number, score, *box in header["recognitions"]}
    columns = (numbers[n::_NUMBERS] for n in range(_NUMBERS))
    blocks = tuple(
        Block(start, stop, _KINDS[kind], paths[path], page or None, lead_ins[lead_in], recognitions.get(number))
        for number, (start, stop, kind, path, page, lead_in) in enumerate(zip(*columns, strict=True))
    )
    at = end + header["text"]
    text = str(view[end:at], "utf-8", "surrogatepass")
    attachments = []
    for name, size in header["attachments"]:
        attachments.append(Attachment(name, bytes(view[at : at + size])))
        at += size
    warnings = warnings_of(header["warnings"])
    document = ExtractedDocument(
        text,
        header["file_type"],
        blocks,
        header["title"],
        header["page_count"],
        warnings,
        header["attributes"],
        tuple(attachments),
    )
    return document, header["extra"]
