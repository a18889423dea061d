"""Scanned pages: read by OCR as the rules say, and said to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrMode, OcrRules
from portfolio_rag.ports.embedder import Tokenizer
from portfolio_rag.text.chunking.chunker import chunk
from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import pdf
from portfolio_rag.text.extraction.serialisation import dumps, loads

TYPED = "The berths of Vellmark are let by the season, and a keeper walks the quay every evening at nine. " * 8
SCANNED = ["A boat of 9.5 m pays 14.20 EUR a night.", "Keys are handed out until 21:45.", "The deposit is 25 EUR."]


def scan(lines: list[str]) -> Image.Image:
    """What a scanner makes of a page with these lines."""
    page = FPDF(format="A4")
    page.add_page()
    page.set_font("Helvetica", size=12)
    for line in lines:
        page.cell(0, 14, line, new_x="LMARGIN", new_y="NEXT")
    return Image.fromarray(pypdfium2.PdfDocument(bytes(page.output()))[0].render(scale=200 / 72).to_numpy()[..., 0])


def bundle(*pages: str | Image.Image) -> bytes:
    """A PDF of typed and of scanned pages."""
    made = FPDF(format="A4")
    made.set_auto_page_break(False)
    for page in pages:
        made.add_page()
        if isinstance(page, str):
            made.set_font("Times", size=12)
            made.multi_cell(0, 7, page)
        else:
            made.image(page, 0, 0, 210, 297)
    return bytes(made.output())


Read = Callable[..., ExtractedDocument]


@pytest.fixture
def read_with(limits: ExtractionLimits) -> Read:
    def extract(data: bytes, workers: int = 1, **rules: object) -> ExtractedDocument:
        return pdf.extract(data, replace(limits, ocr=OcrRules(**rules), workers=workers))  # type: ignore[arg-type]

    return extract


def said(document: ExtractedDocument) -> dict[WarningCode, tuple[int, ...]]:
    return {warning.code: warning.pages for warning in document.warnings}


def test_scanned_pages_among_typed_ones_are_read_and_said_to_be(read_with: Read) -> None:
    document = read_with(bundle(TYPED, scan(SCANNED), TYPED, scan(SCANNED[:1])))
    pages = {block.page for block in document.blocks if SCANNED[0] in document.text[block.start : block.end]}
    assert pages == {2, 4}
    assert all(line in document.text for line in SCANNED)
    assert said(document) == {WarningCode.READ_BY_OCR: (2, 4)}


def test_pages_side_by_side_and_in_ranges_give_the_same_text(read_with: Read, limits: ExtractionLimits) -> None:
    data = bundle(scan(SCANNED), TYPED, scan(SCANNED[1:]))
    alone = read_with(data)
    assert read_with(data, workers=3) == alone
    ranges = []
    first: int | None = 0
    while first is not None:
        part = pdf.read(data, limits, first, until=0.0)
        ranges.append(pdf.loads(pdf.dumps(part)))
        first = part.following
    assert len(ranges) == 3
    assert pdf.join(ranges, limits) == alone


def test_switched_off_they_are_told_to_be_missing(read_with: Read) -> None:
    document = read_with(bundle(TYPED, scan(SCANNED)), mode=OcrMode.OFF)
    assert SCANNED[0] not in document.text
    assert said(document) == {WarningCode.PAGES_WITHOUT_TEXT: (2,)}


def test_pages_beyond_the_limit_are_told_to_be_missing(read_with: Read) -> None:
    document = read_with(bundle(scan(SCANNED), scan(SCANNED)), max_pages=1)
    assert document.text.count(SCANNED[1]) == 1
    assert said(document) == {WarningCode.READ_BY_OCR: (1,), WarningCode.PAGES_WITHOUT_TEXT: (2,)}


def test_always_reads_the_pages_that_have_text_too(read_with: Read) -> None:
    document = read_with(bundle(TYPED), mode=OcrMode.ALWAYS)
    assert "a keeper walks the quay every evening at nine" in document.text
    assert said(document) == {WarningCode.READ_BY_OCR: (1,)}


def test_typed_words_on_a_scan_are_not_read_twice(read_with: Read) -> None:
    made = FPDF(format="A4")
    made.add_page()
    made.image(scan(SCANNED), 0, 0, 210, 297)
    made.set_font("Times", size=12)
    made.text(20, 280, "Received on 3 March, file 4417")
    document = read_with(bytes(made.output()))
    assert document.text.count("4417") == 1
    assert SCANNED[2] in document.text


def test_a_picture_without_text_is_no_text(read_with: Read) -> None:
    noise = np.random.default_rng(1).integers(90, 160, (800, 600), dtype=np.uint8)
    with pytest.raises(DocumentRejected) as caught:
        read_with(bundle(Image.fromarray(noise)))
    assert caught.value.reason is FailureReason.NO_TEXT


def test_a_page_that_takes_too_long_ends_the_document_with_a_reason(read_with: Read) -> None:
    with pytest.raises(DocumentRejected, match="page 1 took more than 0 seconds") as caught:
        read_with(bundle(scan(SCANNED)), page_seconds=0.0)
    assert caught.value.reason is FailureReason.LIMIT_EXCEEDED


def test_a_block_says_where_on_its_page_it_was_read_and_how_certainly(read_with: Read, tokenizer: Tokenizer) -> None:
    document = read_with(bundle(TYPED, scan(SCANNED)))
    typed, *read_blocks = document.blocks
    assert typed.recognition is None
    places = [block.recognition for block in read_blocks if block.recognition]
    assert len(places) == len(read_blocks)
    assert all(0.8 < place.score <= 1 for place in places)
    tops = [place.box[1] for place in places]
    assert tops == sorted(tops)
    assert all(
        0 < left < right < 0.7 and 0 < top < bottom < 0.3 for left, top, right, bottom in (p.box for p in places)
    )
    assert loads(dumps(document))[0] == document
    drafts = chunk(document, tokenizer, size_tokens=2000, overlap_tokens=0, window_tokens=200)
    parts = [part for draft in drafts for part in draft.parts]
    assert {part.page for part in parts if part.recognition} == {2}
    assert {part.page for part in parts if not part.recognition} == {1}
