"""The text of a paragraph: links, fields, raised text, symbols, controls, notes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.word import Link, p, part, r, word_file

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

SUP = '<w:vertAlign w:val="superscript"/>'
STRUCK = "<w:strike/>"
SUB = '<w:vertAlign w:val="subscript"/>'


def field(instruction: str, result: str = "", form: str = "") -> str:
    shown = f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{r(result)}' if result else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin">{form}</w:fldChar></w:r>'
        f'<w:r><w:instrText>{instruction}</w:instrText></w:r>{shown}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def sym(font: str, code: str) -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (r("10") + r("7", SUP) + r(" cells"), "10^7 cells"),
        (r("costs ") + r("30 ", STRUCK) + r("or 40", "<w:b/>" + STRUCK) + r(" 24"), "costs ~~30 or 40~~ 24"),
        (r("no longer", "<w:dstrike/>") + r(" so", '<w:strike w:val="0"/>'), "~~no longer~~ so"),
        (r("gone", '<w:rStyle w:val="Gone"/>') + r(" new"), "~~gone~~ new"),
        (r("~~~~ rule"), "~~~~ rule"),
        (r("10") + r("−", SUP) + r("4", SUP), "10^−4"),
        (r("CO") + r("2", SUB), "CO_2"),
        (r("the 1") + r("st", SUP) + r(" day"), "the 1st day"),
        (r("x") + r("i", SUB) + r("2", SUP), "x_i^2"),
        (r("a") + r("2", '<w:rStyle w:val="Raised"/>'), "a^2"),
        (r("10") + r("6", '<w:position w:val="8"/><w:sz w:val="14"/>'), "10^6"),
        (r("CO") + r("2", '<w:position w:val="-6"/><w:sz w:val="14"/>'), "CO_2"),
        (r("10") + r("6", '<w:position w:val="2"/><w:sz w:val="14"/>'), "106"),
        (r("Pier") + r("6", '<w:position w:val="8"/><w:sz w:val="28"/>'), "Pier6"),
        (sym("Symbol", "F0B1") + r("5"), "±5"),
        (sym("Wingdings", "FE") + r(" sent"), "☑ sent"),
        (sym("Wingdings", "F0A8") + r(" open"), "☐ open"),
        (sym("Wingdings", "F0E0") + r(" next"), "→ next"),
        (sym("Wingdings 2", "F050") + r(" checked"), "✓ checked"),
        (sym("Arial", "20AC"), "€"),
        (r("\uf061 = 3", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "α = 3"),
        (r("b", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "β"),
        (r("\uf0b3 3 bar"), "≥ 3 bar"),
        (r("co") + "<w:r><w:softHyphen/></w:r>" + r("op"), "coop"),
        (r("a", "<w:vanish/>") + r("b", '<w:vanish w:val="0"/>') + r("c", '<w:rStyle w:val="Unseen"/>'), "b"),
        ("<w:smartTag><w:smartTagPr/><w:r><w:t>Berlin</w:t></w:r></w:smartTag>", "Berlin"),
        ("<w:moveFrom>" + r("old") + "</w:moveFrom><w:moveTo>" + r("new") + "</w:moveTo>", "new"),
        (
            "<w:r><w:ruby><w:rt>" + r("かんじ") + "</w:rt><w:rubyBase>" + r("漢字") + "</w:rubyBase></w:ruby></w:r>",
            "漢字",
        ),
    ],
)
def test_runs(read: Read, inner: str, text: str) -> None:
    styles = (
        f'<w:style w:type="character" w:styleId="Raised"><w:name w:val="Raised"/><w:rPr>{SUP}</w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Unseen"><w:name w:val="Unseen"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:strike/></w:rPr></w:style>'
    )
    assert read(word_file(p(inner=inner), styles=styles), "a.docx").text == text


def test_symbols_of_unknown_fonts_are_told(read: Read) -> None:
    document = read(word_file(p("Press ", inner=sym("House Icons", "F041"))), "a.docx")
    assert document.text == "Press"
    (warning,) = document.warnings
    assert (warning.code, warning.parts) == (WarningCode.UNREADABLE_TEXT, ("House Icons",))


LINKS = {
    "rWeb": Link("hyperlink", "https://status.example/report", external=True),
    "rMail": Link("hyperlink", "mailto:help@a.example", external=True),
}


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (
            '<w:hyperlink r:id="rWeb">' + r("status") + r(" page") + "</w:hyperlink>.",
            "status page (https://status.example/report)",
        ),
        (
            '<w:hyperlink r:id="rWeb" w:anchor="top">' + r("top") + "</w:hyperlink>",
            "top (https://status.example/report#top)",
        ),
        ('<w:hyperlink r:id="rMail">' + r("help@a.example") + "</w:hyperlink>", "help@a.example"),
        ('<w:hyperlink w:anchor="_Toc1">' + r("above") + "</w:hyperlink>", "above"),
        ('<w:hyperlink r:id="rGone">' + r("gone") + "</w:hyperlink>", "gone"),
        (field(' HYPERLINK "https://a.example/x" \\o "tip" ', "here"), "here (https://a.example/x)"),
        (field(' HYPERLINK \\l "chapter" ', "chapter 2"), "chapter 2"),
        (
            '<w:fldSimple w:instr="HYPERLINK &quot;https://a.example&quot;">' + r("there") + "</w:fldSimple>",
            "there (https://a.example)",
        ),
        (field("PAGE", "7"), "7"),
        (field("SYMBOL 177 \\f Symbol"), "±"),
        (
            field(
                "FORMCHECKBOX", form='<w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox></w:ffData>'
            ),
            "☒",
        ),
        (field("FORMCHECKBOX", form='<w:ffData><w:checkBox><w:default w:val="0"/></w:checkBox></w:ffData>'), "☐"),
        (
            field(
                "FORMDROPDOWN",
                form='<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/>'
                '<w:listEntry w:val="blue"/></w:ddList></w:ffData>',
            ),
            "blue",
        ),
        (field(f"IF {field('PAGE', '3')} = 3", "third"), "third"),
    ],
)
def test_links_and_fields(read: Read, inner: str, text: str) -> None:
    assert read(word_file(p(inner=inner), links=LINKS), "a.docx").text == text


def test_link_of_a_picture(read: Read) -> None:
    named = '<wp:docPr id="1" name="P" descr="Shop sign"><a:hlinkClick r:id="rWeb"/></wp:docPr>'
    body = p("See ", inner=f"<w:r><w:drawing><wp:inline>{named}</wp:inline></w:drawing></w:r>")
    assert read(word_file(body, links=LINKS), "a.docx").text == "See Shop sign (https://status.example/report)"


def test_instruction_without_an_end_hides_nothing(read: Read) -> None:
    begun = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC</w:instrText></w:r>'
    assert read(word_file(p(inner=begun) + p("Seen")), "a.docx").text == "Seen"


def test_field_over_paragraphs(read: Read) -> None:
    begun = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    body = p(inner=begun + r("Entry one")) + p("Entry two", inner='<w:r><w:fldChar w:fldCharType="end"/></w:r>')
    assert read(word_file(body), "a.docx").text == "Entry one\n\nEntry two"


@pytest.mark.parametrize(
    ("control", "text"),
    [
        (
            "<w:sdt><w:sdtPr><w:dropDownList/></w:sdtPr><w:sdtContent>" + r("Blue") + "</w:sdtContent></w:sdt>",
            "Colour: Blue",
        ),
        (
            "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
            + r("Choose an item.")
            + "</w:sdtContent></w:sdt>",
            "Colour:",
        ),
        (
            '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent>'
            + r("☒")
            + "</w:sdtContent></w:sdt>",
            "Colour: ☒",
        ),
        (
            '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox></w:sdtPr><w:sdtContent/></w:sdt>',
            "Colour: ☐",
        ),
    ],
)
def test_content_controls(read: Read, control: str, text: str) -> None:
    assert read(word_file(p("Colour: ", inner=control)), "a.docx").text == text


NOTES = {
    "word/footnotes.xml": part(
        "w:footnotes",
        '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        f'<w:footnote w:id="1">{p("The rate is 3.95 percent.")}{p("It is fixed.")}</w:footnote>'
        f'<w:footnote w:id="2">{p("Until May.")}</w:footnote>',
    ),
    "word/endnotes.xml": part("w:endnotes", f'<w:endnote w:id="1">{p("See the annex.")}</w:endnote>'),
    "word/comments.xml": part(
        "w:comments", f'<w:comment w:id="4" w:author="Ann Ode" w:initials="AO">{p("Too high?")}</w:comment>'
    ),
}
NOTE_LINKS = {name: Link(name, f"{name}.xml") for name in ("footnotes", "endnotes", "comments")}


def foot(note_id: int) -> str:
    return f'<w:r><w:rPr>{SUP}</w:rPr><w:footnoteReference w:id="{note_id}"/></w:r>'


def read_notes(read: Read, body: str, settings: str = "") -> ExtractedDocument:
    return read(word_file(body, links=NOTE_LINKS, parts=NOTES, settings=settings), "a.docx")


def test_notes_stand_behind_their_paragraph(read: Read, blocks_of: BlocksOf) -> None:
    end = '<w:r><w:endnoteReference w:id="1"/></w:r>'
    body = p("The loan has a rate.", inner=foot(2) + r(" It ends.") + foot(1) + end) + p("Next.")
    assert blocks_of(read_notes(read, body)) == [
        ("paragraph", "The loan has a rate.[note 1] It ends.[note 2][endnote i]"),
        ("paragraph", "Note 1: Until May."),
        ("paragraph", "Note 2: The rate is 3.95 percent.\nIt is fixed."),
        ("paragraph", "Endnote i: See the annex."),
        ("paragraph", "Next."),
    ]


def test_formats_of_notes(read: Read) -> None:
    settings = '<w:footnotePr><w:numFmt w:val="lowerLetter"/><w:numStart w:val="3"/></w:footnotePr>'
    assert "rate.[note c]" in read_notes(read, p("A rate.", inner=foot(1)), settings).text


def test_note_with_a_mark_of_its_own(read: Read) -> None:
    mark = f'<w:r><w:rPr>{SUP}</w:rPr><w:footnoteReference w:customMarkFollows="1" w:id="2"/><w:t>*</w:t></w:r>'
    assert read_notes(read, p("A rate", inner=mark)).text == "A rate*\n\nNote *: Until May."


def test_headings_carry_no_marks(read: Read, blocks_of: BlocksOf) -> None:
    link = '<w:hyperlink r:id="rWeb">' + r(" of loans") + "</w:hyperlink>"
    body = p("Terms", "Heading1", inner=link + foot(2))
    document = read(word_file(body, links={**NOTE_LINKS, **LINKS}, parts=NOTES), "a.docx")
    assert blocks_of(document) == [
        ("heading", "Terms of loans"),
        ("paragraph", "of loans (https://status.example/report)"),
        ("paragraph", "Note 1: Until May."),
    ]


def test_notes_of_items_stand_behind_the_list(read: Read, blocks_of: BlocksOf) -> None:
    style = '<w:style w:type="paragraph" w:styleId="B"><w:name w:val="List Bullet"/></w:style>'
    body = p("one", "B", inner=foot(2)) + p("two", "B") + p("After.")
    document = read(word_file(body, links=NOTE_LINKS, parts=NOTES, styles=style), "a.docx")
    assert blocks_of(document) == [
        ("list", "- one[note 1]\n- two"),
        ("paragraph", "Note 1: Until May."),
        ("paragraph", "After."),
    ]


def test_comments_say_what_they_are_about(read: Read, blocks_of: BlocksOf) -> None:
    inner = (
        '<w:commentRangeStart w:id="4"/>' + r("12 euros") + '<w:commentRangeEnd w:id="4"/>'
        '<w:r><w:commentReference w:id="4"/></w:r>' + r(" a month.")
    )
    assert blocks_of(read_notes(read, p("It costs ", inner=inner))) == [
        ("paragraph", "It costs 12 euros a month."),
        ("paragraph", "Comment by Ann Ode on “12 euros”: Too high?"),
    ]


def test_damaged_notes_are_told(read: Read) -> None:
    body = p("A rate.", inner=foot(1))
    document = read(word_file(body, links=NOTE_LINKS, parts={"word/footnotes.xml": "<w:foot"}), "a.docx")
    assert document.text == "A rate.[note 1]"
    (warning,) = document.warnings
    assert (warning.code, warning.parts) == (WarningCode.PARTS_LEFT_OUT, ("word/footnotes.xml",))
