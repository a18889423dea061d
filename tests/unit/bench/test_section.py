"""The frame of `make bench`: what it promises to the sections and to the reader of its page."""

from __future__ import annotations

import json
import os
import platform
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench import machine, report
from bench.__main__ import SECTIONS, _section, run
from bench.measure import ROOT, Worker, interleaved, peak_rss_mb, percentiles, ratios
from bench.plots import bars, lines
from bench.section import Options, Result
from bench.targets import Target, number, targets_table


@dataclass
class Part:
    """A section that measures nothing."""

    NAME: str
    figure: float = 1.0
    fails: bool = False

    def __post_init__(self) -> None:
        self.TITLE = self.NAME.title()

    def measure(self, options: Options) -> Result:
        if self.fails:
            raise RuntimeError("no such luck")
        return {"figure": self.figure}

    def targets(self, result: Mapping[str, Any]) -> list[Target]:
        return [Target(f"{self.NAME} is fast", 3, result["figure"], "×", tried="Everything.")]

    def render(self, result: Mapping[str, Any], plots: Path) -> str:
        return f"It is {result['figure']}."


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(quick=True, peers=False, work=tmp_path, data=None, rounds=1)


def test_a_section_that_fails_is_reported_and_stops_no_other(
    tmp_path: Path, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [Part("first", fails=True), Part("second", 4)]
    assert run(parts, parts, options, tmp_path / "results", tmp_path / "docs") == 1
    assert "FAILED: first" in capsys.readouterr().err
    page = (tmp_path / "docs" / "performance.md").read_text()
    assert "## Second" in page
    assert "## First" not in page


def test_a_run_that_measured_nothing_claims_no_file(
    tmp_path: Path, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [Part("first", fails=True)]
    assert run(parts, parts, options, tmp_path / "results", tmp_path / "docs") == 1
    assert "wrote" not in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_is_not_measured_again_keeps_its_figures(tmp_path: Path, options: Options) -> None:
    parts = [Part("first", 1), Part("second", 4)]
    results, docs = tmp_path / "results", tmp_path / "docs"
    assert run(parts, parts, options, results, docs) == 0
    assert run(parts, [Part("first", 5)], options, results, docs) == 0
    page = (docs / "performance.md").read_text()
    assert "It is 5." in page
    assert "It is 4." in page
    # Each says by which commit and when, not only what is older than the page.
    assert page.count(f"*Measured at `{report.newest(results)['commit']}` on ") == 2
    assert [path.name for path in results.iterdir()] == [
        f"{report.newest(results)['date']}-{report.newest(results)['commit']}.json"
    ]


def test_a_section_may_keep_what_it_had_before(tmp_path: Path, options: Options) -> None:
    class Keeping(Part):
        def keep(self, before: Mapping[str, Any], result: Result) -> Result:
            return {"figure": before["result"]["figure"] + result["figure"]}

    results, docs = tmp_path / "results", tmp_path / "docs"
    for figure in (1, 2, 4):
        assert run([Keeping("first", figure)], [Keeping("first", figure)], options, results, docs) == 0
    assert "It is 7." in (docs / "performance.md").read_text()


def test_a_run_that_is_broken_off_keeps_what_it_has_measured(tmp_path: Path, options: Options) -> None:
    class Interrupted(Part):
        def measure(self, options: Options) -> Result:
            raise KeyboardInterrupt

    parts = [Part("first", 1), Interrupted("second")]
    with pytest.raises(KeyboardInterrupt):
        run(parts, parts, options, tmp_path / "results", tmp_path / "docs")
    assert "It is 1." in (tmp_path / "docs" / "performance.md").read_text()
    assert list(report.newest(tmp_path / "results")["sections"]) == ["first"]


def test_the_page_names_the_machine_but_not_the_host(tmp_path: Path, options: Options) -> None:
    run([Part("first")], [Part("first")], options, tmp_path / "results", tmp_path / "docs")
    page = (tmp_path / "docs" / "performance.md").read_text()
    described = json.dumps(machine.describe())
    assert str(machine.describe()["cpu"]) in page
    for name in filter(None, {platform.node(), os.environ.get("USER", ""), str(Path.home())} - {"root", "/root"}):
        assert name not in described
        assert name not in page


def test_a_missed_target_is_said_and_with_it_what_was_tried() -> None:
    table = targets_table([Target("speed", 3, 2.5, "×", tried="Hard."), Target("size", 4, 3, "MB", better="lower")])
    assert "| speed | ≥ 3.00 × | 2.50 × | **missed** |" in table
    assert "| size | ≤ 4.00 MB | 3.00 MB | met |" in table
    assert "- *speed*: Hard." in table
    assert "*size*" not in table


def test_candidates_take_turns_and_each_round_begins_with_another() -> None:
    order: list[str] = []
    found = interleaved({name: lambda name=name: order.append(name) for name in "abc"}, 3, warm_up=1)  # type: ignore[misc]
    assert "".join(order[3:]) == "abcbcacab"
    assert {name: len(results) for name, results in found.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_ratio_is_formed_in_each_round() -> None:
    # The second round ran on a machine ten times as slow; the ratio does not care.
    assert ratios([4, 40], [2, 20]) == {"median": 2, "min": 2, "max": 2, "n": 2}


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles(range(1, 101), 50, 99) == {"p50": 50, "p99": 99}
    assert percentiles([7.0], 50, 99) == {"p50": 7.0, "p99": 7.0}


def test_figures_keep_three_digits() -> None:
    assert [number(one) for one in (0, 0.012345, 1.234, 12.34, 123.4, 12345.6)] == [
        *("0", "0.0123", "1.23", "12.3", "123", "12,346"),
    ]


def test_a_worker_answers_and_its_prints_do_not_disturb() -> None:
    program = "from bench.measure import serve\nserve(lambda asked: (print('noise'), {'twice': asked['x'] * 2})[1])"
    with Worker([sys.executable, "-c", program]) as worker:
        assert [worker.ask(x=one)["twice"] for one in (1, 2)] == [2, 4]


def test_a_worker_that_dies_is_an_error() -> None:
    with Worker([sys.executable, "-c", "import sys; sys.exit(3)"]) as worker, pytest.raises(RuntimeError, match="3"):
        worker.ask(x=1)


def test_the_memory_of_a_child_is_not_that_of_its_parent() -> None:
    ballast = bytearray(os.urandom(1024)) * 200_000  # 200 MB that are really held
    program = "from bench.measure import serve, peak_rss_mb\nserve(lambda _: {'mb': peak_rss_mb()})"
    with Worker([sys.executable, "-c", program]) as worker:
        assert worker.ask()["mb"] < 150 < len(ballast) / 1e6 <= peak_rss_mb()


@pytest.mark.parametrize("log", [False, True])
def test_plots_are_well_formed_whatever_the_figures(log: bool) -> None:
    for chart in (
        bars("a < b", "ms", {"one & two": 3, "three": 0.1}, log=log),
        bars("nothing", "ms", {}, log=log),
        lines("t", "x", "y", {"s": [(1, 2), (1000, 0.02)], "t": [(10, 5)]}, log_x=log, log_y=log),
        lines("flat", "x", "y", {"s": [(5, 5)]}, log_x=log, log_y=log),
    ):
        assert ET.fromstring(chart).tag.endswith("svg")


def test_every_result_that_is_kept_can_be_rendered(tmp_path: Path) -> None:
    results = ROOT / "bench" / "results"
    kept = report.newest(results)
    if kept["sections"]:
        report.write_page(kept, [_section(name) for name in SECTIONS], tmp_path)
        for name in kept["sections"]:
            assert f"## {_section(name).TITLE}" in (tmp_path / report.PAGE).read_text()
