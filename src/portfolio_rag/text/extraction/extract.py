"""Extraction in a child process: a parser that loops, crashes or eats memory costs one document, not the pipeline.

A process per document (child_process.py) costs more than a small Markdown file takes to parse. So text small enough
that the worst of it cannot take long, and for which no parser in C is needed, is read in this process.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction import child_process
from portfolio_rag.text.extraction import serialisation as wire
from portfolio_rag.text.extraction.document import Block, BlockKind, ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES, detect_type
from portfolio_rag.text.extraction.worker import Pages, extract_here, too_much_memory

__all__ = [
    "Block",
    "BlockKind",
    "ExtractedDocument",
    "ExtractionLimits",
    "Pages",
    "extract",
    "extract_in_ranges",
    "join",
]

logger = logging.getLogger(__name__)

_LOGGED_CHARACTERS = 2000

HARMLESS_BYTES = 16 * 1024
HARMLESS_BRACKETS = 1000
"""For each bracket that opens, Markdown looks for the one that closes it: a file of this size that holds nothing else
takes seconds, one with this many a tenth of one.
"""
_HTML_BLOCK = re.compile(rb"(?:^|[^ -~\t])[^a-zA-Z\n]*<", re.MULTILINE)
"""Where a line may begin HTML, which lexbor (in C) parses; sanitising makes line ends of some odd bytes."""


def extract(data: bytes, filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    """The text and structure of a document whose type is told by its content.

    Raises DocumentRejected with a message for people: EMPTY_FILE, UNSUPPORTED_TYPE, UNDECODABLE, ENCRYPTED, MALFORMED,
    NO_TEXT, or LIMIT_EXCEEDED for too many pages or characters, too much time or memory. Raises RuntimeError when the
    installation is broken, whatever the document.
    """
    if _is_harmless(data, filename):
        try:
            return extract_here(data, filename, limits)
        except DocumentRejected:
            raise
        except Exception:  # what the child makes a rejection of, with the parser's own words in the log
            logger.info("Reading %r again in a process of its own", filename)
    document = _in_child({"filename": filename}, data, limits)
    assert isinstance(document, ExtractedDocument)  # pages are for those who give it seconds
    return document


def extract_in_ranges(
    data: bytes, filename: str, limits: ExtractionLimits, *, first_page: int, seconds: float
) -> ExtractedDocument | Pages:
    """As `extract`; but a PDF that takes more than `seconds` comes in page ranges, the first from `first_page` on.

    What is read before that page is the caller's to keep; `join` makes the document of all of them. A small document
    comes whole.
    """
    if len(data) <= HARMLESS_BYTES:
        return extract(data, filename, limits)
    return _in_child({"filename": filename, "first_page": first_page, "seconds": seconds}, data, limits)


def join(ranges: Sequence[bytes], filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    """The document of all its page ranges in order, equal to what `extract` makes of it. Raises DocumentRejected."""
    header = {"filename": filename, "ranges": [len(part) for part in ranges]}
    document = _in_child(header, b"".join(ranges), limits)
    assert isinstance(document, ExtractedDocument)  # what else should come of it
    return document


def _in_child(header: dict[str, Any], data: bytes, limits: ExtractionLimits) -> ExtractedDocument | Pages:
    filename = header["filename"]
    header = {**header, "limits": {**asdict(limits), "allowed_types": sorted(limits.allowed_types)}}
    line = json.dumps(header).encode() + b"\n"
    file_type = "pdf" if "ranges" in header else _likely_type(data, filename)
    try:
        done = child_process.run(line, data, seconds=limits.timeout_seconds, file_type=file_type)
    except subprocess.TimeoutExpired:
        raise _too_slow(limits) from None
    if done.stderr:
        level = logging.WARNING if done.returncode else logging.INFO
        logger.log(
            level, "The parser of %r wrote: %s", filename, done.stderr[-_LOGGED_CHARACTERS:].decode(errors="replace")
        )
    if done.returncode > 0 and done.stderr.rstrip().endswith(b"MemoryError"):
        # With no memory left the child may not even say so.
        raise DocumentRejected(FailureReason.LIMIT_EXCEEDED, too_much_memory(limits))
    if done.returncode > 0:
        raise RuntimeError(f"The parser process failed: {done.stderr[-_LOGGED_CHARACTERS:].decode(errors='replace')}")
    if done.returncode < 0:
        raise _died(done.returncode, limits)
    return _answer(done.stdout)


def _answer(output: bytes) -> ExtractedDocument | Pages:
    line = output.index(b"\n")
    answer = json.loads(output[:line])
    if "rejected" in answer:
        reason, message = answer["rejected"]
        raise DocumentRejected(FailureReason(reason), message)
    body = output[line + 1 :]
    return Pages(body, answer["end"], answer["is_last"]) if "end" in answer else wire.loads(body)[0]


def _is_harmless(data: bytes, filename: str) -> bool:
    if len(data) > HARMLESS_BYTES:
        return False
    file_type = detect_type(data, filename)
    if file_type == "md":
        return data.count(b"[") <= HARMLESS_BRACKETS and not _HTML_BLOCK.search(data)
    return file_type == "txt"


def _likely_type(data: bytes, filename: str) -> str | None:
    """By the beginning and the name; None for what can only be rejected, or needs a look at the whole."""
    try:
        return detect_type(data[:SNIFFED_BYTES], filename, complete=False)
    except DocumentRejected:
        return None


def _too_slow(limits: ExtractionLimits) -> DocumentRejected:
    return DocumentRejected(
        FailureReason.LIMIT_EXCEEDED,
        f"Reading the document took more than {limits.timeout_seconds:g} seconds. Split it into parts, or, if it is "
        "small, save it again: it may be damaged.",
    )


def _died(returncode: int, limits: ExtractionLimits) -> DocumentRejected:
    """What to tell of a child that a signal ended: `returncode` is its number, negative."""
    if -returncode in (getattr(signal, "SIGXCPU", None), getattr(signal, "SIGALRM", None)):
        return _too_slow(limits)
    if returncode == -getattr(signal, "SIGKILL", signal.SIGTERM):
        return DocumentRejected(FailureReason.LIMIT_EXCEEDED, too_much_memory(limits))
    return DocumentRejected(
        FailureReason.MALFORMED,
        "The file makes its parser crash: it is damaged, or needs more memory than is allowed. Save it again.",
    )
