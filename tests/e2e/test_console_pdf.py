"""A source that is a PDF opens in Chromium on its page, with the network off and the quoted words marked."""

from __future__ import annotations

import os
from dataclasses import replace
from io import BytesIO
from typing import Any, Literal

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from portfolio_rag.domain.answers import CheckedSentence, Cited, Done, Retrieved, Token, Validated, Verdict
from portfolio_rag.domain.blocks import Recognition
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import NotFound
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.settings.environment import Settings
from tests.e2e.console import accessibility_violations, ask, is_wider_than_the_screen
from tests.e2e.test_console_offline import Open, console, stand_ins
from tests.support.api import DOCUMENT_ID, QUESTION, FakeServices, answer, chunk, document
from tests.support.pdfs import Ink, Sheet, column, make_pdf

pytestmark = pytest.mark.browser

__all__ = ["console"]

QUOTE = "The efficient kite is mended with ripstop tape of 50 millimetres"
PAGES = [
    column("Kites of all kinds", "and what they are made of"),
    # A hyphen at the end of a line, a ligature that is a glyph of its own, and a line beside it.
    [
        *column(
            "Before anything else.", "The e\u0002cient kite is men-", "ded with ripstop tape of", "50 millimetres."
        ),
        Ink("Tape is cheap.", x=400, y=672),
    ],
    column("The last page"),
]


def pdf() -> bytes:
    ligature = "/Differences[2/ffi]"
    encoding = f"<</Type/Encoding/BaseEncoding/WinAnsiEncoding{ligature}>>"
    whole = make_pdf(PAGES)
    assert b"/Encoding/WinAnsiEncoding" in whole
    return make_pdf(
        [[replace(ink, font="F9") for ink in page] for page in PAGES],
        further_fonts=(f"/F9<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding{encoding}>>"),
    )


def services_of(data: bytes, quote: str = QUOTE, settings: Settings | None = None, **citation: Any) -> FakeServices:
    """Whose answer cites `quote` on the second page of a PDF with these bytes."""
    services = stand_ins(settings)
    row: DocumentVersion = document(
        filename="kites.pdf", file_type="pdf", file_size=len(data), s3_key="processed/guides/kites.pdf"
    )
    cited = replace(chunk(), content=quote, span=(0, len(quote)), page_start=2, page_end=2)
    services.documents.file = data
    services.documents.detail = replace(services.documents.detail, versions=[row], chunks=[cited])
    services.cited.find = lambda *_, **__: ChunkInContext(cited, row, None, None, live=True, restored=False)  # type: ignore[method-assign]
    whole = answer()
    source = replace(
        whole.citations[0],
        **{
            "filename": "kites.pdf",
            "s3_key": row.s3_key,
            "page": 2,
            "span": (0, len(quote)),
            "quote": quote,
            **citation,
        },
    )
    whole = replace(whole, citations=[source], validation=[CheckedSentence(quote, (1,), Verdict.SUPPORTED, 0.97)])
    services.chat.script = [
        Retrieved(whole.passages),
        Validated(whole.validation[0]),
        Cited(source),
        Token(f"{quote} [1]."),
        Done(whole),
    ]
    return services


def opened(page: Page) -> Locator:
    """The source, once its page is drawn."""
    ask(page, QUESTION).locator(".mark").click()
    sheet = page.get_by_role("dialog", name="Source: kites.pdf")
    expect(sheet.get_by_text("Loading…")).to_have_count(0)
    return sheet


def test_the_page_opens_with_the_quoted_words_marked(console: Open) -> None:
    services = services_of(pdf())
    page = console(services).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page, QUESTION)
    assert not any("pdf" in url for url in asked)
    sheet = opened(page)
    expect(sheet.get_by_text("Page 2 of 3")).to_be_visible()
    assert sheet.locator(".page-text mark").all_inner_texts() == [
        "The efficient kite is men",
        "ded with ripstop tape of",
        "50 millimetres",
    ]
    assert "not found" not in sheet.inner_text()


