"""The page's section on embedding, from its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.embedding_models import BASELINE, EIGHT_BITS, OURS
from bench.plots import bars
from bench.report import table
from bench.targets import Target, number

SET_NAMES = {"scifact_train": "SciFact", "squad2": "SQuAD 2"}
PLOT = "performance-embedding.svg"
_ENOUGH = 300
"""Questions; below, a change of 0.005 is noise."""


def targets(result: Mapping[str, Any]) -> list[Target]:
    one_core = result["one_core"]

    def times(group: str) -> float:
        return float(one_core[group][OURS]["times"]["median"])

    memory, installed = result["peak_rss_mb"], result["installed_mb"]
    found = [
        Target("Windows of 128, CPU time", 3, times("windows of 128"), "×"),
        Target("Mixed lengths, CPU time", 3, times("mixed lengths"), "×"),
        Target("A query, CPU time", 5, times("queries"), "×"),
        Target("Process start to first vector", 20, result["starts"][OURS]["times"]["median"], "×"),
        Target("Memory", 1 / 4, memory[OURS] / memory[BASELINE], "of the baseline's", "lower"),
        Target("Installed size", 1 / 6, installed[OURS] / installed[BASELINE], "of the baseline's", "lower"),
        Target(
            "Text embedded for the same CPU time",
            4,
            result["coverage"]["at_equal_coverage"]["median"],
            "×",
            tried="A word piece costs a third of the baseline's, and the headings that are embedded with each window "
            "take part of that back. OpenVINO in int8 would take a sixth off, in nearly four times the memory; batches "
            "gain nothing on one core, and windows without their headings find less.",
        ),
    ]
    if result["quota"]:
        quota = result["quota"]["ways"][OURS]["times"]["median"]
        found.append(
            Target(
                "Under a quota of one core, wall time",
                20,
                quota,
                "×",
                tried=f"torch starts {result['quota']['cores']} threads here. The more cores a machine has, the more "
                "threads share the quota, and the more it loses; ours takes the same on any.",
            )
        )
    for name, one in result.get("quality", {}).get("sets", {}).items():
        if one["questions"] < _ENOUGH:
            continue
        loss = -one["recipes"][OURS]["change"][0]
        found.append(
            Target(f"Loss of nDCG@10 to fp32, {SET_NAMES[name]}", 0.005, loss, "", "lower", _loss_tried(one["recipes"]))
        )
    return found


def _loss_tried(recipes: Mapping[str, Any]) -> str:
    """Where the loss comes from, by what eight bits lose in the same run."""
    eight = recipes.get(EIGHT_BITS)
    if eight is None:
        return "See the choice of the recipe."
    return (
        f"The weights take seven of int8's eight bits; with eight the change is {eight['change'][0]:+.4f}. But eight "
        "overflow without a word on CPUs without VNNI, which AWS Lambda does not promise, and an index that one CPU "
        "writes and another reads must not differ."
    )


def render(result: Mapping[str, Any], plots: Path) -> str:
    (plots / PLOT).write_text(
        bars(
            "CPU time of a window of 128 word pieces on one core",
            "ms",
            {name: one["cpu_ms"]["median"] for name, one in result["one_core"]["windows of 128"].items()},
            ours=OURS,
        ),
        encoding="utf-8",
    )
    parts = [
        f"The baseline is {BASELINE}, one text at a time, as one message for each chunk gives. Every way runs in its "
        "own process on one thread, and they take turns. *×* is how many times the baseline's CPU time is ours.\n",
        f"![CPU time of a window]({PLOT})\n",
        _times(result["one_core"]),
        _sizes(result["one_core"]),
        _recipes(result),
        _windows(result),
        "### Start, memory, disk\n",
        _process(result),
        _coverage(result["coverage"]),
        _quota(result["quota"]),
        _peak(result["peak"]),
    ]
    return "\n".join(part for part in parts if part)


def _times(one_core: Mapping[str, Any]) -> str:
    groups = ("windows of 128", "mixed lengths", "queries")
    rows = [
        [
            name,
            *(
                f"{number(one_core[group][name]['cpu_ms']['median'])} ms, {_times_cell(one_core[group][name])}"
                for group in groups
            ),
        ]
        for name in one_core[groups[0]]
    ]
    return table(["CPU time a text", *groups], rows)


def _sizes(one_core: Mapping[str, Any]) -> str:
    sizes = (64, 128, 250)
    rows = [
        [
            name,
            *(f"{number(one_core[f'windows of {size}'][name]['cpu_ms']['median'] * 1000 / size)} µs" for size in sizes),
        ]
        for name in one_core["windows of 128"]
    ]
    return table(["CPU time a word piece", *(f"windows of {size}" for size in sizes)], rows)


def _recipes(result: Mapping[str, Any]) -> str:
    """The choice of the recipe: how near to the reference, and what it costs in retrieval."""
    sets = result.get("quality", {}).get("sets", {})
    rows = []
    for name, cosine in result["cosine"].items():
        cells = [name, f"{cosine['mean']:.4f}", f"{cosine['min']:.4f}"]
        for one in sets.values():
            found = one["recipes"].get(name)
            if found is None:
                cells.append("–")
                continue
            change, low, high = found["change"]
            cells.append(f"{found['ndcg']:.3f} ({change:+.4f} [{low:+.4f}, {high:+.4f}])")
        rows.append(cells)
    heads = [f"nDCG@10, {SET_NAMES[name]}" for name in sets]
    text = "### Choice of the recipe\n\n" + table(["", "cosine, mean", "lowest", *heads], rows)
    if sets:
        reference = result["quality"]["reference"]
        counts = "; ".join(
            f"{SET_NAMES[name]}: {one['questions']:,} questions, {one['documents']:,} documents"
            for name, one in sets.items()
        )
        text += (
            "\nCosines are to the baseline's vectors. nDCG@10 is over vectors alone, in brackets the change to "
            f"{reference} with its 95 % interval. {counts}.\n"
        )
    return text


def _windows(result: Mapping[str, Any]) -> str:
    sets = result.get("quality", {}).get("sets", {})
    if not sets:
        return ""
    rows = []
    for size in ("64", "128", "250"):
        cells = [f"{size} word pieces" + (" (shipped)" if size == "128" else "")]
        for one in sets.values():
            cells += [f"{one['windows'][size]['windows']:,}", f"{one['windows'][size]['ndcg']:.3f}"]
        rows.append(cells)
    heads = [head for name in sets for head in (f"windows, {SET_NAMES[name]}", "nDCG@10")]
    return table(["Window", *heads], rows)


def _process(result: Mapping[str, Any]) -> str:
    rows = []
    for name, memory in result["peak_rss_mb"].items():
        start = result["starts"].get(name)
        size = result["installed_mb"].get(name)
        rows.append(
            [
                name,
                f"{number(start['s']['median'])} s, {_times_cell(start)}" if start else "–",
                f"{memory:.0f} MB",
                f"{size:.0f} MB" if size else "–",
            ]
        )
    return table(["", "process start to first vector", "peak memory", "installed, without the model"], rows)


def _coverage(found: Mapping[str, Any]) -> str:
    cost = found["cost_ratio"]["median"]
    return (
        f"A vector for each chunk of 1,000 word pieces reads {found['naive_share']:.0%} of the text (the model stops "
        f"at 256). Windows read all of it: {found['windows']:,} of them in place of {found['naive_texts']:,} chunks, "
        f"for {1 / cost:.2f} times what the baseline pays for its share. At equal coverage that is "
        f"{_spread(found['at_equal_coverage'])} × as much text for the CPU time.\n"
    )


def _quota(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "Under a quota of one core: not measured, as no control group could be made here.\n"
    cells = "; ".join(
        f"{name} {number(one['wall_ms']['median'])} ms ({_times_cell(one)})" for name, one in found["ways"].items()
    )
    return (
        f"Under a quota of one core on this machine of {found['cores']}, wall time of a window, each library choosing "
        f"its threads: {cells}. Ours counts the CPUs that the quota gives; torch counts those of the machine.\n"
    )


def _peak(found: Mapping[str, Any]) -> str:
    rows = [
        [name, number(one["gflops"]), f"{one['share']:.0%}" if one["share"] else "–"]
        for name, one in found["reached"].items()
    ]
    ceilings = ", ".join(f"{kind} {number(one)}" for kind, one in found["ceiling_gflops"].items())
    return (
        "### Share of the machine's peak\n\n"
        f"A product of two 1,024 × 1,024 matrices on one thread, in 10⁹ operations a second: {ceilings}. The forward "
        "pass of a window of 128, tokenizing included:\n\n"
        + table(["", "10⁹ operations a second", "of the peak of its kind"], rows)
    )


def _times_cell(found: Mapping[str, Any]) -> str:
    return f"{_spread(found['times'])} ×"


def _spread(found: Mapping[str, float]) -> str:
    return f"{number(found['median'])} [{number(found['min'])}–{number(found['max'])}]"
