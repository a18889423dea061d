"""The page's section on search, from its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.plots import lines
from bench.report import table
from bench.targets import Target, number

PLOT = "performance-search.svg"
SHIPPED, GRAPH, EXACT = "shipped (Chroma over HTTP)", "hnswlib in the process", "exact, NumPy"
_TARGET_WINDOWS = 100_000


def targets_of(result: Mapping[str, Any]) -> list[Target]:
    """The promises are for 100,000 windows; the largest size that was measured up to there."""
    size = _promised(result)
    filtered = max(one["search"]["p50_ms"] for one in size["filters"].values())
    return [
        Target(f"recall@5 of the vectors at {size['windows']:,} windows", 0.98, size["dense"][SHIPPED]["recall@5"]),
        Target(
            "recall@5 of the vectors with a filter, the worst of them",
            0.98,
            min(one["recall@5"] for one in size["filters"].values()),
        ),
        Target(
            f"A search at {size['windows']:,} windows, p50",
            20,
            size["search"]["p50_ms"],
            "ms",
            "lower",
            tried="The stages below say where the time goes. On a machine that others use as well, p50 is theirs too.",
        ),
        Target(
            "A search with a filter, p50, the slowest of them against none",
            3,
            filtered / size["search"]["p50_ms"],
            "×",
            "lower",
        ),
    ]


def plot(result: Mapping[str, Any]) -> str:
    """p50 of a whole search by the number of windows, with and without a filter."""
    sizes = list(result["sizes"].values())
    slowest = "with the slowest filter"
    series: dict[str, list[tuple[float, float]]] = {
        "search": [(one["windows"], one["search"]["p50_ms"]) for one in sizes],
        slowest: [(one["windows"], max(kind["search"]["p50_ms"] for kind in one["filters"].values())) for one in sizes],
        "Chroma's own slowest filter": [
            (one["windows"], max(kind["chroma_filter"]["p50_ms"] for kind in one["filters"].values())) for one in sizes
        ],
        "exact vectors, NumPy": [(one["windows"], one["dense"][EXACT]["p50_ms"]) for one in sizes],
    }
    return lines("A search by the size of the index, p50", "windows", "ms", series, log_x=True, log_y=True)


def sections(result: Mapping[str, Any]) -> str:
    sizes = list(result["sizes"].values())
    asked = "real ones about AWS" if result["real_questions"] else "those of the samples and sentences of the texts"
    size = _promised(result)
    unmatched = sum(one["unmatched"] for one in size["filters"].values())
    parts = [
        f"{result['questions']} questions ({asked}) against windows of AWS's own reference texts, as botocore carries "
        "them, each with seven to ten attributes. Chroma is a process beside, the tables are in MiniStack, which takes "
        "longer than DynamoDB in the same region for some calls and less for others.\n",
        f"![A search by the size of the index]({PLOT})\n",
        table(
            ["Windows", "of real texts", "search p50 ms", "p99", "`/api/search` p50", "p99", "API MB", "Chroma MB"],
            [
                [
                    f"{one['windows']:,}",
                    f"{one['real_vectors'] / one['windows']:.0%}",
                    number(one["search"]["p50_ms"]),
                    number(one["search"]["p99_ms"]),
                    number(one["http"]["p50_ms"]),
                    number(one["http"]["p99_ms"]),
                    number(one["memory_mb"]["api"]),
                    number(one["memory_mb"]["chroma"]),
                ]
                for one in sizes
            ],
        ),
        "*Of real texts*: the share of vectors that come from a text; the others are mixed from two real ones and a "
        f"little noise. At {size['windows']:,} windows the API's file takes {number(size['disk_mb']['api'])} MB and "
        f"Chroma's directory {number(size['disk_mb']['chroma'])} MB of disk. "
        "`BENCH_SEARCH_WINDOWS=1000000 python -m bench --only search` measures a million too: loading them takes an "
        "hour.\n",
        *(
            f"{one['windows']:,} windows were measured at {one['measured']}, and beside an earlier commit "
            "[since then](#since-an-earlier-commit).\n"
            for one in sizes
            if "measured" in one
        ),
        "### Where the time goes\n",
        "One stage after the other, with nothing beside it. In a search the full-text index runs beside the "
        "embedding and Chroma.\n",
        _stages(sizes),
        "### The vectors alone\n",
        "50 windows of each; recall against exact search. hnswlib has the settings of our collections.\n",
        _dense(sizes),
        f"### Filters, {size['windows']:,} windows\n",
        "A filter is answered beside Chroma: few windows that pass are compared one by one, for many Chroma is asked "
        "for more windows than wanted. *Chroma's* is the same vector search with Chroma's own metadata filter. Windows "
        f"that came back although their filter does not let them pass: {unmatched}.\n",
        _filters(size),
    ]
    return "\n".join(parts)


def _promised(result: Mapping[str, Any]) -> Mapping[str, Any]:
    sizes = [one for size, one in result["sizes"].items() if int(size) <= _TARGET_WINDOWS]
    return max(sizes, key=lambda one: int(one["windows"]))


def _stages(sizes: list[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for one in sizes for name in one["stages"]))
    columns = ["Stage"]
    for one in sizes:
        columns += [f"{one['windows']:,}: p50 ms", "p99"]
    rows = []
    for name in names:
        row = [name]
        for one in sizes:
            found = one["stages"].get(name)
            row += [number(found["p50_ms"]), number(found["p99_ms"])] if found else ["", ""]
        rows.append(row)
    return table(columns, rows)


def _dense(sizes: list[Mapping[str, Any]]) -> str:
    return table(
        ["Windows", "Way", "p50 ms", "p99", "recall@5", "recall@50"],
        [
            [
                f"{one['windows']:,}",
                name,
                number(found["p50_ms"]),
                number(found["p99_ms"]),
                f"{found['recall@5']:.3f}",
                f"{found['recall@50']:.3f}",
            ]
            for one in sizes
            for name, found in one["dense"].items()
        ],
    )


def _filters(size: Mapping[str, Any]) -> str:
    whole = size["search"]["p50_ms"]
    return table(
        ["Filter", "passes", "search p50 ms", "p99", "× none", "vectors p50", "Chroma's p50", "recall@5", "recall@50"],
        [
            [
                name,
                f"{one['passing']:,} ({one['share']:.1%})",
                number(one["search"]["p50_ms"]),
                number(one["search"]["p99_ms"]),
                number(one["search"]["p50_ms"] / whole),
                number(one["vectors"]["p50_ms"]),
                number(one["chroma_filter"]["p50_ms"]),
                f"{one['recall@5']:.3f}",
                f"{one['recall@50']:.3f}",
            ]
            for name, one in size["filters"].items()
        ],
    )
