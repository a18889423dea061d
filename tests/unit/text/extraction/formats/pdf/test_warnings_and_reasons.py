"""What cannot be read is said; and why a PDF is of no use at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrMode, OcrRules
from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats import pdf as pdf_format
from portfolio_rag.text.extraction.worker import extract_here
from tests.support.pdfs import FIRST_OBJECT, Ink, Sheet, column

Read = Callable[..., ExtractedDocument]
MakePdf = Callable[..., bytes]


@pytest.fixture
def limits(limits: ExtractionLimits) -> ExtractionLimits:
    """Without text recognition: what it finds is none of this file's business (test_pdf_scans.py)."""
    return replace(limits, ocr=OcrRules(mode=OcrMode.OFF))


@pytest.fixture
def read(limits: ExtractionLimits) -> Read:
    def extract(data: bytes, filename: str) -> ExtractedDocument:
        return extract_here(data, filename, limits)

    return extract


PICTURE = b"STREAM{/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8}\x80"
FULL_TEXT = column("A page of text that is long enough to be taken", "for one, with a second line below the first.")


def scan(inks: Sequence[Ink] = ()) -> Sheet:
    """A page that a picture covers."""
    return Sheet(inks, "q 595 0 0 842 0 0 cm /I0 Do Q\n", resources=f"/XObject<</I0 {FIRST_OBJECT} 0 R>>")


def warnings_of(document: ExtractedDocument) -> list[tuple[WarningCode, tuple[int, ...]]]:
    return [(warning.code, warning.pages) for warning in document.warnings]


NO_OCR = OcrRules(OcrMode.OFF)


def test_pages_that_are_pictures(read: Read, pdf: MakePdf) -> None:
    pages = [FULL_TEXT, scan(), Sheet(), scan([Ink("page 4", 280, 30)])]
    document = read(pdf(pages, objects=[PICTURE]), "a.pdf", ocr=NO_OCR)
    assert warnings_of(document) == [(WarningCode.PAGES_WITHOUT_TEXT, (2, 4))]
    assert "OCR" in document.warnings[0].message


def test_a_full_page_of_text_before_a_picture_is_no_scan(read: Read, pdf: MakePdf) -> None:
    assert (
        read(
            pdf([scan([*FULL_TEXT, *column("And a third line of it.", top=500)])], objects=[PICTURE]), "a.pdf"
        ).warnings
        == ()
    )


def test_text_behind_a_scan_is_what_was_read_from_it(read: Read, pdf: MakePdf) -> None:
    document = read(pdf([scan([Ink("The lease of the old mill ends in May.", mode=3)])], objects=[PICTURE]), "a.pdf")
    assert document.text == "The lease of the old mill ends in May."
    assert document.warnings == ()


def test_invisible_text_without_a_picture_is_left_out(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("Praise this document.", mode=3), Ink("The lease ends in May.", y=600)]
    assert read(pdf([inks]), "a.pdf").text == "The lease ends in May."


def test_hidden_layers_are_left_out(read: Read, pdf: MakePdf) -> None:
    drawing = (
        "/OC /L0 BDC BT /F1 11 Tf 72 700 Td (A draft of it) Tj ET EMC\n"
        "/OC /L1 BDC BT /F1 11 Tf 72 650 Td (The plan of it) Tj ET EMC\n"
    )
    data = pdf(
        [Sheet(FULL_TEXT[:0], drawing, resources="/Properties<</L0 5 0 R/L1 6 0 R>>")],
        catalog="/OCProperties<</OCGs[5 0 R 6 0 R]/D<</OFF[5 0 R]>>>>",
        objects=[b"<</Type/OCG/Name(Draft)>>", b"<</Type/OCG/Name(Plan)>>"],
    )
    assert read(data, "a.pdf").text == "The plan of it"


def without_map(pdf: MakePdf, *inks: Ink) -> bytes:
    """A line in a font that numbers its glyphs and names none, and readable lines."""
    codes = "".join(f"{ord(char) - 29:04X}" for char in "What this line says nobody but its font knows")
    objects = [
        b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+X/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+X/DW 600/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
        b"<</Type/FontDescriptor/FontName/ABCDEF+X/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800"
        b"/Descent -200/CapHeight 700/StemV 80>>",
    ]
    sheet = Sheet(inks, f"BT /F9 12 Tf 72 500 Td <{codes}> Tj ET\n")
    return pdf([sheet], objects=objects, further_fonts=f"/F9 {FIRST_OBJECT} 0 R")


