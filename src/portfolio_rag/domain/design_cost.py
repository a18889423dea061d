"""The cost table of the design that this project was asked for, computed again with its own quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portfolio_rag.domain.aws_prices import PRICES


@dataclass(frozen=True, slots=True)
class DesignRow:
    """`stated_usd` a month is the design's; `parts` are quantities of what PRICES names; `free` is its free tier."""

    service: str
    stated_usd: float
    parts: Sequence[tuple[float, str]]
    verdict: str
    free: Sequence[tuple[float, str]] = ()

    @property
    def usd(self) -> float:
        """Without the free tier."""
        return sum(quantity * PRICES[price] for quantity, price in self.parts)

    @property
    def usd_after_free_tier(self) -> float:
        """What is left of the parts after the free quantities of the same price."""
        free = {price: quantity for quantity, price in self.free}
        return sum(max(0.0, quantity - free.get(price, 0.0)) * PRICES[price] for quantity, price in self.parts)


_MILLION: Final = 1_000_000

DESIGN: Final[Sequence[DesignRow]] = (
    DesignRow("S3: 10 GB", 0.23, [(10, "S3 GB-month")], "right, for storage alone"),
    DesignRow(
        "DynamoDB: 10 GB, 1 M reads, 100 K writes",
        3.00,
        [(10, "DynamoDB GB-month"), (_MILLION, "DynamoDB read unit"), (100_000, "DynamoDB write unit")],
        "a little high: on-demand units cost half since the end of 2024. An item of more than 4 KB read, or 1 KB "
        "written, takes several units, and an index doubles the writes",
        [(25, "DynamoDB GB-month")],
    ),
    DesignRow(
        "Lambda: 1 M requests of 512 MB and 1 s",
        2.00,
        [(0.5 * _MILLION, "Lambda GB-second"), (_MILLION, "Lambda request")],
        "low: nearly so only after the free tier",
        [(400_000, "Lambda GB-second"), (_MILLION, "Lambda request")],
    ),
    DesignRow(
        "SQS: 1 M requests",
        0.40,
        [(_MILLION, "SQS request")],
        "right; empty receives count too, and Lambda's pollers make 1.3 M of them a month",
        [(_MILLION, "SQS request")],
    ),
    DesignRow(
        "EventBridge: 1 M events",
        1.00,
        [(_MILLION, "EventBridge custom event")],
        "right for custom events; this project has none, and its two schedules cost nothing",
    ),
    DesignRow(
        "CloudWatch: 5 GB of logs",
        2.50,
        [(5, "CloudWatch log GB")],
        "right for the logs; ten metrics, four alarms and a dashboard come to 6.40 on top",
        [(5, "CloudWatch log GB")],
    ),
)
"""Rows of "Production AWS (Monthly Estimate)"; it says "~$10"."""


def design_table() -> str:
    """As a table for docs/cost.md."""
    lines = [
        "| A month of | Stated, USD | Computed | After the free tier | Verdict |",
        "|---|--:|--:|--:|---|",
        *(
            f"| {row.service} | {row.stated_usd:.2f} | {row.usd:.2f} | {row.usd_after_free_tier:.2f} | {row.verdict} |"
            for row in DESIGN
        ),
    ]
    stated, usd, after = (
        sum(getattr(row, name) for row in DESIGN) for name in ("stated_usd", "usd", "usd_after_free_tier")
    )
    lines.append(f"| **Total** | **{stated:.2f}** | **{usd:.2f}** | **{after:.2f}** | stated as about 10 |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(design_table())