def test_the_other_pages_are_a_click_away_and_grow(console: Open) -> None:
    page = console(services_of(pdf())).page
    sheet = opened(page)
    width = sheet.locator("canvas").bounding_box()["width"]  # type: ignore[index]
    sheet.get_by_role("button", name="Larger").click()
    expect(sheet.get_by_text("Loading…")).to_have_count(0)
    assert sheet.locator("canvas").bounding_box()["width"] == pytest.approx(1.5 * width, abs=2)  # type: ignore[index]
    sheet.get_by_role("button", name="Next page").click()
    expect(sheet.locator(".page-text")).to_have_text("The last page")
    expect(sheet.get_by_role("button", name="Next page")).to_be_disabled()
    expect(sheet.get_by_text("The quoted words stand on page 2.")).to_be_visible()
    sheet.get_by_text("Text", exact=True).click()
    expect(sheet.locator(".passage mark")).to_have_text(QUOTE)
    sheet.get_by_text("Page", exact=True).click()
    expect(sheet.locator(".page-text mark")).to_have_count(3)


def test_a_quote_that_goes_on_behind_the_foot_of_its_page_is_marked_in_parts(console: Open) -> None:
    pages = [
        column("Kites"),
        column("A torn kite is mended with the", "Foot of page two, confidential"),
        column("Head of page three", "ripstop tape of fifty millimetres at once."),
    ]
    quote = "A torn kite is mended with the ripstop tape of fifty millimetres at once."
    sheet = opened(console(services_of(make_pdf(pages), quote)).page)
    expect(sheet.get_by_text("The quoted words stand here in parts")).to_be_visible()
    assert sheet.locator(".page-text mark").all_inner_texts() == ["A torn kite is mended with the"]
    sheet.get_by_role("button", name="Next page").click()
    expect(sheet.locator(".page-text mark")).to_have_text("ripstop tape of fifty millimetres at once")


def test_a_row_of_a_table_is_found_without_the_names_of_its_columns(console: Open) -> None:
    pages = [column("Kites"), [Ink("Plan", 72), Ink("Users", 300), Ink("Gold", 72, 680), Ink("900 persons", 300, 680)]]
    sheet = opened(console(services_of(make_pdf(pages), "Plan: Gold | Users: 900 persons")).page)
    assert "900 persons" in sheet.locator(".page-text mark").all_inner_texts()


def test_where_the_words_are_not_found_the_page_is_shown_and_says_so(console: Open) -> None:
    sheet = opened(console(services_of(pdf(), "Nothing of the sort was ever written down")).page)
    expect(sheet.get_by_text("The quoted words were not found on page 2, where they were read.")).to_be_visible()
    expect(sheet.locator(".page-text")).to_contain_text("50 millimetres")
    expect(sheet.locator(".page-text mark")).to_have_count(0)


def test_what_was_read_from_a_picture_is_framed_on_it(console: Open) -> None:
    read = Recognition(score=0.9, box=(0.1, 0.2, 0.6, 0.25))
    sheet = opened(console(services_of(pdf(), "words of a picture", recognition=read)).page)
    box, canvas = sheet.locator(".box").bounding_box(), sheet.locator("canvas").bounding_box()
    assert box is not None
    assert canvas is not None
    assert (box["x"] - canvas["x"]) / canvas["width"] == pytest.approx(0.1, abs=0.01)
    assert (box["y"] - canvas["y"]) / canvas["height"] == pytest.approx(0.2, abs=0.01)
    assert box["width"] / canvas["width"] == pytest.approx(0.5, abs=0.01)


def test_a_file_that_is_gone_leaves_the_text(console: Open) -> None:
    services = services_of(pdf())

    def gone(*_: object) -> None:
        raise NotFound("The bytes are not kept any more.")

    services.documents.original = gone  # type: ignore[assignment, method-assign]
    page = console(services, expected=(404,)).page
    ask(page, QUESTION).locator(".mark").click()
    expect(page.get_by_text("The file of this version is not kept any more.")).to_be_visible()
    page.get_by_text("Text", exact=True).click()
    expect(page.locator(".passage mark")).to_have_text(QUOTE)


