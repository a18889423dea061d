"""Every file of the evaluation's PDF set ends as text or as a rejection with a fitting reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.extract import ExtractionLimits, extract

EVAL_DATA = Path(os.environ.get("EVAL_DATA") or Path(__file__).parents[6] / "shared" / "eval")
INDEX = EVAL_DATA / "pdf" / "index.json"
FILES = {entry["file"]: entry["category"] for entry in json.loads(INDEX.read_text())} if INDEX.exists() else {}

REASONS = {
    "real": set(),
    # Fonts that do not say which characters they show cannot be read.
    "unicode": {FailureReason.NO_TEXT},
    # Two of them open without a password and hold nothing.
    "encrypted": {FailureReason.ENCRYPTED, FailureReason.NO_TEXT},
    "no_text": {FailureReason.NO_TEXT},
    "malformed": {FailureReason.MALFORMED, FailureReason.NO_TEXT, FailureReason.LIMIT_EXCEEDED},
}
READABLE = {"real", "unicode", "malformed"}
STAMPED = {"no_text__pypdf__base64image.pdf"}
"""A picture with a line of text below it."""


@pytest.mark.skipif(not FILES, reason=f"no PDF set in {EVAL_DATA}: set EVAL_DATA")
@pytest.mark.parametrize("name", FILES)
def test_pdf(name: str, limits: ExtractionLimits) -> None:
    category = FILES[name]
    data = (INDEX.parent / name).read_bytes()
    try:
        document = extract(data, name, ExtractionLimits(limits.allowed_types, 5000, 20_000_000, 60, 1024))
    except DocumentRejected as rejected:
        reason, message = rejected.reason, str(rejected)
    else:
        from_pictures = {WarningCode.READ_BY_OCR, WarningCode.UNCERTAIN_OCR} & {w.code for w in document.warnings}
        assert category in READABLE or name in STAMPED or from_pictures
        assert document.text.strip()
        assert document.page_count
        assert all(block.page and 1 <= block.page <= document.page_count for block in document.blocks)
        return
    assert reason in REASONS[category], message
    assert len(message) > 20
