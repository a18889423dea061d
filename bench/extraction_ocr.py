"""Scanned pages that the benchmark draws: processor time of a page, and how much of its text is read wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.extraction_inputs import scanned_page, sentences
from bench.extraction_readers import OURS, worker
from bench.report import table
from bench.section import Result
from bench.targets import Target

PAGES = (("Helvetica", 10.0), ("Times", 11.0), ("Helvetica", 12.0), ("Courier", 10.0))
"""Font and size in points of each page; a quick look takes the first."""

CHARACTERS = 3000
_MARGINS = {"Courier": 0.75}
"""Of these characters, what a page holds in that font."""


def measure(folder: Path, *, quick: bool) -> Result:
    """One page after the other through the whole extraction, on one thread; a page before them warms up."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    with worker(OURS) as reader:
        warm = folder / "warm.pdf"
        warm.write_bytes(scanned_page(sentences(900, 2), "Helvetica", 12))
        reader.ask(paths=[str(warm)], how={"ocr": "always"})
        for place, (font, size) in enumerate(PAGES[:1] if quick else PAGES):
            text = _page_of_text(place, round(CHARACTERS * _MARGINS.get(font, 1)))
            path = folder / f"{font}-{size:g}.pdf"
            path.write_bytes(scanned_page(text, font, size))
            answer = reader.ask(paths=[str(path)], how={"ocr": "always"}, texts=True)
            wrong = edits(" ".join(text.split()), " ".join(answer["seen"][0].get("text", "").split()))
            about = {"font": font, "size": size, "characters": len(text)}
            pages.append({**about, "cpu_s": answer["cpu_s"], "wrong": wrong, "peak_mb": answer["peak_mb"]})
    return {"pages": pages}


def edits(wanted: str, seen: str) -> int:
    """The fewest characters to insert, delete or replace so that one text becomes the other."""
    letters = np.array([ord(char) for char in seen], dtype=np.int64)
    columns = np.arange(len(seen) + 1)
    row = columns.copy()
    for char in wanted:
        changed = np.empty_like(row)
        changed[0] = row[0] + 1
        changed[1:] = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(char)))
        # What an insertion in this row costs: the least of those before it, one more for each place between.
        row = np.minimum.accumulate(changed - columns) + columns
    return int(row[-1])


def targets(result: Mapping[str, Any]) -> list[Target]:
    slowest = max(page["cpu_s"] for page in result["pages"])
    return [
        Target("CPU of a scanned A4 page, the slowest one", 3, slowest, "s", "lower"),
        Target("Characters of scanned pages that are read wrongly", 2, _wrong(result["pages"]), "%", "lower"),
    ]


def render(result: Mapping[str, Any]) -> str:
    pages = result["pages"]
    rows = [
        [
            f"{page['font']}, {page['size']:g} points",
            f"{page['characters']:,}",
            f"{page['cpu_s']:.1f} s",
            f"{page['wrong']} ({_wrong([page]):.2g} %)",
        ]
        for page in pages
    ]
    return (
        "### Scanned pages\n\nA4 pages that the benchmark draws (200 dpi, grey) and that hold no text of their own, "
        "through the whole extraction with `ocr: always`, on one thread, the models loaded before. *Wrong* are the "
        "characters that would have to be inserted, deleted or replaced, blanks among them. Peak memory "
        f"{max(page['peak_mb'] for page in pages):.0f} MB.\n\n" + table(["Page", "Characters", "CPU", "Wrong"], rows)
    )


def _page_of_text(place: int, characters: int) -> str:
    """Whole sentences, at most so many characters."""
    number = 1
    while len(sentences(place * 60, number + 1)) <= characters:
        number += 1
    return sentences(place * 60, number)


def _wrong(pages: list[Mapping[str, Any]]) -> float:
    """Percent of the characters of these pages."""
    return float(100 * sum(page["wrong"] for page in pages) / sum(page["characters"] for page in pages))
