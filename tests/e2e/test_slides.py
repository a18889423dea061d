"""`make slides`: the deck builds, each slide fits its page, and its figures are those of the documentation."""

from __future__ import annotations

import os
from pathlib import Path

import pypdfium2
import pytest

from scripts import slides
from scripts.npm_package import MERMAID, NotFetched
from scripts.slides import SOURCE, SlidesWrong, build, split, table_of
from tests.e2e.swagger import chromium_path

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """Without Chromium or npm's registry the tests are skipped, or fail when BROWSER_TESTS=required."""
    chromium_path()
    try:
        MERMAID.file("dist/mermaid.min.js")
    except NotFetched as error:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(str(error))
        pytest.skip(str(error))


def pages_of(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    return [page.get_textpage().get_text_range() for page in document]


def test_the_deck_has_a_page_for_each_slide(tmp_path: Path) -> None:
    built = build(output=tmp_path / "deck.pdf")
    source = split(SOURCE.read_text(encoding="utf-8"))
    pages = pages_of(built.path)
    assert len(pages) == built.pages == len(source) >= 12
    for number, (slide, page) in enumerate(zip(source, pages, strict=True), start=1):
        title = slide.splitlines()[0].lstrip("# ")
        assert title.split()[0] in page, number
        assert page.strip().endswith(str(number))
        assert "{{" not in page
        assert "<!--" not in page
    # Mermaid has drawn: its labels are text of the page.
    assert "S3 vectors" in pages[3]
    assert "flowchart" not in pages[3]


@pytest.mark.parametrize(
    "body",
    ["\n".join(f"- line {number}" for number in range(30)), "`" + "x" * 200 + "`"],
    ids=["too long", "too wide"],
)
def test_a_slide_that_does_not_fit_is_named(tmp_path: Path, body: str) -> None:
    source = tmp_path / "deck.md"
    source.write_text(f"# First\n\n---\n\n## Second\n\n{body}\n", encoding="utf-8")
    with pytest.raises(SlidesWrong, match=r"slides 2 \(Second\)"):
        build(source, tmp_path / "deck.pdf")


def test_a_table_is_that_of_its_page(tmp_path: Path) -> None:
    page = "# Page\n\n## Figures\n\nWords.\n\n| a | b | c |\n|---|---|---|\n| x | 1 | 2 |\n| y | 3 | 4 |\n\nMore.\n"
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    source = tmp_path / "deck.md"
    whole = "| a | b | c |\n| --- | --: | --: |\n| x | 1 | 2 |\n| y | 3 | 4 |"
    assert table_of('page.md "## Figures"', source) == whole
    chosen = table_of('page.md "## Figures" columns 0 c rows y', source)
    assert chosen == "| a | c |\n| --- | --: |\n| y | 4 |"
    for wrong in ('"## Other"', '"## Figures" columns d', '"## Figures" rows z'):
        with pytest.raises(SlidesWrong):
            table_of(f"page.md {wrong}", source)


def test_a_failure_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong() -> None:
        raise SlidesWrong("More than their page holds: slides 2 (Second).")

    monkeypatch.setattr(slides, "build", wrong)
    assert slides.main() == 1
    assert capsys.readouterr().err == "Error: More than their page holds: slides 2 (Second).\n"
