"""The child process that parses one untrusted document: `python -m portfolio_rag.text.worker`.

Reads a JSON header line and the document's bytes from stdin, and writes one JSON object to stdout: the document, or
`{"rejected": …}`. It caps its own memory and processor time before it looks at the bytes, and imports only the
parser that the type needs.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any, BinaryIO

from portfolio_rag.errors import DocumentRejected, FailureReason
from portfolio_rag.text.detect import DESCRIPTIONS, detect_type, unsupported
from portfolio_rag.text.document import ExtractedDocument, ExtractionLimits

_MODULES = {"md": "markdown", "txt": "plain", "pdf": "pdf", "html": "html", "docx": "docx"}


def extract_here(data: bytes, filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    """Detect the type and parse in this process, with no cap on time or memory.

    Raises DocumentRejected; what a parser raises beside that is for the caller.
    """
    file_type = detect_type(data, filename)
    if file_type not in limits.allowed_types:
        raise unsupported(DESCRIPTIONS[file_type], limits.allowed_types)
    module = importlib.import_module(f"portfolio_rag.text.formats.{_MODULES[file_type]}")
    document: ExtractedDocument = module.extract(data, limits)
    return document


def main(stdin: BinaryIO, stdout: BinaryIO) -> None:
    header = json.loads(stdin.readline())
    limits = ExtractionLimits(**{**header["limits"], "allowed_types": frozenset(header["limits"]["allowed_types"])})
    _cap_resources(limits)
    try:
        document = extract_here(stdin.read(), header["filename"], limits)
        answer = json.dumps(_to_json(document)).encode()
    except DocumentRejected as rejected:
        answer = _rejection(rejected.reason, str(rejected))
    except MemoryError:
        answer = _rejection(FailureReason.LIMIT_EXCEEDED, too_much_memory(limits))
    except ImportError:
        # A broken installation: no fault of the document, so it must not become its end.
        raise
    except Exception as error:  # whatever a parser raises on hostile bytes must not look like our own failure
        traceback.print_exc()
        answer = _rejection(FailureReason.MALFORMED, f"The file is damaged: it cannot be parsed ({error!r:.200}).")
    stdout.write(answer)


def _rejection(reason: FailureReason, message: str) -> bytes:
    return json.dumps({"rejected": [reason, message]}).encode()


def too_much_memory(limits: ExtractionLimits) -> str:
    return f"Reading the document took more than {limits.memory_mb:,} MiB of memory. Split it into parts."


def _to_json(document: ExtractedDocument) -> dict[str, Any]:
    blocks = [(block.start, block.end, block.kind, block.heading_path, block.page) for block in document.blocks]
    return {
        "text": document.text,
        "file_type": document.file_type,
        "blocks": blocks,
        "title": document.title,
        "page_count": document.page_count,
    }


def _cap_resources(limits: ExtractionLimits) -> None:
    """Memory and processor time; no core dump. Windows has no such limits, macOS does not keep that on memory."""
    try:
        import resource
    except ImportError:
        return
    memory = limits.memory_mb * 2**20
    seconds = max(1, round(limits.timeout_seconds)) + 1
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


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as answers:
        # Whatever a C library prints must not get between the answer.
        os.dup2(2, 1)
        main(sys.stdin.buffer, answers)