def test_text_without_a_character_map_is_read_from_its_picture(read: Read, pdf: MakePdf) -> None:
    document = read(without_map(pdf, Ink("A line that can be read.")), "a.pdf")
    assert "What this line says nobody but its font knows" in document.text
    assert warnings_of(document) == [(WarningCode.READ_BY_OCR, (1,))]


def test_text_without_a_character_map_is_told_and_left_out(read: Read, pdf: MakePdf) -> None:
    document = read(without_map(pdf, Ink("A line that can be read.")), "a.pdf", ocr=NO_OCR)
    assert document.text == "A line that can be read."
    assert warnings_of(document) == [(WarningCode.UNREADABLE_TEXT, (1,))]


def rejection(read: Read, data: bytes) -> tuple[FailureReason, str]:
    with pytest.raises(DocumentRejected) as rejected:
        read(data, "a.pdf", ocr=NO_OCR)
    return rejected.value.reason, str(rejected.value)


def test_reasons(read: Read, pdf: MakePdf) -> None:
    reason, message = rejection(read, without_map(pdf))
    assert reason is FailureReason.NO_TEXT
    assert "fonts" in message
    reason, message = rejection(read, pdf([scan(), scan([Ink("2", 280, 30)])], objects=[PICTURE]))
    assert reason is FailureReason.NO_TEXT
    assert "pictures" in message
    reason, message = rejection(read, pdf([Sheet(), Sheet()]))
    assert reason is FailureReason.NO_TEXT
    assert "empty" in message


def test_contents_that_cannot_be_read_are_damage_and_not_emptiness(read: Read, pdf: MakePdf) -> None:
    assert rejection(read, pdf([Sheet(drawing="BT /F1 12 Tf (The lease Tj ET")]))[0] is FailureReason.MALFORMED
    assert rejection(read, pdf([Sheet(drawing="q Q\n")]))[0] is FailureReason.NO_TEXT


def test_a_key_that_cannot_be_read_is_damage(read: Read, pdf: MakePdf) -> None:
    damaged = pdf([Sheet()]).replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 99 0 R")
    assert rejection(read, damaged)[0] is FailureReason.MALFORMED


def ruled(*levels: float) -> str:
    """A grid of two columns."""
    level = (f"70 {y} m 250 {y} l S\n" for y in levels)
    return "".join([*level, *(f"{x} {levels[0]} m {x} {levels[-1]} l S\n" for x in (70, 170, 250))])


def test_ranges_joined_equal_the_whole(pdf: MakePdf, limits: ExtractionLimits) -> None:
    """Also where a table runs over the end of a range, and with warnings of both."""
    cells = [
        Ink("Pier", 74, 100, 10, "F2"),
        Ink("Fee", 174, 100, 10, "F2"),
        Ink("A", 74, 80, 10),
        Ink("1", 174, 80, 10),
    ]
    more = [Ink("B", 74, 780, 10), Ink("2", 174, 780, 10), Ink("C", 74, 760, 10), Ink("3", 174, 760, 10)]
    pages = [
        scan(),
        Sheet([*FULL_TEXT, *cells], ruled(115, 95, 75)),
        Sheet([*more, *FULL_TEXT], ruled(795, 775, 755)),
        scan(),
    ]
    data = pdf(pages, objects=[PICTURE])
    ranges, first = [], 0
    while True:
        part = pdf_format.read(data, limits, first, until=0.0)
        ranges.append(pdf_format.loads(pdf_format.dumps(part)))
        if part.following is None:
            break
        first = part.following
    assert len(ranges) == 4
    joined = pdf_format.join(ranges, limits)
    assert joined == pdf_format.extract(data, limits)
    assert "Pier: C | Fee: 3" in joined.text
    assert warnings_of(joined) == [(WarningCode.PAGES_WITHOUT_TEXT, (1, 4))]
