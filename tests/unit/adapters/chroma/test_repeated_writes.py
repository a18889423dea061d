"""Which windows an earlier try has written as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portfolio_rag.adapters.chroma.repeated_writes import differing
from portfolio_rag.ports.vector_store import VectorRecord

METADATA = {"document_id": "d1", "version": 3, "page": None, "tags": ["p", "q"], "draft": False, "weight": 0.25}


def record(id_: str = "a", *values: float, **metadata: Any) -> VectorRecord:
    return VectorRecord(id_, np.asarray(values or (0.6, 0.8), dtype=np.float32), {**METADATA, **metadata})


def test_the_same_window_is_not_written_again() -> None:
    rounded = record("a", 0.6 + 1e-7, 0.8)
    assert differing([rounded], {"a": VectorRecord("a", record().vector, {**METADATA, "page": None})}) == []


def test_what_chroma_does_not_store_is_no_difference() -> None:
    stored = {key: content for key, content in METADATA.items() if content is not None}
    assert differing([record(empty=[])], {"a": VectorRecord("a", record().vector, stored)}) == []


@pytest.mark.parametrize(
    "other",
    [
        record("a", 0.6, 0.7999),
        record("a", 0.8, 0.6),
        record("a", 0.6, 0.8, 0.0),
        record(version=4),
        record(page=1),
        record(tags=["q", "p"]),
        record(draft=None),
    ],
)
def test_a_window_that_differs_is_written(other: VectorRecord) -> None:
    assert differing([other], {"a": record()}) == [other]


def test_each_difference_is_told_alone() -> None:
    stored = {name: record(name) for name in "abc"}
    moved, renamed, new = record("a", 0.8, 0.6), record("b", team="x"), record("d")
    assert [found.id for found in differing([moved, renamed, record("c"), new], stored)] == ["a", "b", "d"]


def test_another_vector_under_the_same_attributes_is_written() -> None:
    turned = record("a", -0.6, -0.8)
    assert differing([turned], {"a": record()}) == [turned]


def test_other_attributes_of_the_same_vector_are_written() -> None:
    renamed = record(filename="b.md")
    assert differing([renamed], {"a": record()}) == [renamed]
