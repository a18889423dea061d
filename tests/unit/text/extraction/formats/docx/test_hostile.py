"""Files that are made to cost: each ends, as text or as a rejection."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.docx.diagrams import diagram_items
from portfolio_rag.text.extraction.formats.docx.fields import PAGE_NUMBER, without_page_numbers
from portfolio_rag.text.extraction.formats.docx.formulas import linear
from tests.support.word import p, part, r, tbl, tc, tr, word_file

Read = Callable[..., ExtractedDocument]

FOLDS = {
    "tables": lambda inner: tbl(tr(tc(inner + p()), "side")),
    "single cells": lambda inner: tbl(tr(tc(inner + p()))),
    "controls": lambda inner: f"<w:sdt><w:sdtContent>{inner}</w:sdtContent></w:sdt>",
    "text boxes": lambda inner: p("box", inner=f"<w:r><w:pict><w:txbxContent>{inner}</w:txbxContent></w:pict></w:r>"),
    "links": lambda inner: f"<w:hyperlink>{inner}</w:hyperlink>",
}


@pytest.mark.parametrize("depth", [30, 60, 400])
@pytest.mark.parametrize("fold", FOLDS)
def test_nesting(read: Read, fold: str, depth: int) -> None:
    body = p("core")
    for _ in range(depth):
        body = FOLDS[fold](body)
    try:
        assert "core" in read(word_file(body), "a.docx").text
    except DocumentRejected:
        assert depth > 30


@pytest.mark.parametrize(("name", "argument"), [("f", "num"), ("d", "e"), ("sSup", "e"), ("rad", "e"), ("acc", "e")])
def test_nested_formulas(name: str, argument: str) -> None:
    inner = "<m:r><m:t>x</m:t></m:r>"
    for _ in range(60):
        inner = f"<m:{name}><m:{argument}>{inner}</m:{argument}></m:{name}>"
    assert "x" in linear(etree.fromstring(part("m:oMath", inner).encode()))


def test_formula_that_nearly_is_an_index() -> None:
    text = "x" + "_a" * 4000 + "+"
    formula = f"<m:f><m:num><m:r><m:t>{text}</m:t></m:r></m:num><m:den><m:r><m:t>{text}</m:t></m:r></m:den></m:f>"
    assert linear(etree.fromstring(part("m:oMath", formula).encode())) == f"({text})/({text})"


def test_blanks_behind_a_page_number() -> None:
    assert without_page_numbers("Page " + PAGE_NUMBER + " " * 50_000 + "Rev").strip() == "Rev"


def test_many_begun_fields(read: Read) -> None:
    begun = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    assert read(word_file(p(inner=begun * 2000 + r("text"))), "a.docx").text == "text"


def test_rows_of_wide_cells(read: Read) -> None:
    wide = tc(p("x"), '<w:gridSpan w:val="1000"/>')
    body = tbl(*(tr(*[wide] * 30) for _ in range(30)))
    assert len(read(word_file(body), "a.docx").text) < 10_000
    with pytest.raises(DocumentRejected, match="characters"):
        read(word_file(tbl(tr("a", wide), tr(*"b" * 1001), tr("d", wide))), "a.docx", max_characters=2_000)


def test_loops_of_diagram_points() -> None:
    text = "<dgm:t><a:p><a:r><a:t>{0}</a:t></a:r></a:p></dgm:t>"
    points = "".join(f'<dgm:pt modelId="{at}">{text.format(at)}</dgm:pt>' for at in "12")
    loops = '<dgm:cxn srcId="1" destId="2"/><dgm:cxn srcId="2" destId="1"/>'
    model = part("dgm:dataModel", f"<dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{loops}</dgm:cxnLst>")
    assert diagram_items(etree.fromstring(model.encode())) == [(0, "1"), (1, "2")]
