"""`make slides`: docs/slides/certification.md as a PDF, a page for each slide, by Chromium.

Slides are parted by a line `---`. A comment `<!-- table PAGE "HEADING" columns … rows … -->` stands for a table of the
documentation (all columns and rows where none is named, columns by name or number), so that figures are those of the
pages. Mermaid is drawn. A slide that does not fit its page is an error.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from playwright.sync_api import Page, sync_playwright

from scripts.chromium_browser import ARGUMENTS, find_chromium
from scripts.npm_package import MERMAID

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs" / "slides" / "certification.md"
STYLE = SOURCE.with_name("slides.css")
OUTPUT = ROOT / ".portfolio" / "slides" / "certification.pdf"

_TABLE = re.compile(r"<!-- table (.+?) -->")
_RULER = re.compile(r"^\|[\s:|-]+\|$")
_LINK = re.compile(r'<a href="(?!https?://)[^"]*">(.*?)</a>')

_DRAW = """async () => {
  mermaid.initialize({startOnLoad: false, securityLevel: "strict", theme: "base",
                      themeVariables: {fontSize: "22px", primaryColor: "#eef2fb", primaryBorderColor: "#2f54b5"}});
  for (const [number, code] of [...document.querySelectorAll("code.language-mermaid")].entries()) {
    const {svg} = await mermaid.render(`diagram-${number}`, code.textContent);
    const figure = document.createElement("figure");
    figure.innerHTML = svg;
    code.parentElement.replaceWith(figure);
  }
  await Promise.all([...document.images].map((image) => image.decode()));
}"""

_OVERFLOWING = """() => [...document.querySelectorAll(".slide")].flatMap((slide, index) => {
  const edge = slide.getBoundingClientRect();
  const beyond = [...slide.querySelectorAll("*:not(footer, footer *)")].some((part) => {
    const box = part.getBoundingClientRect();
    return box.right > edge.right + 1 || box.bottom > edge.bottom - 56;
  });
  return beyond ? [index + 1] : [];
})"""


class SlidesWrong(Exception):
    """What is to be put right in the source."""


@dataclass(frozen=True)
class Built:
    """`pages` is the number of slides."""

    path: Path
    pages: int


def build(source: Path = SOURCE, output: Path = OUTPUT) -> Built:
    """Write the PDF. Raises SlidesWrong, naming the slides that do not fit or the table that is not there."""
    slides = split(source.read_text(encoding="utf-8"))
    page_html = _page([_html(slide, source) for slide in slides], source)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "slides.html"
        file.write_text(page_html, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(file.as_uri())
        _draw(page)
        if overflowing := page.evaluate(_OVERFLOWING):
            numbers = ", ".join(f"{number} ({_title(slides[number - 1])})" for number in overflowing)
            raise SlidesWrong(f"More than their page holds: slides {numbers}.")
        page.pdf(path=output, width="1280px", height="720px", print_background=True, prefer_css_page_size=True)
        browser.close()
    return Built(output, len(slides))


def split(text: str) -> list[str]:
    """The slides of a source."""
    return [slide.strip() for slide in re.split(r"^---$", text, flags=re.M)]


def table_of(directive: str, source: Path) -> str:
    """The Markdown of the table that a directive names. Raises SlidesWrong."""
    words = shlex.split(directive)
    page, heading, wanted = words[0], words[1], words[2:]
    rows_at = wanted.index("rows") if "rows" in wanted else len(wanted)
    columns, names = wanted[1:rows_at] if wanted[:1] == ["columns"] else [], wanted[rows_at + 1 :]
    text = (source.parent / page).read_text(encoding="utf-8")
    if f"\n{heading}\n" not in text:
        raise SlidesWrong(f"{page} has no {heading}.")
    lines = text.split(f"\n{heading}\n", 1)[1].splitlines()
    start = next((number for number, line in enumerate(lines) if _RULER.match(line)), None)
    if start is None:
        raise SlidesWrong(f"{page} has no table below {heading}.")
    header = _cells(lines[start - 1])
    body: list[list[str]] = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        body.append(_cells(line))
    chosen = [_column(column, header, page) for column in columns] or list(range(len(header)))
    missing = set(names) - {row[0] for row in body}
    if missing:
        raise SlidesWrong(f"{page} has no row {', '.join(sorted(missing))} below {heading}.")
    kept = [row for row in body if not names or row[0] in names]
    rulers = ["---", *(["--:"] * (len(chosen) - 1))]
    shown = [[row[place] for place in chosen] for row in [header, *kept]]
    return "\n".join("| " + " | ".join(row) + " |" for row in [shown[0], rulers, *shown[1:]])


def _column(name: str, header: list[str], page: str) -> int:
    if name.isdecimal() and int(name) < len(header):
        return int(name)
    if name not in header:
        raise SlidesWrong(f"{page} has no column {name}.")
    return header.index(name)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _html(slide: str, source: Path) -> str:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = _TABLE.sub(lambda found: table_of(found[1], source), slide)
    # Paths of the repository lead nowhere from a PDF.
    return _LINK.sub(r'<span class="path">\1</span>', markdown.render(text))


def _page(slides: list[str], source: Path) -> str:
    sections = [
        f'<section class="slide{" title" if number == 1 else ""}">{slide}'
        f"<footer><span>portfolio-rag</span><span>{number}</span></footer></section>"
        for number, slide in enumerate(slides, start=1)
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{source.stem}</title>'
        f'<base href="{source.parent.as_uri()}/"><style>{STYLE.read_text(encoding="utf-8")}</style>'
        f"<script>{MERMAID.file('dist/mermaid.min.js').read_text(encoding='utf-8')}</script>{''.join(sections)}</html>"
    )


def _draw(page: Page) -> None:
    page.evaluate(_DRAW)


def _title(slide: str) -> str:
    return slide.splitlines()[0].lstrip("# ")


def main() -> int:
    try:
        built = build()
    except SlidesWrong as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"{built.path.relative_to(ROOT)}  {built.pages} slides, {built.path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
