"""What a deployment on AWS costs a month, planned from its size: quantities of this design times dated prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from portfolio_rag.domain.cost_lines import HOURS, WINDOWS_PER_CHUNK, Activity, cost_lines


@dataclass(frozen=True, slots=True)
class Size:
    """A deployment: `documents` held, `new_documents` ingested a month, `questions` asked a day.

    `windows` and `bytes` are of one document; the defaults are the means of AWS's own guides (docs/quality.md).
    """

    documents: int
    questions: int
    new_documents: int
    tasks: int = 1
    windows: float = 15.5
    bytes: float = 60_000

    @property
    def machine(self) -> str:
        return self.month.machine

    @property
    def month(self) -> Activity:
        """A whole month of it."""
        windows, new_windows = self.documents * self.windows, self.new_documents * self.windows
        return Activity(
            hours=HOURS,
            documents=self.documents,
            held_bytes=self.documents * self.bytes,
            chunks=windows / WINDOWS_PER_CHUNK,
            windows=windows,
            new_documents=self.new_documents,
            new_chunks=new_windows / WINDOWS_PER_CHUNK,
            new_windows=new_windows,
            questions=30 * self.questions,
            tasks=self.tasks,
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """`items` in USD a month, by what they are for."""

    size: Size
    items: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.items.values())


def plan_cost(size: Size) -> Cost:
    """What a deployment of this size costs a month; a language model's tokens are not in it."""
    items: dict[str, float] = {}
    for line in cost_lines(size.month):
        items[line.item] = items.get(line.item, 0.0) + line.usd
    return Cost(size, items)


SIZES: Final[Mapping[str, Size]] = {
    "idle": Size(documents=0, questions=0, new_documents=0),
    "1,000 documents, 10 questions a day": Size(documents=1_000, questions=10, new_documents=100),
    "100,000 documents, 10 questions a day": Size(documents=100_000, questions=10, new_documents=10_000),
    "100,000 documents, 1,000 questions a day": Size(documents=100_000, questions=1_000, new_documents=10_000, tasks=2),
}
"""Those of docs/aws.md: a tenth of the documents is new or changed each month."""
