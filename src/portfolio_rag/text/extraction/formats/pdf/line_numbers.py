"""Numbers of lines in the margin, as manuscripts, contracts and court papers have them: no part of the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from portfolio_rag.text.extraction.formats.pdf.line import Line, in_one_row

_LEAST = 5
"""Numbers of a page that count every line; of those that count every fifth or so, fewer do."""
_LEAST_OF_STEPS = 3
_ALIGNED = 2.0
"""In points: how far their ends may be apart."""
_GOES_ON = 0.4
"""Of the lines beside them: those that begin with a small letter. Numbered items hardly do."""


def without_line_numbers(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page but for a column of numbers left of all text that counts its lines."""
    numbers = [line for line in lines if line.text.isdecimal() and len(line.text) <= 4]
    if len(numbers) < _LEAST_OF_STEPS:
        return list(lines)
    edge = Counter(round(line.right / _ALIGNED) for line in numbers).most_common(1)[0][0] * _ALIGNED
    column = sorted(
        (line for line in numbers if abs(line.right - edge) <= 2 * _ALIGNED), key=lambda line: -line.baseline
    )
    taken = set(map(id, column))
    text = [line for line in lines if id(line) not in taken]
    steps = {int(below.text) - int(above.text) for above, below in pairwise(column)}
    if len(steps) != 1 or not text or min(line.left for line in text) <= edge + _ALIGNED:
        return list(lines)
    step = steps.pop()
    least = _LEAST if step == 1 else _LEAST_OF_STEPS
    if step < 1 or len(column) < least or (step > 1 and int(column[0].text) % step):
        return list(lines)
    beside = [line for line in text if step > 1 or any(in_one_row(number, line) for number in column)]
    begun = sum(line.text[:1].islower() for line in beside)
    return text if begun >= _GOES_ON * max(len(beside), 1) else list(lines)
