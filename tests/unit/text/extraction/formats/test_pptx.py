"""Presentations: slides as pages, shapes as the eye goes over them, charts, diagrams, notes and comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.util import Inches, Pt

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument
from tests.support.office import deck, saved

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]
BLANK = 6


def new(layout: int = BLANK) -> tuple[Any, Any]:
    presentation = pptx.Presentation()
    return presentation, presentation.slides.add_slide(presentation.slide_layouts[layout])


def box(shapes: Any, text: str, left: float, top: float) -> Any:
    shape = shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1))
    shape.text_frame.text = text
    return shape


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    presentation, slide = new(1)
    slide.shapes.title.text = "Fleet plan"
    frame = slide.placeholders[1].text_frame
    frame.text = "Buy ships"
    frame.add_paragraph().text = "two of them"
    frame.paragraphs[1].level = 1
    slide.notes_slide.notes_text_frame.text = "Say hello first."
    hidden = presentation.slides.add_slide(presentation.slide_layouts[5])
    hidden.shapes.title.text = "Backup"
    hidden._element.set("show", "0")
    extracted = read(saved(presentation), "a.pptx")
    assert extracted.file_type == "pptx"
    assert extracted.title == "Fleet plan"
    assert extracted.page_count == 2
    assert blocks_of(extracted) == [
        ("heading", "Slide 1: Fleet plan"),
        ("list", "- Buy ships\n  - two of them"),
        ("heading", "Notes"),
        ("paragraph", "Say hello first."),
        ("heading", "Slide 2 (hidden): Backup"),
    ]
    assert extracted.blocks[3].heading_path == ("Slide 1: Fleet plan", "Notes")
    assert [block.page for block in extracted.blocks] == [1, 1, 1, 1, 2]


def test_a_slide_that_was_moved_is_where_it_is_shown(read: Read, blocks_of: BlocksOf) -> None:
    # Other readers go by the names of the files: findings/kreuzberg-slide-order.sh.
    presentation, first = new(5)
    first.shapes.title.text = "Made first"
    presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = "Made second"
    presentation.slides._sldIdLst.append(presentation.slides._sldIdLst[0])
    extracted = read(saved(presentation), "a.pptx")
    assert [text for _, text in blocks_of(extracted)] == ["Slide 1: Made second", "Slide 2: Made first"]


def test_titles(read: Read) -> None:
    presentation, slide = new(5)
    presentation.core_properties.title = "PowerPoint Presentation"
    box(slide.shapes, "words", 1, 1)
    assert read(saved(presentation), "a.pptx").title is None
    slide.shapes.title.text = "Fleet plan"
    assert read(saved(presentation), "a.pptx").title == "Fleet plan"
    presentation.core_properties.title = "Fleet of 2026"
    assert read(saved(presentation), "a.pptx").title == "Fleet of 2026"


def test_shapes_in_the_order_of_the_eye(read: Read) -> None:
    presentation, slide = new()
    box(slide.shapes, "bottom", 1, 6)
    box(slide.shapes, "right", 6, 1)
    box(slide.shapes, "left", 1, 1.2)
    group = slide.shapes.add_group_shape()
    box(group.shapes, "group right", 4, 3)
    box(group.shapes, "group left", 1, 3)
    text = read(saved(presentation), "a.pptx").text
    assert text.split("\n\n") == ["Slide 1", "left", "right", "group left", "group right", "bottom"]


def test_a_group_that_was_moved_is_read_where_it_is_seen(read: Read) -> None:
    presentation, slide = new()
    box(slide.shapes, "middle", 1, 3)
    group = slide.shapes.add_group_shape()
    box(group.shapes, "moved up", 1, 6)
    group.top = Inches(0.5)
    assert read(saved(presentation), "a.pptx").text.split("\n\n")[1:] == ["moved up", "middle"]


def test_tables_with_merged_cells(read: Read) -> None:
    presentation, slide = new()
    table = slide.shapes.add_table(3, 3, Inches(1), Inches(1), Inches(6), Inches(2)).table
    for row, texts in enumerate([["Plan", "Users", "Price"], ["Gold", "900", "5"], ["", "800", "4"]]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert (
        "Plan: Gold | Users: 900 | Price: 5\nPlan: Gold | Users: 800 | Price: 4"
        in read(saved(presentation), "a.pptx").text
    )


def test_charts(read: Read) -> None:
    presentation, slide = new()
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("Ships", (410, 455.5))
    data.add_series("Crew", (20, None))
    bars = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data).chart
    bars.has_title = True
    bars.chart_title.text_frame.text = "The fleet"
    points = XyChartData()
    points.add_series("Depth").add_data_point(1.5, 7)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, 0, Inches(4), Inches(4), Inches(3), points)
    text = read(saved(presentation), "a.pptx").text
    assert "Chart: The fleet\n\n2024 | Ships: 410 | Crew: 20\n2025 | Ships: 455.5" in text
    assert "1.5 | Depth: 7" in text


DIAGRAM = """<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:ptLst><dgm:pt modelId="0" type="doc"/>
 <dgm:pt modelId="2"><dgm:t><a:p><a:r><a:t>Ship</a:t></a:r></a:p></dgm:t></dgm:pt>
 <dgm:pt modelId="1"><dgm:t><a:p><a:r><a:t>Order</a:t></a:r></a:p></dgm:t></dgm:pt>
 <dgm:pt modelId="3"><dgm:t><a:p><a:r><a:t>by mail</a:t></a:r></a:p></dgm:t></dgm:pt>
 <dgm:pt modelId="9" type="pres"><dgm:t><a:p><a:r><a:t>twice</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst>
 <dgm:cxnLst><dgm:cxn modelId="7" srcId="0" destId="2" srcOrd="1"/>
 <dgm:cxn modelId="6" srcId="0" destId="1" srcOrd="0"/>
 <dgm:cxn modelId="8" srcId="1" destId="3" srcOrd="0"/></dgm:cxnLst></dgm:dataModel>"""
FRAME = """<p:graphicFrame xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:nvGraphicFramePr>
 <p:cNvPr id="9" name="Diagram"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr><p:xfrm><a:off x="0" y="0"/>
 <a:ext cx="9" cy="9"/></p:xfrm><a:graphic>
 <a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/diagram">
 <dgm:relIds xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" r:dm="{dm}"/>
 </a:graphicData></a:graphic>
 </p:graphicFrame>"""


def attach(slide: Any, name: str, kind: str, content: str) -> str:
    part = Part(PackURI(f"/ppt/{name}"), "application/xml", slide.part.package, content.encode())
    return str(slide.part.relate_to(part, kind))


def test_diagrams_in_the_order_of_their_links(read: Read, blocks_of: BlocksOf) -> None:
    presentation, slide = new()
    relation = attach(slide, "diagrams/data1.xml", RELATIONSHIP_TYPE.DIAGRAM_DATA, DIAGRAM)
    slide.shapes._spTree.append(etree.fromstring(FRAME.format(dm=relation)))
    assert ("list", "- Order\n  - by mail\n- Ship") in blocks_of(read(saved(presentation), "a.pptx"))


def test_links_raised_text_numbers_and_descriptions(read: Read) -> None:
    presentation, slide = new()
    frame = box(slide.shapes, "", 1, 1).text_frame
    run = frame.paragraphs[0].add_run()
    run.text = "status page"
    run.hyperlink.address = "https://a.example/x"
    power = frame.paragraphs[0].add_run()
    power.text = " 10"
    raised = frame.paragraphs[0].add_run()
    raised.text = "7"
    raised.font._element.set("baseline", "30000")
    assert "status page (https://a.example/x) 10^7" in read(saved(presentation), "a.pptx").text


def test_what_stands_in_alternatives_is_read_once(read: Read) -> None:
    presentation, slide = new()
    shape = box(slide.shapes, "formula here", 1, 1)._element
    namespace = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    wrapped = etree.SubElement(slide.shapes._spTree, f"{{{namespace}}}AlternateContent")
    etree.SubElement(wrapped, f"{{{namespace}}}Choice").append(shape)
    fallback = etree.SubElement(wrapped, f"{{{namespace}}}Fallback")
    fallback.append(etree.fromstring(etree.tostring(shape)))
    assert read(saved(presentation), "a.pptx").text == "Slide 1\n\nformula here"


def test_footers_once_and_comments(read: Read) -> None:
    presentation, slide = new()
    box(slide.shapes, "words", 1, 1)
    namespace = "http://schemas.openxmlformats.org/presentationml/2006/main"
    comments = f'<p:cmLst xmlns:p="{namespace}"><p:cm authorId="0"><p:text>check this</p:text></p:cm></p:cmLst>'
    attach(slide, "comments/comment1.xml", RELATIONSHIP_TYPE.COMMENTS, comments)
    assert "Comment: check this" in read(saved(presentation), "a.pptx").text


def test_slides_of_pictures_are_said(read: Read) -> None:
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    presentation, slide = new()
    slide.shapes.add_picture(picture, 0, 0)
    box(presentation.slides.add_slide(presentation.slide_layouts[BLANK]).shapes, "words", 1, 1)
    extracted = read(saved(presentation), "a.pptx")
    assert extracted.text == "Slide 2\n\nwords"
    assert [(warning.code, warning.pages) for warning in extracted.warnings] == [("PAGES_WITHOUT_TEXT", (1,))]


def test_shows_and_templates_are_presentations(read: Read, rezip: Callable[..., bytes]) -> None:
    import io
    import zipfile

    data = deck("Fleet")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml")
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as show:
        for name in old.namelist():
            content = types.replace(b"presentation.main+xml", b"slideshow.main+xml")
            show.writestr(name, content if name == "[Content_Types].xml" else old.read(name))
    assert "Slide 1: Fleet" in read(target.getvalue(), "a.ppsx").text


def test_too_many_slides(read: Read) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(deck("a", "b", "c"), "a.pptx", max_pages=2)
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED


@pytest.mark.parametrize("content", [b"", b"<broken", b'<a xmlns="b"/>'])
@pytest.mark.parametrize("part", ["ppt__presentation_DOT_xml", "ppt__slides__slide1_DOT_xml"])
def test_damaged_presentations_are_refused(read: Read, rezip: Callable[..., bytes], part: str, content: bytes) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(rezip(deck("Fleet"), **{part: content}), "a.pptx")
    assert rejected.value.reason is FailureReason.MALFORMED


def test_headings_above_their_texts_are_read_with_them(read: Read) -> None:
    presentation, slide = new(4)
    slide.shapes.title.text = "Cranes"
    for place, text in ((1, "Old"), (2, "Lifts 5 t\nBuilt in 1970"), (3, "New"), (4, "Lifts 9 t\nBuilt in 2024")):
        slide.placeholders[place].text = text
    text = read(saved(presentation), "a.pptx").text
    assert [text.index(part) for part in ("Old", "1970", "New", "2024")] == sorted(
        text.index(part) for part in ("Old", "1970", "New", "2024")
    )


@pytest.mark.parametrize(("points", "heading"), [(40, "Slide 1: Exits"), (18, "Slide 1")])
def test_large_text_at_the_top_is_the_title(read: Read, points: int, heading: str) -> None:
    presentation, slide = new()
    title = box(slide.shapes, "Exits", 1, 0.5)
    title.text_frame.paragraphs[0].runs[0].font.size = Pt(points)
    box(slide.shapes, "Exit A is beside the crane.", 1, 3)
    assert read(saved(presentation), "a.pptx").blocks[0].heading_path == (heading,)


def test_formulas_are_linear(read: Read) -> None:
    presentation, slide = new()
    paragraph = box(slide.shapes, "Flow: ", 1, 1).text_frame.paragraphs[0]._p
    maths = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    fraction = "<m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f>"
    paragraph.append(
        etree.fromstring(
            f'<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" xmlns:m="{maths}">'
            f"<m:oMath>{fraction}</m:oMath></a14:m>"
        )
    )
    assert "Flow: a/b" in read(saved(presentation), "a.pptx").text


def test_a_bold_first_row_names_the_columns(read: Read, blocks_of: BlocksOf) -> None:
    presentation, slide = new()
    table = slide.shapes.add_table(2, 2, 0, 0, Inches(4), Inches(1)).table
    table.first_row = False
    for (row, column), text in {(0, 0): "Cone", (0, 1): "Heat", (1, 0): "06", (1, 1): "1000"}.items():
        table.cell(row, column).text = text
        table.cell(row, column).text_frame.paragraphs[0].runs[0].font.bold = row == 0
    assert ("table", "Cone: 06 | Heat: 1000") in blocks_of(read(saved(presentation), "a.pptx"))


def test_struck_out_text_is_marked(read: Read) -> None:
    presentation, slide = new()
    paragraph = box(slide.shapes, "costs ", 1, 1).text_frame.paragraphs[0]
    for text, strike in (("30", "sngStrike"), (" or 40", "dblStrike"), (" 24", "noStrike")):
        run = paragraph.add_run()
        run.text = text
        run._r.get_or_add_rPr().set("strike", strike)
    assert "costs ~~30 or 40~~ 24" in read(saved(presentation), "a.pptx").text


def test_a_chart_shows_percentages_as_such(read: Read) -> None:
    presentation, slide = new()
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["2024"]
    data.add_series("Ships", (0.125,))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data)
    assert "2024 | Ships: 12.5%" in read(saved(presentation), "a.pptx").text
