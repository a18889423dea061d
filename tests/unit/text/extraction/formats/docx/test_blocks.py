"""Blocks beside paragraphs and tables: code, initials, text boxes, pictures, diagrams, charts, embedded documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.docx.charts import displayed
from tests.support.word import Link, numbered, p, part, r, tbl, tc, tr, word_file

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

CONSOLAS = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>'


def style(name: str, font: str = "", *, default: bool = False) -> str:
    fonts = f'<w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}"/></w:rPr>' if font else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="S"{" w:default=" + chr(34) + "1" + chr(34) if default else ""}>'
        f'<w:name w:val="{name}"/>{fonts}</w:style>'
    )


@pytest.mark.parametrize(
    ("body", "styles"),
    [
        (p("def f():", run=CONSOLAS) + p(run=CONSOLAS) + p("    return 1", run=CONSOLAS), ""),
        (p("def f():", "S") + p("", "S") + p("    return 1", "S"), style("HTML Preformatted")),
        (p("def f():", "S") + p("", "S") + p("    return 1", "S"), style("Listing 1", "Courier New")),
        (p(inner=r("def f():", CONSOLAS) + "<w:r><w:br/></w:r><w:r><w:br/></w:r>" + r("    return 1", CONSOLAS)), ""),
        (p("def f():", run=CONSOLAS) + p() + p("return 1", run=CONSOLAS, properties='<w:ind w:left="480"/>'), ""),
    ],
)
def test_monospaced_paragraphs_are_code(read: Read, blocks_of: BlocksOf, body: str, styles: str) -> None:
    document = read(word_file(p("Use:") + body + p("Done."), styles=styles), "a.docx")
    assert blocks_of(document)[1] == ("code", "def f():\n\n    return 1")


def test_typescripts_are_no_code(read: Read, blocks_of: BlocksOf) -> None:
    document = read(word_file(p("All is typed."), styles=style("Normal", "Courier New", default=True)), "a.docx")
    assert blocks_of(document) == [("paragraph", "All is typed.")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("It says so; " * 30 + "at least.", "paragraph"),
        ("This memo was written on the old machine downstairs.", "paragraph"),
        ("make install", "code"),
        ("SELECT name FROM users WHERE active = 1 ORDER BY name.", "code"),
    ],
)
def test_monospaced_sentences_are_no_code(read: Read, blocks_of: BlocksOf, text: str, kind: str) -> None:
    assert blocks_of(read(word_file(p(text, run=CONSOLAS)), "a.docx"))[0][0] == kind


@pytest.mark.parametrize("kind", ["drop", "margin"])
def test_initials(read: Read, blocks_of: BlocksOf, kind: str) -> None:
    initial = f'<w:framePr w:dropCap="{kind}" w:lines="3"/>'
    body = p("V", properties=initial) + p() + p("elorin turns. ") + p("Next.")
    assert blocks_of(read(word_file(body), "a.docx")) == [("paragraph", "Velorin turns."), ("paragraph", "Next.")]


def test_initials_by_style(read: Read, blocks_of: BlocksOf) -> None:
    frame = '<w:pPr><w:framePr w:dropCap="drop" w:lines="2"/></w:pPr>'
    styles = f'<w:style w:type="paragraph" w:styleId="Cap"><w:name w:val="Cap"/>{frame}</w:style>'
    body = p("„V", "Cap") + p("elorin turns.“")
    assert blocks_of(read(word_file(body, styles=styles), "a.docx")) == [("paragraph", "„Velorin turns.“")]


def test_paragraph_whose_end_was_deleted(read: Read) -> None:
    body = p("One ", properties="<w:rPr><w:del/></w:rPr>") + p("sentence.")
    assert read(word_file(body), "a.docx").text == "One sentence."


def drawing(inner: str, place: str = "inline") -> str:
    return f"<w:r><w:drawing><wp:{place}>{inner}</wp:{place}></w:drawing></w:r>"


def text_box(*blocks: str) -> str:
    """As Word writes it: the same box twice, for new and old readers."""
    content = f"<w:txbxContent>{''.join(blocks)}</w:txbxContent>"
    shape = f"<wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp>"
    new = f"<w:drawing><wp:anchor><wp:docPr id='1' name='Text Box 1'/>{shape}</wp:anchor></w:drawing>"
    old = f"<w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict>"
    branches = f'<mc:Choice Requires="wps">{new}</mc:Choice><mc:Fallback>{old}</mc:Fallback>'
    return f"<w:r><mc:AlternateContent>{branches}</mc:AlternateContent></w:r>"


def test_text_boxes_are_blocks_of_their_own(read: Read, blocks_of: BlocksOf) -> None:
    box = text_box(p("Warning"), tbl(tr("Name", "Size"), tr("a", "1")))
    body = p("Before ", inner=box + r("and behind.")) + p("Next.")
    assert blocks_of(read(word_file(body), "a.docx")) == [
        ("paragraph", "Before and behind."),
        ("paragraph", "Warning"),
        ("table", "Name: a | Size: 1"),
        ("paragraph", "Next."),
    ]


def test_headings_in_text_boxes_head_no_more_than_their_box(read: Read) -> None:
    body = p("Chapter", "Heading1") + p("Text.", inner=text_box(p("Box", "Heading1"), p("Inside."))) + p("Behind.")
    paths = {block.heading_path for block in read(word_file(body), "a.docx").blocks[-2:]}
    assert paths == {("Box",), ("Chapter",)}


def test_text_box_of_old_files(read: Read) -> None:
    content = f"<w:txbxContent>{p('Old box')}</w:txbxContent>"
    box = f"<w:r><w:pict><v:rect><v:textbox>{content}</v:textbox></v:rect></w:pict></w:r>"
    assert read(word_file(p("Text", inner=box)), "a.docx").text == "Text\n\nOld box"


def test_text_box_in_a_cell(read: Read) -> None:
    cell = tc(p("1", inner=text_box(p("approx."))))
    assert read(word_file(tbl(tr("Name", "Size"), tr("a", cell))), "a.docx").text == "Name: a | Size: 1 approx."


def named(attributes: str, inner: str = "") -> str:
    return f'<wp:docPr id="1" name="Picture 1" {attributes}>{inner}</wp:docPr>'


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (drawing(named('descr="Map: the exit is left"')), "Press Map: the exit is left now"),
        (drawing(named('title="Map" descr="the exit"'), "anchor"), "Press now\n\nMap: the exit"),
        (drawing(named('descr="Picture 4"')), "Press now"),
        (drawing(named('descr="image1.png"')), "Press now"),
        (drawing(named('descr="A red door&#10;&#10;Description automatically generated"')), "Press A red door now"),
        (drawing(named('descr="line"', '<a:ext><adec:decorative val="1"/></a:ext>')), "Press now"),
        (drawing(named("") + '<pic:pic><pic:cNvPr id="0" name="x" descr="a bell"/></pic:pic>'), "Press a bell now"),
        ('<w:r><w:pict><v:shape alt="an old bell"/></w:pict></w:r>', "Press an old bell now"),
        ('<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>', "Press DRAFT now"),
    ],
)
def test_descriptions_of_pictures(read: Read, inner: str, text: str) -> None:
    assert read(word_file(p("Press ", inner=inner + r(" now"))), "a.docx").text == text


def point(name: str, text: str, kind: str = "node") -> str:
    return f'<dgm:pt modelId="{name}" type="{kind}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'


def connection(source: str, target: str, order: int) -> str:
    return f'<dgm:cxn modelId="c{source}{target}" srcId="{source}" destId="{target}" srcOrd="{order}"/>'


def test_diagrams_in_the_order_of_their_ranks(read: Read, blocks_of: BlocksOf) -> None:
    points = point("3", "Clerk") + point("2", "Manager") + point("1", "", "doc") + point("4", "Guard")
    points += point("5", "Alone") + point("6", "not shown", "pres")
    links = connection("1", "2", 0) + connection("2", "4", 1) + connection("2", "3", 0) + connection("4", "2", 0)
    data = part("dgm:dataModel", f"<dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst>")
    inner = drawing(
        '<wp:docPr id="1" name="D"/><a:graphic><a:graphicData><dgm:relIds r:dm="rD"/></a:graphicData></a:graphic>'
    )
    document = read(
        word_file(
            p("Ranks:", inner=inner),
            links={"rD": Link("diagramData", "diagrams/d.xml")},
            parts={"word/diagrams/d.xml": data},
        ),
        "a.docx",
    )
    assert blocks_of(document) == [
        ("paragraph", "Ranks:"),
        ("list", "- Manager\n  - Clerk\n  - Guard\n- Alone"),
    ]


def cache(*values: str) -> str:
    return "".join(f'<c:pt idx="{at}"><c:v>{text}</c:v></c:pt>' for at, text in enumerate(values))


def test_charts_give_their_values(read: Read, blocks_of: BlocksOf) -> None:
    series = (
        f"<c:ser><c:tx><c:strRef><c:strCache>{cache('Ships')}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{cache('2024', '2025')}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache>{cache('410', '455')}</c:numCache></c:numRef></c:val></c:ser>"
    )
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>Traffic</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    chart = part(
        "c:chartSpace", f"<c:chart>{title}<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>"
    )
    inner = drawing(
        '<wp:docPr id="1" name="C"/><a:graphic><a:graphicData><c:chart r:id="rC"/></a:graphicData></a:graphic>'
    )
    document = read(
        word_file(p(inner=inner), links={"rC": Link("chart", "charts/c.xml")}, parts={"word/charts/c.xml": chart}),
        "a.docx",
    )
    assert blocks_of(document) == [("paragraph", "Traffic"), ("table", "2024 | Ships: 410\n2025 | Ships: 455")]


@pytest.mark.parametrize(
    ("number_format", "stored", "shown"),
    [
        ("General", "4.4000000000000004", "4.4"),
        ("0%", "0.25", "25%"),
        ("0.0%", "0.125", "12.5%"),
        ("m/d/yyyy", "45717", "2025-03-01"),
        ("General", "12", "12"),
        ("General", "n/a", "n/a"),
        ("m/d/yyyy", "1e300", "1e+300"),
    ],
)
def test_numbers_of_charts(number_format: str, stored: str, shown: str) -> None:
    assert displayed(stored, number_format) == shown


def test_objects_of_other_programs_are_told(read: Read) -> None:
    inner = '<w:r><w:object><v:shape/><o:OLEObject ProgID="Excel.Sheet.12" r:id="rX"/></w:object></w:r>'
    document = read(word_file(p("See:", inner=inner)), "a.docx")
    (warning,) = document.warnings
    assert (warning.code, warning.parts) == (WarningCode.PARTS_LEFT_OUT, ("Excel.Sheet.12",))


MHT = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; "
    b"charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>The archive keeps tapes f=\r\nor 13 years.</p>"
    b"\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("c.html", b"<html><body><p>The archive keeps tapes for 13 years.</p></body></html>", "text/html"),
        ("c.xhtml", b"<?xml version='1.0'?><p>The archive keeps tapes for 13 years.</p>", "application/xhtml+xml"),
        ("c.dat", b"<p>The archive keeps tapes for 13 years.</p>", ""),
        ("c.txt", "The archive keeps tapes for 13 years.".encode("utf-16"), "text/plain"),
        ("c.docx", word_file(p("The archive keeps tapes for 13 years.")), ""),
        (
            "c.rtf",
            rb"{\rtf1\ansi The archive keeps {\b tapes} for {\deleted 9}{\revised 13} years.\par}",
            "application/rtf",
        ),
        ("c.mht", MHT, "message/rfc822"),
    ],
)
def test_embedded_documents_stand_in_their_place(
    read: Read, blocks_of: BlocksOf, name: str, content: bytes, content_type: str
) -> None:
    extension = name.rpartition(".")[2]
    types = f'<Default Extension="{extension}" ContentType="{content_type}"/>' if content_type else ""
    data = word_file(
        p("Before.") + '<w:altChunk r:id="rA"/>' + p("After."),
        links={"rA": Link("aFChunk", name)},
        parts={f"word/{name}": content},
        types=types,
    )
    assert [text for _, text in blocks_of(read(data, "a.docx"))] == [
        "Before.",
        "The archive keeps tapes for 13 years.",
        "After.",
    ]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02 binary", b"PK\x03\x04 damaged", b"MIME-Version: 1.0\r\nContent-Type: image/png\r\n\r\n"],
)
def test_embedded_documents_that_cannot_be_read_are_told(read: Read, content: bytes) -> None:
    data = word_file(
        p("Text.") + '<w:altChunk r:id="rA"/>', links={"rA": Link("aFChunk", "c.bin")}, parts={"word/c.bin": content}
    )
    document = read(data, "a.docx")
    assert document.text == "Text."
    (warning,) = document.warnings
    assert (warning.code, warning.parts) == (WarningCode.PARTS_LEFT_OUT, ("word/c.bin",))


def test_documents_embedded_without_end(read: Read) -> None:
    data = word_file(p("Innermost."))
    for _ in range(6):
        data = word_file(
            p("Outer.") + '<w:altChunk r:id="rA"/>',
            links={"rA": Link("aFChunk", "c.docx")},
            parts={"word/c.docx": data},
        )
    document = read(data, "a.docx")
    assert document.text == "\n\n".join(["Outer."] * 4)
    assert document.warnings[0].code is WarningCode.PARTS_LEFT_OUT


def header_file(body: str, settings: str = "", **headers: str) -> bytes:
    """A file with these headers and footers, by the names of their relationships."""
    links = {name: Link("header", f"{name}.xml") for name in headers}
    parts = {f"word/{name}.xml": part("w:hdr", inner) for name, inner in headers.items()}
    return word_file(body, links=links, parts=parts, settings=settings)


def section(*references: str, inner: str = "") -> str:
    """Of `header default rA`, as the parts of a reference."""
    written = ""
    for reference in references:
        kind, page, name = reference.split()
        written += f'<w:{kind}Reference w:type="{page}" r:id="{name}"/>'
    return f"<w:sectPr>{written}{inner}</w:sectPr>"


def test_headers_and_footers_once(read: Read, blocks_of: BlocksOf) -> None:
    body = (
        p("Chapter one", "Heading1")
        + p("Text.", properties=section("header default rA", "footer default rB"))
        + p("Chapter two", "Heading1")
        + p("More.")
        + section("header default rC", "footer default rB")
    )
    page = '<w:fldSimple w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    total = '<w:fldSimple w:instr="NUMPAGES"><w:r><w:t>9</w:t></w:r></w:fldSimple>'
    data = header_file(
        body,
        rA=p("Manual QM-5571", "Heading1") + tbl(tr("Revision 8", tc(p("Page ", inner=page)))),
        rB=p("Page ", inner=page + r(" of ") + total) + p("Internal. Page ", inner=page),
        rC=p("Manual QM-5571") + p("Annex"),
    )
    assert blocks_of(read(data, "a.docx")) == [
        ("paragraph", "Manual QM-5571"),
        ("paragraph", "Revision 8"),
        ("paragraph", "Internal."),
        ("heading", "Chapter one"),
        ("paragraph", "Text."),
        ("paragraph", "Annex"),
        ("heading", "Chapter two"),
        ("paragraph", "More."),
    ]


@pytest.mark.parametrize(
    ("inner", "settings", "shown"),
    [
        ("", "", ["Default"]),
        ("<w:titlePg/>", "", ["First", "Default"]),
        ("", "<w:evenAndOddHeaders/>", ["Default", "Even"]),
    ],
)
def test_headers_that_no_page_shows(read: Read, inner: str, settings: str, shown: list[str]) -> None:
    ends = section("header first rA", "header default rB", "header even rC", inner=inner)
    data = header_file(p("Text.") + ends, settings, rA=p("First"), rB=p("Default"), rC=p("Even"))
    assert read(data, "a.docx").text.split("\n\n") == [*shown, "Text."]


def test_headers_of_the_section_before(read: Read) -> None:
    body = (
        p("One.", properties=section("header first rA", "header default rB"))
        + p("Two.")
        + section(inner="<w:titlePg/>")
    )
    data = header_file(body, rA=p("First"), rB=p("Default"))
    assert read(data, "a.docx").text.split("\n\n") == ["Default", "One.", "First", "Two."]


def test_numbered_paragraph_that_is_empty_adds_nothing(read: Read) -> None:
    assert read(word_file(p("Text.") + numbered("", 1)), "a.docx").text == "Text."


BOLD = "<w:b/>"


@pytest.mark.parametrize(
    ("run", "heading"),
    [(BOLD, True), ('<w:u w:val="single"/>', True), ('<w:sz w:val="32"/>', True), ("<w:i/>", False)],
)
def test_paragraphs_that_look_like_headings_are_such(read: Read, run: str, heading: bool) -> None:
    document = read(word_file(p("Fire", run=run) + p("Call 112 at once.")), "a.docx")
    assert document.blocks[1].heading_path == (("Fire",) if heading else ())


@pytest.mark.parametrize(
    "body",
    [
        p("Never run.", run=BOLD) + p("It is wet."),
        p("Fire", run=BOLD),
        p("Fire", run=BOLD) + p("Water", run=BOLD),
        p(inner=r("Fire", BOLD) + r(" is hot")) + p("It burns."),
    ],
)
def test_what_is_bold_and_no_heading(read: Read, body: str) -> None:
    assert all(block.kind != "heading" for block in read(word_file(body), "a.docx").blocks)


def test_authors_below_a_title_are_no_titles(read: Read, blocks_of: BlocksOf) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="A"><w:name w:val="Author"/><w:basedOn w:val="T"/></w:style>'
    )
    document = read(word_file(p("Weirs", "T") + p("Mara Quill", "A"), styles=styles), "a.docx")
    assert blocks_of(document) == [("heading", "Weirs"), ("paragraph", "Mara Quill")]


def test_the_title_stands_above_the_headings_of_the_first_level_and_one_of_several_does_not(read: Read) -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name[0]}"><w:name w:val="{name}"/></w:style>'
        for name in ("Title", "heading 1")
    )

    def paths(body: str) -> list[tuple[str, ...]]:
        blocks = read(word_file(body, styles=styles), "a.docx").blocks
        return [block.heading_path for block in blocks if block.kind == "paragraph"]

    sections = p("Locks", "h") + p("Two.") + p("Gates", "h") + p("Four.")
    assert paths(p("Weirs", "T") + sections) == [("Weirs", "Locks"), ("Weirs", "Gates")]
    assert paths(sections + p("Weirs", "T") + p("Six.")) == [("Locks",), ("Gates",), ("Weirs",)]
    assert paths(p("Weirs", "T") + p("Locks", "T") + p("Two.") + p("Gates", "h") + p("Four.")) == [
        ("Locks",),
        ("Gates",),
    ]


def test_lists_of_inner_styles_stand_inside(read: Read) -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="L{level}"><w:name w:val="List Bullet{level}"/></w:style>'
        for level in ("", " 2")
    )
    body = p("Gas kiln", "L") + p("Front burner", "L 2")
    assert read(word_file(body, styles=styles), "a.docx").text == "- Gas kiln\n  - Front burner"
