"""What is put onto a page: values of forms, typed text, notes, stamps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.pdfs import FIRST_OBJECT, Ink, Sheet, column

Read = Callable[..., ExtractedDocument]
MakePdf = Callable[..., bytes]


def form(read: Read, pdf: MakePdf, inks: Sequence[Ink], fields: Sequence[str]) -> str:
    references = [f"{FIRST_OBJECT + number} 0 R" for number in range(len(fields))]
    data = pdf(
        [Sheet(inks, annotations=references)],
        catalog=f"/AcroForm<</Fields[{' '.join(references)}]/DA(/Helv 0 Tf 0 g)>>",
        objects=[field.encode() for field in fields],
    )
    return read(data, "a.pdf").text


def widget(kind: str, name: str, rect: str, entries: str) -> str:
    return f"<</Type/Annot/Subtype/Widget/FT/{kind}/T({name})/Rect[{rect}]{entries}>>"


def test_values_stand_beside_their_labels(read: Read, pdf: MakePdf) -> None:
    inks = [Ink(text, 72, y) for text, y in (("Skipper", 700), ("Home port:", 676), ("Flag", 652), ("Secret", 628))]
    fields = [
        widget("Tx", "skipper", "200 696 400 714", "/V(Ann Lee)"),
        widget("Tx", "port", "200 672 400 690", "/V(Norvik)"),
        widget("Ch", "flag", "200 648 400 666", "/Ff 131072/Opt[[(no)(Norway)][(se)(Sweden)]]/V(se)"),
        widget("Tx", "secret", "200 624 400 642", "/Ff 8192/V(hush)"),
    ]
    assert form(read, pdf, inks, fields).split("\n\n") == [
        "Skipper Ann Lee",
        "Home port: Norvik",
        "Flag Sweden",
        "Secret",
    ]


def test_boxes_show_whether_they_are_ticked(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("Night berth", 90, 702), Ink("Day berth", 90, 682), Ink("Crane", 72, 662)]
    ticked = "/V/Yes/AS/Yes/AP<</N<</Yes null/Off null>>>>"
    fields = [
        widget("Btn", "night", "72 700 84 712", ticked),
        widget("Btn", "day", "72 680 84 692", "/V/Off/AS/Off"),
        widget("Btn", "crane", "160 660 172 672", ticked),
    ]
    assert " ".join(form(read, pdf, inks, fields).split()) == "☒ Night berth ☐ Day berth Crane ☒"


def test_radio_buttons(read: Read, pdf: MakePdf) -> None:
    buttons = [
        f"<</Type/Annot/Subtype/Widget/Parent 5 0 R/Rect[{x} 700 {x + 12} 712]/AS/{state}"
        f"/AP<</N<</{name} null/Off null>>>>>>"
        for x, state, name in ((72, "Off", "S"), (172, "L", "L"))
    ]
    data = pdf(
        [Sheet([Ink("small", 90, 702), Ink("large", 190, 702)], annotations=["6 0 R", "7 0 R"])],
        catalog="/AcroForm<</Fields[5 0 R]>>",
        objects=[b"<</FT/Btn/Ff 49152/T(size)/V/L/Kids[6 0 R 7 0 R]>>", *(button.encode() for button in buttons)],
    )
    assert read(data, "a.pdf").text == "☐ small ☒ large"


def test_a_field_of_several_lines(read: Read, pdf: MakePdf) -> None:
    fields = [widget("Tx", "remarks", "72 600 400 680", "/Ff 4096/V(Bring a rope.\\nMind the step.)")]
    text = form(read, pdf, column("Remarks"), fields)
    assert " ".join(text.split()) == "Remarks Bring a rope. Mind the step."


def test_a_field_of_several_lines_begins_beside_its_label(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("Address:", 72, 690), Ink("Berth:", 72, 640)]
    fields = [
        widget("Tx", "address", "150 675 400 705", "/Ff 4096/V(3 Quay Road\\nNorvik)"),
        widget("Tx", "berth", "150 636 400 654", "/V(12)"),
    ]
    assert " ".join(form(read, pdf, inks, fields).split()) == "Address: 3 Quay Road Norvik Berth: 12"


def test_typed_text_stands_where_it_was_typed(read: Read, pdf: MakePdf) -> None:
    inks = [Ink("Main fuse:", 72, 700), Ink("The box stands by the door.", 72, 660)]
    typed = "<</Type/Annot/Subtype/FreeText/Rect[200 694 330 714]/Contents(63 A)/DA(/Helv 10 Tf)>>"
    assert (
        read(pdf([Sheet(inks, annotations=[typed])]), "a.pdf").text == "Main fuse: 63 A\n\nThe box stands by the door."
    )


def test_notes_and_stamps_are_said_as_such(read: Read, pdf: MakePdf) -> None:
    annotations = [
        "<</Type/Annot/Subtype/Text/Rect[300 690 320 710]/T(Ann)/Contents(Ask the pilot)>>",
        "<</Type/Annot/Subtype/Highlight/Rect[72 690 100 710]/Contents(True?)>>",
        "<</Type/Annot/Subtype/Stamp/Rect[300 500 400 550]/Name/NotApproved>>",
        "<</Type/Annot/Subtype/Text/F 2/Rect[300 690 320 710]/Contents(hidden)>>",
        "<</Type/Annot/Subtype/Highlight/Rect[72 690 100 710]>>",
    ]
    page = Sheet(column("The lock opens at five,", "but not on Sundays."), annotations=annotations)
    assert read(pdf([page]), "a.pdf").text.split("\n\n") == [
        "The lock opens at five, but not on Sundays.",
        "Note by Ann: Ask the pilot",
        "Note: True?",
        "Stamp: Not Approved",
    ]
