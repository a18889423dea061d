"""The child process that parses one untrusted document: `python -m portfolio_rag.text.extraction.worker`.

Reads a JSON header line and bytes from stdin: a document's, or those of the page ranges that were read of it before.
Writes a JSON line to stdout and, behind it, the document (text/extraction/serialisation.py) or a range of its pages:
`{}`, `{"end": page, "is_last": …}` or `{"rejected": …}`. It caps its own memory and processor time before it looks at
the bytes, and imports only the parser that the type needs.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrMode, OcrRules
from portfolio_rag.text.extraction import serialisation as wire
from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.file_types import DESCRIPTIONS, detect_type, unsupported

_FORMATS = "portfolio_rag.text.extraction.formats."
MODULES = {
    **{file_type: f"{_FORMATS}{file_type}" for file_type in DESCRIPTIONS},
    "md": f"{_FORMATS}markdown",
    "txt": f"{_FORMATS}plain",
    "csv": f"{_FORMATS}delimited",
    "json": f"{_FORMATS}json_text",
    "jsonl": f"{_FORMATS}json_lines",
    "eml": f"{_FORMATS}mail",
}
"""Type -> the module that reads it."""


def extract_here(data: bytes, filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    """Detect the type and parse in this process, with no cap on time or memory.

    Raises DocumentRejected; what a parser raises beside that is for the caller.
    """
    file_type = detect_type(data, filename)
    if file_type not in limits.allowed_types:
        raise unsupported(DESCRIPTIONS[file_type], limits.allowed_types)
    module = importlib.import_module(MODULES[file_type])
    document: ExtractedDocument = module.extract(data, limits)
    return document


@dataclass(frozen=True, slots=True)
class Pages:
    """A range of a PDF's pages as `join` takes it; `end` is the page after them, counted from 0."""

    data: bytes
    end: int
    is_last: bool


def extract_in_ranges(
    data: bytes, filename: str, limits: ExtractionLimits, *, first_page: int, seconds: float
) -> ExtractedDocument | Pages:
    """The whole document, or, when that takes a PDF more than `seconds`, the pages from `first_page` on that it allows.

    From a page other than the first on it is always pages.
    """
    until = time.monotonic() + seconds
    if detect_type(data, filename) != "pdf" or "pdf" not in limits.allowed_types:
        return extract_here(data, filename, limits)
    from portfolio_rag.text.extraction.formats import pdf

    part = pdf.read(data, limits, first_page, until=until)
    if first_page == 0 and part.following is None:
        return pdf.join([part], limits)
    return Pages(pdf.dumps(part), first_page + len(part.pages), part.following is None)


def join_here(ranges: Sequence[bytes], limits: ExtractionLimits) -> ExtractedDocument:
    """The document whose page ranges these are, all of them and in order. Raises DocumentRejected."""
    from portfolio_rag.text.extraction.formats import pdf

    return pdf.join([pdf.loads(part) for part in ranges], limits)


def main(stdin: BinaryIO, stdout: BinaryIO) -> None:
    header = json.loads(stdin.readline())
    limits = _limits(header["limits"])
    _cap_resources(limits)
    try:
        for piece in _answer(header, limits, stdin):
            stdout.write(piece)
    except DocumentRejected as rejected:
        stdout.write(_rejection(rejected.reason, str(rejected)))
    except MemoryError:
        stdout.write(_rejection(FailureReason.LIMIT_EXCEEDED, too_much_memory(limits)))
    except ImportError:
        # A broken installation: no fault of the document, so it must not become its end.
        raise
    except Exception as error:  # whatever a parser raises on hostile bytes must not look like our own failure
        traceback.print_exc()
        message = f"The file is damaged: it cannot be parsed ({error!r:.200})."
        stdout.write(_rejection(FailureReason.MALFORMED, message))


def _limits(stored: dict[str, Any]) -> ExtractionLimits:
    """From JSON: lists are what were sets and tuples."""
    ocr = stored["ocr"]
    rules = OcrRules(**{**ocr, "mode": OcrMode(ocr["mode"]), "languages": tuple(ocr["languages"])})
    return ExtractionLimits(**{**stored, "allowed_types": frozenset(stored["allowed_types"]), "ocr": rules})


def _answer(header: dict[str, Any], limits: ExtractionLimits, stdin: BinaryIO) -> tuple[bytes, bytes]:
    if "ranges" in header:
        return b"{}\n", wire.dumps(join_here([stdin.read(size) for size in header["ranges"]], limits))
    if "seconds" not in header:
        return b"{}\n", wire.dumps(extract_here(stdin.read(), header["filename"], limits))
    read = extract_in_ranges(
        stdin.read(), header["filename"], limits, first_page=header["first_page"], seconds=header["seconds"]
    )
    if isinstance(read, Pages):
        return json.dumps({"end": read.end, "is_last": read.is_last}).encode() + b"\n", read.data
    return b"{}\n", wire.dumps(read)


def _rejection(reason: FailureReason, message: str) -> bytes:
    return json.dumps({"rejected": [reason, message]}).encode() + b"\n"


def too_much_memory(limits: ExtractionLimits) -> str:
    return f"Reading the document took more than {limits.memory_mb:,} MiB of memory. Split it into parts."


def _cap_resources(limits: ExtractionLimits) -> None:
    """Memory, processor time and time; no core dump. Windows has no such limits, macOS does not keep that on memory."""
    try:
        import resource
    except ImportError:
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_seconds)
    memory = limits.memory_mb * 2**20
    seconds = (max(1, round(limits.timeout_seconds)) + 1) * limits.workers
    for kind, soft in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
    ):
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):
            continue


def run() -> None:
    """Read standard input and answer on standard output."""
    with os.fdopen(os.dup(1), "wb") as answers:
        # Whatever a C library prints must not get between the answer.
        os.dup2(2, 1)
        main(sys.stdin.buffer, answers)


if __name__ == "__main__":
    run()
    sys.stderr.flush()
    os._exit(0)  # Taking down what was loaded takes a fifth of the time of a small document.
