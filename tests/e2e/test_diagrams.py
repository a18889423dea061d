"""Every Mermaid diagram of the documentation is drawn, by Mermaid itself in Chromium; nothing is fetched meanwhile.

DIAGRAMS names a folder: their pictures are then kept there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from scripts.chromium_browser import ARGUMENTS
from scripts.npm_package import MERMAID, NotFetched
from tests.e2e.swagger import chromium_path
from tests.support.pages import PAGES, ROOT

pytestmark = pytest.mark.browser

DIAGRAMS = [
    pytest.param(diagram, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, diagram in enumerate(
        re.findall(r"^```mermaid\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    )
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """With Mermaid loaded. Without npm's registry the test is skipped, or fails when BROWSER_TESTS=required."""
    try:
        script = MERMAID.file("dist/mermaid.min.js")
    except NotFetched as error:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(str(error))
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_content("<!doctype html><body></body>")
        page.add_script_tag(path=script)
        page.evaluate("mermaid.initialize({startOnLoad: false, securityLevel: 'strict'})")
        yield page
        browser.close()


def draw(page: Page, diagram: str) -> str:
    svg: str = page.evaluate(
        "async (text) => { const {svg} = await mermaid.render('diagram', text); document.body.innerHTML = svg; "
        "return svg; }",
        diagram,
    )
    return svg


@pytest.mark.parametrize("diagram", DIAGRAMS)
def test_a_diagram_is_drawn_with_all_its_texts(page: Page, diagram: str) -> None:
    svg = draw(page, diagram)
    assert "Syntax error" not in svg
    if folder := os.environ.get("DIAGRAMS"):
        name = re.sub(r"\W+", "-", os.environ["PYTEST_CURRENT_TEST"].split("[")[1].split("]")[0])
        page.locator("svg").screenshot(path=Path(folder) / f"{name}.png")
    page.locator("svg style").evaluate_all("styles => styles.forEach(style => style.remove())")
    shown = "".join((page.locator("svg").text_content() or "").split())
    for text in re.findall(r'\[?\("?([^"()\[\]]+)"?\)|\["([^"]+)"\]', diagram):
        label = "".join("".join(text).split())
        assert label in shown, label
    box = page.locator("svg").bounding_box()
    assert box is not None
    assert box["width"] > 100
    assert box["height"] > 100


def test_a_diagram_that_is_none_is_told(page: Page) -> None:
    with pytest.raises(Exception, match=r"Parse error|Lexical error"):
        draw(page, "flowchart LR\n    a --> --> b\n")


def test_there_are_diagrams() -> None:
    assert len(DIAGRAMS) >= 5
