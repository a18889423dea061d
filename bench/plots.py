"""Plots as SVG: no plotting library, and a text that differs only where a figure does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from bench.targets import number

_COLOURS = ("#1f9d67", "#5b8def", "#e08a2e", "#9aa5b1", "#b04a8f", "#444c56", "#c9b037")
_WIDTH = 760


def bars(title: str, unit: str, values: Mapping[str, float], *, ours: str = "", log: bool = False) -> str:
    """A horizontal bar for each name, from 0 (with `log`: from a tenth of the lowest); `ours` is in another colour."""
    left, top, step = 250, 40, 24
    scale = _WIDTH - left - 90
    high = max(values.values(), default=1) or 1
    low = min((one for one in values.values() if one > 0), default=1) / 10
    parts = [_title(f"{title} ({unit})")]
    for place, (name, value) in enumerate(values.items()):
        y = top + place * step
        share = math.log(max(value, low) / low) / math.log(high / low) if log else max(0.0, value) / high
        colour = _COLOURS[0] if name == ours else _COLOURS[3]
        parts.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{share * scale:.1f}" height="{step - 6}" fill="{colour}"/>')
        parts.append(f'<text x="{left + share * scale + 5:.1f}" y="{y + 13}">{number(value)}</text>')
    return _svg(parts, top + len(values) * step + 8)


def lines(
    title: str,
    x_label: str,
    y_label: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """A line with its points for each name; the points are (x, y), above 0 on a logarithmic axis."""
    left, right, top, bottom = 70, 200, 40, 350
    points = [point for line in series.values() for point in line]
    across = _Axis([x for x, _ in points], left, _WIDTH - right, log_x)
    up = _Axis([y for _, y in points] + ([] if log_y else [0.0]), bottom, top, log_y)
    parts = [_title(title)]
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" stroke="#e3e6ea"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{number(tick)}</text>')
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{_WIDTH - right}" y2="{y:.1f}" stroke="#e3e6ea"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    middle = (left + _WIDTH - right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{bottom + 36}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(
        f'<text x="16" y="{(top + bottom) / 2:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 16 {(top + bottom) / 2:.0f})">{escape(y_label)}</text>'
    )
    for order, (name, line) in enumerate(series.items()):
        colour = _COLOURS[order % len(_COLOURS)]
        placed = [(across.place(x), up.place(y)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        y = top + 8 + order * 20
        parts.append(f'<rect x="{_WIDTH - right + 14}" y="{y}" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - right + 30}" y="{y + 10}">{escape(name)}</text>')
    return _svg(parts, bottom + 48)


class _Axis:
    """Maps values onto pixels from `start` to `end`."""

    def __init__(self, values: Sequence[float], start: float, end: float, log: bool) -> None:
        self._log, self._start, self._end = log, start, end
        low, high = min(values, default=0.0), max(values, default=1.0)
        if log:
            self._low = float(math.floor(math.log10(low)))
            self._high = max(float(math.ceil(math.log10(high))), self._low + 1)
        else:
            self._step = _round_step((high - low) / 5 or 1)
            self._low = math.floor(low / self._step) * self._step
            self._high = max(math.ceil(high / self._step) * self._step, self._low + self._step)

    def ticks(self) -> list[float]:
        if self._log:
            return [10.0**power for power in range(int(self._low), int(self._high) + 1)]
        count = round((self._high - self._low) / self._step)
        return [self._low + one * self._step for one in range(count + 1)]

    def place(self, value: float) -> float:
        at = math.log10(value) if self._log else value
        return self._start + (at - self._low) / (self._high - self._low) * (self._end - self._start)


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, 20 … that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(one * power for one in (1, 2, 5, 10) if one * power >= step * 0.999)


def _title(text: str) -> str:
    return f'<text x="10" y="22" font-size="15" font-weight="bold">{escape(text)}</text>'


def _svg(parts: Sequence[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{_WIDTH}" height="{height:.0f}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
