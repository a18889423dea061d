"""What reads a question beside a text, where an embedding knows of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text under its heading; `spans` are the [start, end) in it that are asked about."""

    heading: str
    text: str
    spans: tuple[tuple[int, int], ...]


class Reader(Protocol):
    """A model that was trained to find the answer to a question in a text."""

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[tuple[float, ...]]:
        """For each span of each excerpt the log-odds that it answers, against that the excerpt does not.

        What the model cannot see, since the excerpt is too long, has the lowest value that it gives.
        """
