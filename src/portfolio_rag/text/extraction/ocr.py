"""Text in pictures, by RapidOCR: PaddleOCR's PP-OCRv6 small models, which lie in its wheel, under ONNX Runtime.

Chosen by measurement (docs/decisions/0018-ocr.md). One thread a page, so that pages side by side fill the cores.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portfolio_rag.domain.ocr import SCRIPTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RENDERED_DPI = 150
"""A line of 10 points is 20 pixels high then; the model reads lines scaled to 48, and 200 dpi were read no better."""

CERTAIN_SCORE = 0.80
"""Mean probability of a line's characters below which a person should look at the page."""

FIRST_MB, FURTHER_MB = 800, 300
"""Address space that a process needs with one recogniser at work, and with each further one."""

MIN_SCORE = 0.50
"""Below this a line is noise (a texture, a drawing) more often than text, and is left out."""

_DETECTED_SIDES = (960, 640)
"""Pixels of the longer side of the picture in which lines are looked for; they are read from the whole picture. With
the library's own setting finding lines took three times as long and 900 MB in place of 390, with the same lines. The
second is for a picture in which none was found: a single short line on a page is seen at that size alone."""


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line of text in a picture. Edges in pixels from the picture's top left; `score` from 0 to 1."""

    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


class TextRecogniser:
    """Reads pictures, one at a time: threads have one each. Raises ImportError where RapidOCR is not installed."""

    def __init__(self, languages: Sequence[str]) -> None:
        """`languages`: of domain/ocr.py. What is read in the letters of other scripts is noise, and left out."""
        from rapidocr import RapidOCR

        self._scripts = {script for language in languages for script in SCRIPTS[language]}
        self._make: Any = lambda side: RapidOCR(params={**_PARAMETERS, "Det.limit_side_len": side})
        self._engines: dict[int, Any] = {}

    def read(self, picture: NDArray[np.uint8]) -> list[RecognisedLine]:
        """The lines of a picture, (height, width, 3), in the order in which they were found."""
        for side in _DETECTED_SIDES:
            if side not in self._engines:
                self._engines[side] = self._make(side)
            result = self._recognised(side, picture)
            if result.boxes is not None:
                return self._lines(result)
        return []

    def _recognised(self, side: int, picture: NDArray[np.uint8]) -> Any:
        try:
            return self._engines[side](picture, use_cls=False)
        except Exception as error:
            # RapidOCR and ONNX Runtime hide that memory is at its end in a text.
            if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
                raise MemoryError from error
            raise

    def _lines(self, result: Any) -> list[RecognisedLine]:
        lines = (
            RecognisedLine(text.strip(), float(score), *_edges(box))
            for text, score, box in zip(result.txts, result.scores, result.boxes, strict=True)
        )
        return [line for line in lines if line.text and line.score >= MIN_SCORE and self._is_expected(line.text)]

    def _is_expected(self, text: str) -> bool:
        """Whether most letters are of the scripts that the languages are written in."""
        letters = [unicodedata.name(char, "").split(" ")[0] for char in text if char.isalpha()]
        return sum(script in self._scripts for script in letters) * 2 >= len(letters)


_PARAMETERS = {
    "Global.log_level": "error",
    # Pages are turned before they are drawn, so no line stands on its head.
    "Global.use_cls": False,
    "Det.limit_type": "max",
    # Lines of one batch are padded to the longest: one by one they take a quarter less time, and less memory.
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
}


def _edges(box: Any) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of four corners."""
    xs, ys = box[:, 0], box[:, 1]
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())