def test_bytes_that_are_no_pdf_are_told_and_do_nothing(console: Open) -> None:
    services = services_of(pdf())
    page = console(services).page
    mark = ask(page, QUESTION).locator(".mark")
    for data in (b"%PDF-1.7\nnothing of it", b"", b"<html><script>alert(1)</script></html>"):
        services.documents.file = data
        services.documents.detail = replace(
            services.documents.detail, versions=[document(filename="kites.pdf", file_type="pdf", file_size=len(data))]
        )
        mark.click()
        expect(page.get_by_text("The page cannot be shown:")).to_be_visible()
        page.keyboard.press("Escape")


def test_the_key_goes_with_the_file_and_a_large_one_is_fetched_in_parts(console: Open) -> None:
    padding = [b"STREAM" + b" " * 4_000_000]
    services = services_of(make_pdf(PAGES, objects=padding), "Tape is cheap", settings=Settings(api_key="opens"))
    page = console(services, expected=(401,)).page
    ask_with_key(page)
    page.locator(".mark").click()
    expect(page.locator(".page-text mark")).to_have_text("Tape is cheap")
    parts = [call[1] for call in services.documents.calls if len(call) == 2 and call[0] == 1]
    assert parts[0] is None
    assert all(part is not None for part in parts[1:])
    assert sum(last - first + 1 for first, last in parts[1:]) < 4_000_000


def ask_with_key(page: Page) -> None:
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_label("Your question").press("Enter")
    field = page.get_by_role("textbox", name="API key")
    field.fill("opens")
    field.press("Enter")
    page.locator("article[aria-busy=false]").wait_for()


def test_what_a_pdf_leaves_to_its_reader_comes_from_this_server(console: Open) -> None:
    """A font that it does not hold, a table of Japanese characters, a picture of JPEG 2000."""
    picture = BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(picture, "JPEG2000")
    objects = [
        b"STREAM{/Type/XObject/Subtype/Image/Width 8/Height 8/Filter/JPXDecode}" + picture.getvalue(),
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo"
        b"<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/DW 1000/FontDescriptor 7 0 R>>",
        b"<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 -137 1000 859]/ItalicAngle 0/Ascent 859"
        b"/Descent -137/CapHeight 709/StemV 69>>",
    ]
    page_two = Sheet(
        [Ink("Tape is cheap."), Ink("abc", y=600, font="F7"), Ink("Aa", y=560, font="F8")],
        drawing="q 100 0 0 100 72 400 cm /Im1 Do Q ",
        resources="/XObject<</Im1 5 0 R>>",
    )
    fonts = (
        "/F7<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"
        "/F8<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/90ms-RKSJ-H/DescendantFonts[6 0 R]>>"
    )
    page = console(
        services_of(make_pdf([PAGES[0], page_two], objects=objects, further_fonts=fonts), "Tape is cheap")
    ).page
    loaded: set[str] = set()
    page.on("response", lambda response: loaded.add(response.url.rpartition("pdfjs/")[2]) if response.ok else None)
    opened(page)
    assert {"fonts/FoxitSymbol.pfb", "cmaps/90ms-RKSJ-H.bcmap"} <= loaded
    pixel = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas");
            const place = [canvas.width * 120 / 595, canvas.height * (842 - 450) / 842];
            return Array.from(canvas.getContext("2d").getImageData(...place, 1, 1).data);
        }"""
    )
    assert pixel[0] > 150
    assert pixel[1] < 80


def test_a_chunk_of_a_document_opens_on_its_page(console: Open) -> None:
    page = console(services_of(pdf())).page
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}")
    page.get_by_role("button", name="Show chunk 1 on its page").click()
    expect(page.get_by_role("dialog").locator(".page-text mark")).to_have_count(3)


@pytest.mark.parametrize(("width", "color_scheme"), [(390, "light"), (1280, "dark")])
def test_a_page_is_accessible_and_fits(console: Open, width: int, color_scheme: Literal["light", "dark"]) -> None:
    page = console(services_of(pdf()), width=width, color_scheme=color_scheme).page
    sheet = opened(page)
    expect(sheet.locator(".page-text mark").first).to_be_visible()
    if folder := os.environ.get("CONSOLE_LOOK"):
        page.screenshot(path=f"{folder}/pdf-{width}-{color_scheme}.png")
    assert accessibility_violations(page) == []
    assert not is_wider_than_the_screen(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "mark"
