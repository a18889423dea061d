"""The pages of ingestion and of the peers are rendered from stored figures alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import ingestion, peers

RUN = {"wall_s": 12.0, "command_s": 2.0, "cpu_s": {"emulator": 3.0, "aws": 1.0}, "pss_mb": {"api": 100.0}}


def test_the_page_of_ingestion(tmp_path: Path) -> None:
    one = {**RUN, "documents": 10, "chunks": 30, "windows": 90, "pure_s": 10.0, "pure_cpu_s": 19.0, "ratio": 1.2}
    calls = {"note": {"2": 23, "100": 23, "10000": 23}, "note_by_service": {"s3": 9}, "book_chunks": 134}
    result: dict[str, Any] = {
        "source": "samples",
        "bytes": 1_000_000,
        "rounds": [{**one, "embedded": [90, 90]}] * 3,
        "unchanged": {**RUN, "embedded": [0, 90]},
        "changed": {**RUN, "embedded": [4, 90], "share": 0.01},
        "asked": 10,
        "answered": 10,
        "calls": {**calls, "book": 50, "book_by_service": {"s3": 23}},
    }
    result = json.loads(json.dumps(result))
    text = ingestion.render(result, tmp_path)
    assert "| 1 | 10 | 90 | 10.0 s | 12.0 s | 1.20 | 400 ms |" in text
    assert "| unchanged | 12.0 s | 0 of 90 | 4.0 s |" in text
    assert (tmp_path / "performance-ingestion.svg").exists()
    assert [target.met for target in ingestion.targets(result)] == [True, True, True]


def test_the_page_of_the_peers_says_who_is_ahead_on_each_line(tmp_path: Path) -> None:
    def system(factor: float, **more: Any) -> dict[str, Any]:
        run = {"wall_s": 10 * factor, "cpu_s": 20 * factor, "pss_mb": 100 * factor, "vectors": 5}
        return {
            "rounds": [run],
            "unchanged": run,
            "changed": run,
            "search": {"p50": 5 * factor, "p99": 9 * factor},
            **more,
        }

    systems = {peers.OURS: system(1)} | {
        name: system(2, version="1", defaults=RUN | {"vectors": 3}) for name in peers.NAMES
    }
    systems[peers.OURS]["rounds"][0]["functions_mb"] = 50.0
    systems["txtai"]["search"] = {"p50": 1.0, "p99": 2.0}
    result = {"source": "samples", "documents": 10, "bytes": 1000, "searches": 5, "systems": systems}
    text = peers.render(json.loads(json.dumps(result)), tmp_path)
    assert "| ingestion | **10.0 s** | 20.0 s |" in text
    assert "| search, p50 | 5 ms | 10 ms | 10 ms | 10 ms | **1 ms** |" in text
    found = {target.what.rpartition(": ")[2]: target for target in peers.targets(result)}
    assert found["ingestion"].measured == pytest.approx(2.0)
    assert not found["search, p50"].met
    assert "by `rag sync`" not in text

    systems[peers.OURS]["sync"] = {"wall_s": 4.0}
    assert "| again, unchanged, by `rag sync` | **4.0 s** | 20.0 s |" in peers.render(result, tmp_path)
    found = {target.what.rpartition(": ")[2]: target for target in peers.targets(result)}
    assert found["again, unchanged, by `rag sync`"].measured == pytest.approx(5.0)
