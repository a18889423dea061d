"""Names say of how many collections an index is made, and no base name is taken for one of them."""

from __future__ import annotations

from collections import Counter

import pytest

from portfolio_rag.domain.index_names import (
    MAX_PARTITIONS,
    MAX_SUFFIX,
    index_name,
    index_of,
    looks_divided,
    partition_name,
    partition_names,
    partitions_of,
)

JOB = "1a2b3c4d-0000-4000-8000-000000000000"


@pytest.mark.parametrize("base", ["kb", "portfolio_knowledge", "kb-of4", "kb-1a2b3c4d", "a.b-c_d"])
@pytest.mark.parametrize("partitions", [1, 2, 10, 99, MAX_PARTITIONS])
def test_an_index_is_read_as_it_was_named(base: str, partitions: int) -> None:
    index = index_name(base, JOB, partitions)
    parts = partition_names(index)
    assert partitions_of(index) == len(parts) == len(set(parts)) == partitions
    assert {index_of(part) for part in parts} == {index_of(index)} == {index}
    assert all(part.startswith(f"{base}-") and len(part) <= len(base) + MAX_SUFFIX for part in parts)
    assert not looks_divided(base)
    assert (partitions_of(base), partition_names(base), index_of(base)) == (1, [base], base)


def test_one_collection_is_named_as_ever() -> None:
    assert index_name("kb", JOB, 1) == "kb-1a2b3c4d"
    assert partition_names("kb-1a2b3c4d") == ["kb-1a2b3c4d"]
    assert partition_names(index_name("kb", JOB, 2)) == ["kb-1a2b3c4d-of2-0", "kb-1a2b3c4d-of2-1"]


@pytest.mark.parametrize("base", ["kb-1a2b3c4d-of4", "kb-1a2b3c4d-of4-0"])
def test_base_names_that_would_be_read_as_divided_are_known(base: str) -> None:
    assert looks_divided(base)


def test_documents_are_spread_evenly_and_stay_where_they_are() -> None:
    index = index_name("kb", JOB, 4)
    counts = Counter(partition_name(index, f"document-{n}") for n in range(4000))
    assert counts.keys() == set(partition_names(index))
    assert all(900 < count < 1100 for count in counts.values())
    # For ever: another choice would lose every document of an index that is there.
    assert [partition_name(index, name)[-1] for name in ("a", "b", "c", "d")] == ["0", "0", "2", "0"]
