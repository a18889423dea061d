"""The address stands behind a link's text where it tells the reader something."""

from __future__ import annotations

import pytest

from portfolio_rag.text.extraction.links import with_address


@pytest.mark.parametrize(
    ("text", "href", "written"),
    [
        ("status page", "https://status.example/report", "status page (https://status.example/report)"),
        (" status page ", "https://a.example/", " status page (https://a.example/) "),
        ("write to us", "mailto:help@a.example?subject=Hi", "write to us (help@a.example)"),
        ("call us", "tel:+49-30-1234", "call us (+49-30-1234)"),
        ("shop", "//a.example/shop", "shop (https://a.example/shop)"),
        ("shop", "www.a.example", "shop (https://www.a.example)"),
        ("file", "https://a.example/my file", "file (https://a.example/my%20file)"),
        ("https://a.example/x", "https://a.example/x", "https://a.example/x"),
        ("a.example", "https://www.a.example/", "a.example"),
        ("help@a.example", "mailto:help@a.example", "help@a.example"),
        ("above", "#section", "above"),
        ("next page", "page2.html", "next page"),
        ("menu", "javascript:void(0)", "menu"),
        ("drive", r"C:\reports\a.docx", "drive"),
        ("empty", "", "empty"),
        ("none", None, "none"),
        ("", "https://a.example", ""),
        ("long", "https://a.example/" + "x" * 500, "long"),
    ],
)
def test_with_address(text: str, href: str | None, written: str) -> None:
    assert with_address(text, href) == written
