"""What has been gained since an earlier commit, as the page says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import before


def ingestion(ours_s: float, again_s: float) -> dict[str, Any]:
    """A round of ten documents whose model takes a second; the emulator and the command line are not ours."""
    beside = {"emulator": 50.0, "aws": 7.0}
    return {
        "rounds": [
            {"documents": 10, "pure_cpu_s": 1.0, "cpu_s": {**beside, "host": 0.5, "embedding-generator": ours_s + 0.5}}
        ],
        "again": {"cpu_s": {**beside, "document-intake": again_s}},
    }


def result() -> dict[str, Any]:
    def rounds(windows: int, *milliseconds: tuple[float, float]) -> dict[str, Any]:
        return {"windows": windows, "rounds": [{"p50": p50, "p99": p99} for p50, p99 in milliseconds]}

    return {
        "commit": before.COMMIT,
        "questions": 120,
        "search": {
            "1000": {before.BEFORE: rounds(1_005, (10, 20)), before.NOW: rounds(1_006, (11, 22))},
            "100000": {
                before.BEFORE: rounds(100_008, (20, 50), (40, 80), (20, 50)),
                before.NOW: rounds(100_009, (8, 10), (20, 40), (12, 25)),
            },
        },
        "ingestion": {before.BEFORE: ingestion(0.9, 2.0), before.NOW: ingestion(0.5, 0.15)},
    }


def test_ratios_are_formed_round_by_round_at_the_sizes_with_a_promise() -> None:
    found = {target.what.partition(",")[2].strip() or target.what: target for target in before.targets(result())}
    p50, p99, first, again = found.values()
    assert (p50.measured, p50.bound, p50.met) == (0.5, 0.5, True)
    assert (p99.measured, p99.met) == (0.5, False)
    assert "100,009 windows" in p50.what
    # Beyond the model, 50 and 90 ms a document; again, 15 of 150 ms.
    assert round(first.measured, 3) == round(0.5 / 0.9, 3)
    assert round(again.measured, 3) == round(0.15 / 1.5, 3)


def test_a_million_windows_have_a_promise_of_their_own_and_are_kept() -> None:
    million = {before.BEFORE: {"windows": 1_000_004, "rounds": [{"p50": 100, "p99": 400}]}}
    million[before.NOW] = {"windows": 1_000_005, "rounds": [{"p50": 20, "p99": 160}]}
    earlier = {"commit": "abc1234", "date": "2026-11-28", "result": {"search": {"1000000": million}}}
    kept = before.keep(earlier, result())
    met = {target.what.split(", of ")[0]: target.met for target in before.targets(kept)}
    assert met["Search at 1,000,005 windows, p50"]
    assert not met["Search at 1,000,005 windows, p99"]
    assert "1,000,005 windows were measured at `abc1234` on 2026-11-28." in before.render(kept, Path())


def test_the_page_shows_both_commits(tmp_path: Path) -> None:
    page = before.render(result(), tmp_path)
    assert "| 100,009 | 20.0 | 12.0 | 0.5 | 50.0 | 25.0 | 0.5 |" in page
    assert "| 1 | 10 | 90 ms | 50 ms | 0.556 |" in page
    assert "| embedding-generator | 140 | 100 |" in page
