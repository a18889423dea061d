"""A figure that was promised, and whether it was reached: said in the same way in every section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """`measured` against `bound`, both in `unit` (``×``, ``ms``, ``s``, or nothing). `tried` is said when missed."""

    what: str
    bound: float
    measured: float
    unit: str = ""
    better: Literal["higher", "lower"] = "higher"
    tried: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.bound if self.better == "higher" else self.measured <= self.bound


def targets_table(targets: Sequence[Target]) -> str:
    """Markdown: a row for each, then what was tried for those that were missed."""
    lines = ["| What | Target | Measured | |", "|---|---|---|---|"]
    for one in targets:
        sign = "≥" if one.better == "higher" else "≤"
        state = "met" if one.met else "**missed**"
        lines.append(
            f"| {one.what} | {sign} {number(one.bound)}{_unit(one)} | {number(one.measured)}{_unit(one)} | {state} |"
        )
    missed = [f"- *{one.what}*: {one.tried}" for one in targets if not one.met and one.tried]
    return "\n".join([*lines, *(["", *missed] if missed else [])]) + "\n"


def number(value: float) -> str:
    """Three figures that say something, whole thousands in groups: 0.0123, 1.23, 12.3, 123, 12,345."""
    if value == 0 or value != value:
        return f"{value:g}"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def _unit(target: Target) -> str:
    return f" {target.unit}" if target.unit else ""
