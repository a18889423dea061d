"""Pages that show pictures of text: drawn, and read by OCR, several side by side."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pypdfium2

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.ocr import OcrMode
from portfolio_rag.text.extraction.document import ExtractionLimits
from portfolio_rag.text.extraction.formats.pdf.line import Line
from portfolio_rag.text.extraction.formats.pdf.page import Page
from portfolio_rag.text.extraction.ocr import FIRST_MB, FURTHER_MB, RENDERED_DPI, TextRecogniser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from portfolio_rag.text.extraction.ocr import RecognisedLine

_POINTS = 72
MAX_PIXELS = 25_000_000
"""Of a drawn page: a larger sheet (A2 has 17 million at 150 dpi) is drawn coarser. Three bytes each."""
_FONT_HEIGHT = 0.8
"""Of the height of the box that is found around a line: so high is its type."""
_DESCENT = 0.2
"""Of that height: what hangs below the baseline."""


class ScanReader:
    """Reads the pictures of pages as the rules say. `is_able` is false where OCR is off or not installed."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._rules = limits.ocr
        self.workers = min(limits.workers, max(1, 1 + (limits.memory_mb - FIRST_MB) // FURTHER_MB))
        """Pages that are read side by side: as many as there are cores, and memory for."""
        self._threads = threading.local()

    @cached_property
    def is_able(self) -> bool:
        if self._rules.mode is OcrMode.OFF:
            return False
        try:
            import rapidocr  # noqa: F401
        except ImportError:
            return False
        return True

    def complete(self, document: pypdfium2.PdfDocument, pages: Sequence[Page], first: int) -> list[Page]:
        """The pages, of which the first has the index `first`, with what their pictures say.

        Raises DocumentRejected for a page that takes longer than it may.
        """
        futures: dict[int, Future[list[RecognisedLine]]] = {}
        sizes: dict[int, tuple[int, int, float]] = {}
        for index, page in enumerate(pages, first):
            if self._is_wanted(page, index):
                picture, dpi = _drawn(document, index)
                sizes[index] = picture.shape[1], picture.shape[0], _POINTS / dpi
                futures[index] = self._pool.submit(self._read, picture)
        completed = list(pages)
        for index, future in futures.items():
            lines = [_line(found, index + 1, *sizes[index]) for found in self._waited(future, index + 1)]
            completed[index - first] = _with(pages[index - first], lines, replaces=self._rules.mode is OcrMode.ALWAYS)
        return completed

    def _is_wanted(self, page: Page, index: int) -> bool:
        wanted = self._rules.mode is OcrMode.ALWAYS or page.is_picture or page.is_unreadable or page.has_large_picture
        return wanted and index < self._rules.max_pages and self.is_able

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers)

    def _read(self, picture: NDArray[np.uint8]) -> list[RecognisedLine]:
        if not hasattr(self._threads, "recogniser"):
            self._threads.recogniser = TextRecogniser(self._rules.languages)
        lines: list[RecognisedLine] = self._threads.recogniser.read(picture)
        return lines

    def _waited(self, future: Future[list[RecognisedLine]], number: int) -> list[RecognisedLine]:
        try:
            return future.result(timeout=self._rules.page_seconds)
        except TimeoutError:
            raise DocumentRejected(
                FailureReason.LIMIT_EXCEEDED,
                f"Reading the picture of page {number} took more than {self._rules.page_seconds:g} seconds. Raise "
                "ocr_page_timeout_seconds in the ingestion rules, or set ocr to off there.",
            ) from None


def _drawn(document: pypdfium2.PdfDocument, index: int) -> tuple[NDArray[np.uint8], float]:
    """A page as it is seen, (height, width, 3), and its dots per inch."""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = min(RENDERED_DPI / _POINTS, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        picture: NDArray[np.uint8] = page.render(scale=scale, rev_byteorder=True).to_numpy()[..., :3]
        return picture, scale * _POINTS
    finally:
        page.close()


def _line(found: RecognisedLine, number: int, width: float, height: float, scale: float) -> Line:
    """In points from the lower left of the page as it is seen."""
    size = _FONT_HEIGHT * (found.bottom - found.top) * scale
    return Line(
        text=found.text,
        page=number,
        left=found.left * scale,
        right=found.right * scale,
        baseline=(height - found.bottom) * scale + _DESCENT * size,
        size=size,
        score=found.score,
        box=(
            round(found.left / width, 4),
            round(found.top / height, 4),
            round(found.right / width, 4),
            round(found.bottom / height, 4),
        ),
    )


def _with(page: Page, lines: Sequence[Line], *, replaces: bool) -> Page:
    """The page with what was read; where text stands that needs no reading, that is kept."""
    kept = [] if replaces or page.is_unreadable else page.lines
    added = [line for line in lines if not any(_covers(own, line) for own in kept)]
    return replace(
        page,
        lines=[*kept, *sorted(added, key=lambda line: (-line.baseline, line.left))],
        rules=page.rules if kept else [],
        is_read=True,
        is_unreadable=False,
    )


def _covers(own: Line, line: Line) -> bool:
    """Whether a line of the page's own text stands where that line was read."""
    middle, height = (line.left + line.right) / 2, line.baseline + line.size / 2
    return own.left <= middle <= own.right and own.baseline - own.size / 2 <= height <= own.baseline + 1.5 * own.size
