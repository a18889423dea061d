"""Automatic numbers, as Word shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.docx.number_formats import formatted
from tests.support.word import numbered, p, word_file

Read = Callable[..., ExtractedDocument]


def level(at: int, text: str, kind: str = "decimal", inner: str = "", start: int = 1) -> str:
    shape = f'<w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>{inner}<w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{at}">{shape}</w:lvl>'


def abstract(name: int, *levels: str, inner: str = "") -> str:
    return f'<w:abstractNum w:abstractNumId="{name}">{inner}{"".join(levels)}</w:abstractNum>'


def num(name: int, of: int, inner: str = "") -> str:
    return f'<w:num w:numId="{name}"><w:abstractNumId w:val="{of}"/>{inner}</w:num>'


def lines(read: Read, body: str, numbering: str, styles: str = "") -> list[str]:
    text = read(word_file(body, numbering=numbering, styles=styles), "a.docx").text
    return [line.strip() for line in text.split("\n") if line.strip()]


LEGAL = abstract(0, level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter")) + num(1, 0)


def test_levels_restart_below_the_one_above(read: Read) -> None:
    body = "".join(numbered(text, 1, at) for text, at in [("A", 0), ("B", 1), ("C", 1), ("D", 2), ("E", 0), ("F", 1)])
    assert lines(read, body, LEGAL) == ["1. A", "1.1 B", "1.2 C", "(a) D", "2. E", "2.1 F"]


def test_goes_on_after_a_paragraph(read: Read) -> None:
    body = numbered("A", 1) + p("Between") + numbered("B", 1)
    assert lines(read, body, LEGAL) == ["1. A", "Between", "2. B"]


def test_two_lists_count_apart(read: Read) -> None:
    numbering = (
        abstract(0, level(0, "%1)")) + abstract(1, level(0, "%1.", "upperRoman", start=3)) + num(1, 0) + num(2, 1)
    )
    body = numbered("A", 1) + numbered("B", 2) + numbered("C", 1) + numbered("D", 2)
    assert lines(read, body, numbering) == ["1) A", "III. B", "2) C", "IV. D"]


def test_lists_of_one_definition_count_on_unless_they_start_anew(read: Read) -> None:
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    numbering = abstract(0, level(0, "%1.")) + num(1, 0) + num(2, 0) + num(3, 0, anew)
    body = "".join(numbered(text, name) for text, name in [("A", 1), ("B", 2), ("C", 3), ("D", 3)])
    assert lines(read, body, numbering) == ["1. A", "2. B", "1. C", "2. D"]


def test_overridden_level(read: Read) -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "Step %1:")}</w:lvlOverride>'
    numbering = abstract(0, level(0, "%1.")) + num(1, 0, own)
    assert lines(read, numbered("Close the valve.", 1), numbering) == ["Step 1: Close the valve."]


@pytest.mark.parametrize(
    ("restart", "shown"),
    [("", "(a) E"), ('<w:lvlRestart w:val="0"/>', "(b) E"), ('<w:lvlRestart w:val="1"/>', "(b) E")],
)
def test_restart(read: Read, restart: str, shown: str) -> None:
    numbering = abstract(0, level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter", restart)) + num(1, 0)
    body = "".join(numbered(text, 1, at) for text, at in [("A", 0), ("B", 1), ("C", 2), ("D", 1), ("E", 2)])
    assert lines(read, body, numbering)[-1] == shown


def test_restart_by_the_level_that_is_named(read: Read) -> None:
    numbering = abstract(
        0, level(0, "%1."), level(1, "%2."), level(2, "(%3)", inner='<w:lvlRestart w:val="1"/>')
    ) + num(1, 0)
    body = "".join(numbered(text, 1, at) for text, at in [("A", 0), ("B", 2), ("C", 1), ("D", 2), ("E", 0), ("F", 2)])
    assert lines(read, body, numbering)[1::2] == ["(1) B", "(2) D", "(1) F"]


def test_legal_numbers_are_decimal(read: Read) -> None:
    numbering = abstract(0, level(0, "Article %1", "upperRoman"), level(1, "%1.%2", inner="<w:isLgl/>")) + num(1, 0)
    body = numbered("Scope", 1) + numbered("Terms", 1) + numbered("Rent", 1, 1)
    assert lines(read, body, numbering) == ["Article I Scope", "Article II Terms", "2.1 Rent"]


@pytest.mark.parametrize(
    ("label", "text", "shown"),
    [("§%1", " Scope", "§1 Scope"), ("§%1", "Scope", "§1 Scope"), ("%1) ", "Scope", "1) Scope"), ("%1)", "x", "1)x")],
)
def test_nothing_between_number_and_text(read: Read, label: str, text: str, shown: str) -> None:
    numbering = abstract(0, level(0, label, inner='<w:suff w:val="nothing"/>')) + num(1, 0)
    assert lines(read, numbered(text, 1), numbering) == [shown]


def test_levels_without_numbers(read: Read) -> None:
    numbering = abstract(0, level(0, "", "none"), level(1, "Note:", "none"), level(2, "·", "bullet")) + num(1, 0)
    body = numbered("A", 1) + numbered("B", 1, 1) + numbered("C", 1, 2)
    assert lines(read, body, numbering) == ["A", "Note: B", "- C"]


def test_bullets_that_tell_something(read: Read) -> None:
    wingdings = '<w:rPr><w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/></w:rPr>'
    numbering = abstract(
        0,
        *(
            level(at, sign, "bullet").replace("</w:lvl>", f"{wingdings}</w:lvl>")
            for at, sign in enumerate("\uf0fc\uf0fb\uf0a7")
        ),
    ) + num(1, 0)
    body = numbered("Lamp", 1) + numbered("Bell", 1, 1) + numbered("Horn", 1, 2)
    assert lines(read, body, numbering) == ["✓ Lamp", "✗ Bell", "- Horn"]


HEADED = "".join(
    f'<w:style w:type="paragraph" w:styleId="H{at}"><w:name w:val="heading {at}"/>{base}<w:pPr><w:numPr>'
    f'<w:ilvl w:val="{at - 1}"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    for at, base in ((1, ""), (2, '<w:basedOn w:val="H1"/>'))
)
HEADINGS = abstract(
    0, level(0, "§ %1", inner='<w:pStyle w:val="H1"/>'), level(1, "%1.%2", inner='<w:pStyle w:val="H2"/>')
) + num(1, 0)


def test_numbers_are_part_of_headings(read: Read) -> None:
    body = p("Scope", "H1") + p("Terms", "H1") + p("Rent", "H2") + p("Due on the sixth.")
    document = read(word_file(body, numbering=HEADINGS, styles=HEADED), "a.docx")
    assert document.blocks[-1].heading_path == ("§ 2 Terms", "2.1 Rent")
    assert document.title == "§ 1 Scope"


def test_style_based_on_a_numbered_one(read: Read) -> None:
    mine = '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="H2"/></w:style>'
    body = p("Scope", "H1") + p("Rent", "Mine")
    assert lines(read, body, HEADINGS, HEADED + mine) == ["§ 1 Scope", "1.1 Rent"]


def test_number_switched_off(read: Read) -> None:
    off = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>'
    body = p("Scope", "H1") + p("Preface", "H1", properties=off) + p("Terms", "H1")
    assert lines(read, body, HEADINGS, HEADED) == ["§ 1 Scope", "Preface", "§ 2 Terms"]


def test_empty_paragraphs_count(read: Read) -> None:
    assert lines(read, p("A", "H1") + p("", "H1") + p("B", "H1"), HEADINGS, HEADED) == ["§ 1 A", "§ 3 B"]


def test_hidden_paragraphs_do_not_count(read: Read) -> None:
    hidden = p("B", "H1", properties="<w:rPr><w:vanish/></w:rPr>", run="<w:vanish/>")
    assert lines(read, p("A", "H1") + hidden + p("C", "H1"), HEADINGS, HEADED) == ["§ 1 A", "§ 2 C"]


def test_paragraphs_whose_end_was_deleted_do_not_count(read: Read) -> None:
    gone = p(properties='<w:numPr><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr>')
    assert lines(read, numbered("A", 1) + gone + numbered("B", 1), LEGAL) == ["1. A", "2. B"]


def test_long_clauses_are_paragraphs(read: Read) -> None:
    text = "The lessee pays the rent. " * 20
    document = read(word_file(numbered("Rent", 1) + numbered(text, 1, 1), numbering=LEGAL), "a.docx")
    assert [block.kind for block in document.blocks] == ["list", "paragraph"]
    assert document.text.split("\n\n")[1].startswith("1.1 The lessee")


def test_numbering_through_a_numbering_style(read: Read) -> None:
    style = (
        '<w:style w:type="numbering" w:styleId="Clauses"><w:name w:val="Clauses"/><w:pPr><w:numPr><w:numId w:val="1"/>'
        "</w:numPr></w:pPr></w:style>"
    )
    numbering = (
        abstract(0, level(0, "Clause %1"), inner='<w:styleLink w:val="Clauses"/>')
        + abstract(1, inner='<w:numStyleLink w:val="Clauses"/>')
        + num(1, 0)
        + num(2, 1)
    )
    assert lines(read, numbered("A", 2) + numbered("B", 2), numbering, style) == ["Clause 1 A", "Clause 2 B"]


def test_numbering_styles_that_refer_to_each_other(read: Read) -> None:
    style = (
        '<w:style w:type="numbering" w:styleId="Loop"><w:name w:val="Loop"/><w:pPr><w:numPr><w:numId w:val="1"/>'
        "</w:numPr></w:pPr></w:style>"
    )
    numbering = abstract(0, inner='<w:numStyleLink w:val="Loop"/>') + num(1, 0)
    assert lines(read, numbered("A", 1), numbering, style) == ["A"]


def test_a_level_without_those_above(read: Read) -> None:
    assert lines(read, numbered("A", 1, 1) + numbered("B", 1, 1), LEGAL) == ["1.1 A", "1.2 B"]


def test_custom_format_in_a_newer_branch(read: Read) -> None:
    shape = (
        '<mc:AlternateContent><mc:Choice Requires="w14">'
        '<w:numFmt w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice>'
        '<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent>'
    )
    numbering = abstract(0, f'<w:lvl w:ilvl="0"><w:start w:val="7"/>{shape}<w:lvlText w:val="%1"/></w:lvl>') + num(1, 0)
    assert lines(read, numbered("Case", 1), numbering) == ["007 Case"]


def test_unknown_numbering(read: Read) -> None:
    assert lines(read, numbered("A", 9), LEGAL) == ["A"]


@pytest.mark.parametrize(
    ("count", "number_format", "shown"),
    [
        (4, "decimal", "4"),
        (1994, "upperRoman", "MCMXCIV"),
        (8, "lowerRoman", "viii"),
        (1, "upperLetter", "A"),
        (28, "lowerLetter", "bb"),
        (11, "ordinal", "11th"),
        (22, "ordinal", "22nd"),
        (3, "cardinalText", "Three"),
        (14, "cardinalText", "Fourteen"),
        (42, "cardinalText", "Forty-two"),
        (110, "cardinalText", "One hundred ten"),
        (1, "ordinalText", "First"),
        (12, "ordinalText", "Twelfth"),
        (20, "ordinalText", "Twentieth"),
        (23, "ordinalText", "Twenty-third"),
        (5, "decimalZero", "05"),
        (3, "decimalEnclosedCircle", "③"),
        (2, "numberInDash", "- 2 -"),
        (12, "chineseCounting", "十二"),
        (2, "chicago", "†"),
        (3, "russianLower", "в"),
        (7, "none", ""),
        (7, "digits3", "007"),
        (7, "somethingNew", "7"),
        (0, "upperRoman", "0"),
        (-1, "lowerLetter", "-1"),
    ],
)
def test_formats(count: int, number_format: str, shown: str) -> None:
    assert formatted(count, number_format) == shown
