"""What the measurement of one node loads, however often it is broken off, and what it compares with."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import one_node
from bench.search_corpus import mixed
from portfolio_rag.domain.errors import VectorStoreUnavailable
from portfolio_rag.ports.vector_store import VectorRecord
from portfolio_rag.ports.vectors import Vectors

WINDOWS = 3 * one_node._BLOCK + 100


@pytest.fixture
def real() -> Vectors:
    rows = np.random.default_rng(7).standard_normal((40, 16), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class Store:
    """Remembers what it has; the writes named in `unanswered` are done in half and not answered."""

    def __init__(self, *unanswered: int) -> None:
        self.records: dict[str, VectorRecord] = {}
        self.repeated: list[bool] = []
        self._unanswered = unanswered

    def count(self, _: str) -> int:
        return len(self.records)

    def upsert(self, _: str, records: Sequence[VectorRecord], *, repeated: bool) -> None:
        fails = len(self.repeated) in self._unanswered
        self.repeated.append(repeated)
        done = records[: len(records) // 2] if fails else records
        self.records |= {record.id: record for record in done}
        if fails:
            raise VectorStoreUnavailable("not in time")


def load(store: Store, windows: int, real: Vectors, folder: Path) -> list[dict[str, Any]]:
    log = folder / "load.jsonl"
    one_node.load(store, windows, real, log, os.getpid())  # type: ignore[arg-type]
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def rows(store: Store) -> Vectors:
    return np.stack([record.vector for record in store.records.values()])


def test_a_load_that_is_broken_off_goes_on_to_the_same(
    real: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Store()
    assert load(whole, WINDOWS, real, tmp_path)[-1]["windows"] == WINDOWS == len(whole.records)
    assert whole.repeated == [False] * 4
    monkeypatch.setattr(one_node, "_TRIES", 1)
    broken = Store(1)
    with pytest.raises(VectorStoreUnavailable):
        load(broken, WINDOWS, real, tmp_path)
    assert load(broken, WINDOWS, real, tmp_path)[-1]["written"] == WINDOWS - one_node._BLOCK
    assert broken.repeated == [False, False, True, False, False]
    assert list(broken.records) == list(whole.records)
    assert (rows(broken) == rows(whole)).all()


def test_a_write_that_is_not_answered_is_tried_again(real: Vectors, tmp_path: Path) -> None:
    store = Store(0, 1)
    load(store, one_node._BLOCK, real, tmp_path)
    assert store.repeated == [False, True, True]
    assert len(store.records) == one_node._BLOCK


def test_more_windows_go_on_from_those_that_are_there(real: Vectors, tmp_path: Path) -> None:
    store = Store()
    load(store, 500, real, tmp_path)
    load(store, WINDOWS, real, tmp_path)
    assert store.repeated == [False, True, False, False, False]
    assert len(store.records) == WINDOWS


def test_the_exact_neighbours_are_those_of_what_was_loaded(real: Vectors, tmp_path: Path) -> None:
    store = Store()
    load(store, WINDOWS, real, tmp_path)
    queries = mixed(real, 5, np.random.default_rng(one_node._QUERY_SEED))
    expected = np.sort(queries @ rows(store).T, axis=1)[:, ::-1][:, : one_node._LIMIT]
    np.testing.assert_allclose(one_node.exact_cosines(queries, WINDOWS, real), expected, atol=1e-6)
    assert np.allclose(np.linalg.norm(rows(store), axis=1), 1.0, atol=1e-5)
