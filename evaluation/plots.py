"""Bar charts as SVG: no plotting library, and a text that differs only where a figure does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_COLOURS = ("#9aa5b1", "#5b8def", "#1f9d67")
_WIDTH, _LEFT, _BAR, _GAP, _TOP = 720, 150, 16, 14, 56
_SCALE = _WIDTH - _LEFT - 60


def bars(title: str, series: Sequence[str], groups: Mapping[str, Sequence[float]]) -> str:
    """Horizontal bars of 0 to 1: for each group one bar of each series, in order."""
    parts = [f'<text x="10" y="20" font-size="15" font-weight="bold">{escape(title)}</text>']
    for number, name in enumerate(series):
        x = 10 + number * 225
        parts.append(f'<rect x="{x}" y="31" width="11" height="11" fill="{_COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 16}" y="41">{escape(name)}</text>')
    y = _TOP
    for group, values in groups.items():
        middle = y + _BAR * len(values) / 2 + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(group)}</text>')
        for number, value in enumerate(values):
            width = max(0.0, value) * _SCALE
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{_COLOURS[number]}"/>'
            )
            parts.append(f'<text x="{_LEFT + width + 5:.1f}" y="{y + 11}">{value:.3f}</text>')
            y += _BAR
        y += _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{y}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
