"""The page's section on files into text, and its targets, from the figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench import extraction_ocr
from bench.extraction_cases import CONTROL
from bench.extraction_cost import RIVAL
from bench.extraction_inputs import contents
from bench.extraction_readers import OURS
from bench.report import table
from bench.targets import Target, number

PASSED_PERCENT, PEAK_MB, OLD_TYPES_TIMES = 95, 200, 1.3


def targets(result: Mapping[str, Any]) -> list[Target]:
    """Those that the figures say something about: without cases or other libraries there are fewer."""
    found = _targets_of_cases(result["cases"]) if "cases" in result else []
    times = {kind: ratio for kind, sizes in result.get("small", {}).items() if (ratio := _times_of_rival(sizes))}
    found += _worst(f"CPU of a small file against {RIVAL}'s", times)
    large = result["large"]["formats"]
    found += _worst(
        f"CPU of a large file against {RIVAL}'s",
        {kind: ratio for kind, sizes in large.items() if (ratio := _times_of_rival(sizes))},
    )
    peaks = {kind: sizes[OURS]["peak_mb"] for kind, sizes in large.items()}
    kind = max(peaks, key=lambda name: peaks[name])
    found.append(Target(f"Peak memory with a large file, the most ({kind})", PEAK_MB, peaks[kind], "MB", "lower"))
    found += extraction_ocr.targets(result["ocr"])
    real = result["real"] or {}
    ratios = {kind: sizes["ratio"]["median"] for kind, sizes in _sets(real).items() if "ratio" in sizes}
    return found + _worst(f"CPU of real files against `{real.get('earlier')}`", ratios, OLD_TYPES_TIMES)


def _targets_of_cases(cases: Mapping[str, Any]) -> list[Target]:
    ours = cases[OURS]
    passed, total = _in_all(ours)
    controls = ours["by_kind"].get(CONTROL, [0, 0])
    without = sum(not kind[0] for kind in ours["by_kind"].values())
    found = [
        Target("Cases of extraction that pass", PASSED_PERCENT, 100 * passed / total, "%"),
        Target("Kinds of which no case passes", 0, without, "", "lower"),
        Target("Controls that fail", 0, controls[1] - controls[0], "", "lower"),
    ]
    for name in _peers(cases):
        level = [kind for kind in cases[name]["by_format"] if not _is_ahead(ours, cases[name], kind)]
        which = f" ({', '.join(level)})" if level else ""
        found.append(Target(f"Formats in which {name} keeps as much{which}", 0, len(level), "", "lower"))
    return found


def _is_ahead(ours: Mapping[str, Any], other: Mapping[str, Any], kind: str) -> bool:
    """More cases of the format pass, or all of them, which is as far ahead as one can be."""
    passed, total = ours["by_format"][kind]
    return bool(passed == total or passed > other["by_format"][kind][0])


def _worst(what: str, times: Mapping[str, float], bound: float = 1.0) -> list[Target]:
    """The format where the ratio is highest; nothing where none was measured."""
    if not times:
        return []
    kind = max(times, key=lambda name: times[name])
    return [Target(f"{what}, where it is most ({kind})", bound, times[kind], "×", "lower")]


def _times_of_rival(sizes: Mapping[str, Any]) -> float | None:
    if "cpu_s" not in sizes.get(OURS, {}) or "cpu_s" not in sizes.get(RIVAL, {}):
        return None
    return float(sizes[OURS]["cpu_s"]["median"] / sizes[RIVAL]["cpu_s"]["median"])


def render(result: Mapping[str, Any]) -> str:
    parts = []
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    if versions:
        when = f" (measured at {result['peers_measured']})" if "peers_measured" in result else ""
        parts.append(
            f"Beside {versions}{when}: each alone, with its defaults and the output that keeps most (Markdown where "
            "it has it), on the formats that it takes as it is installed by `scripts/peers.sh` (without PyTorch or "
            "models that are fetched at run time). Reproduce it with `make bench ONLY=extraction PEERS=1`.\n"
        )
    parts.append(_cases(result["cases"]) if "cases" in result else _NO_CASES)
    if "small" in result:
        parts.append(_small(result["small"]))
    parts.append(_large(result["large"]))
    parts.append(extraction_ocr.render(result["ocr"]))
    if result["real"]:
        parts.append(_real(result["real"]))
    return "\n".join(parts)


_NO_CASES = "What is kept was not tried: there was no folder of cases (`CASES`).\n"


def _cases(cases: Mapping[str, Any]) -> str:
    names = [OURS, *_peers(cases)]
    formats = sorted(cases[OURS]["by_format"])
    kinds = sorted(cases[OURS]["by_kind"], key=lambda kind: (kind == CONTROL, kind))
    failed = f"\nOurs fails {_listed(cases[OURS]['failed'])}.\n" if cases[OURS]["failed"] else ""
    return (
        f"### What is kept\n\nThe cases of `{cases['folder']}` whose check is `extract`: small files with what a "
        f"person sees in them, of {len(kinds)} kinds. The runner beside them judges. Others pass by any reading of "
        "their Markdown: as it stands, without escapes, or without `#`, `*` and `_` too; and where an error is due, by "
        "any error. Ours is read as it stands.\n\n"
        + table(["", *names], [_row(kind, "by_format", cases, names) for kind in formats] + [_sum_row(cases, names)])
        + "\nBy kind:\n\n"
        + table(["", *names], [_row(kind, "by_kind", cases, names) for kind in kinds])
        + failed
    )


def _row(kind: str, part: str, cases: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = {name: cases[name][part][kind] for name in names if kind in cases[name][part]}
    best = max(passed / total for passed, total in found.values())
    return [kind, *(_count(found[name], best) if name in found else "–" for name in names)]


def _count(count: Sequence[int], best: float) -> str:
    text = f"{count[0]}/{count[1]}"
    return f"**{text}**" if count[0] and count[0] / count[1] == best else text


def _sum_row(cases: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return ["**all that it takes**", *("/".join(map(str, _in_all(cases[name]))) for name in names)]


def _in_all(judged: Mapping[str, Any]) -> tuple[int, int]:
    passed, total = zip(*judged["by_format"].values(), strict=True)
    return sum(passed), sum(total)


def _small(small: Mapping[str, Any]) -> str:
    names = _readers(small)
    shown = {OURS: OURS, "apart": "ours, in a process of its own"}
    rows = [
        [f"{kind} ({sizes[OURS]['files']})", *(_milliseconds(sizes.get(name)) for name in names)]
        for kind, sizes in small.items()
    ]
    return (
        "### Processor time and memory\n\nMilliseconds of processor time a file (user and system), the files of the "
        "cases, in a process that has read them before; the median of rounds in which the libraries take turns. "
        "Nothing in pictures is read. The pipeline reads what no parser in C is needed for in its own process and all "
        "else in one that is forked for the document, with caps on memory and time: the fork, and what travels to it "
        "and back, is what the second column has on top.\n\n"
        + table(["ms a file", *(shown.get(name, name) for name in names)], rows)
    )


def _large(large: Mapping[str, Any]) -> str:
    names = _readers(large["formats"])
    rows = [
        [f"{kind}: {contents(kind)}", *(_cost(sizes.get(name)) for name in names)]
        for kind, sizes in large["formats"].items()
    ]
    share = "" if large["share"] == 1 else f" (here {large['share']:.0%} of it)"
    return (
        f"Large files that the benchmark makes{share}, each in a fresh process that has read a small one: processor "
        "time, and the most memory that the whole process held.\n\n" + table(["", *names], rows)
    )


def _real(real: Mapping[str, Any]) -> str:
    named = {"pdf": "the PDF set", "md": "user guides of AWS in Markdown"}
    earlier = real["earlier"]
    columns = ["", "Files", "CPU", *([f"CPU at `{earlier}`", "now against it"] if earlier else [])]
    rows = [
        [
            named[kind],
            f"{sizes['files']} ({sizes['bytes'] / 1e6:.1f} MB)",
            f"{sizes['now']['median']:.1f} s",
            *([f"{sizes['before']['median']:.1f} s", _spread(sizes["ratio"])] if earlier else []),
        ]
        for kind, sizes in _sets(real).items()
    ]
    return (
        "### Real files\n\nThe files of EVAL_DATA as the pipeline reads them, each in a process of its own under caps "
        "where it needs one, without OCR. Among the PDFs are encrypted and damaged ones.\n\n" + table(columns, rows)
    )


def _sets(real: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {kind: sizes for kind, sizes in real.items() if kind != "earlier"}


def _spread(ratio: Mapping[str, float]) -> str:
    return f"{number(ratio['median'])} [{number(ratio['min'])}–{number(ratio['max'])}] ×"


def _peers(cases: Mapping[str, Any]) -> list[str]:
    return [name for name in cases if name not in (OURS, "folder")]


def _readers(formats: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """In the order of the table: ours, ours apart, the others as they come."""
    every = dict.fromkeys(name for sizes in formats.values() for name in sizes)
    return sorted(every, key=lambda name: (name != OURS, name != "apart"))


def _milliseconds(size: Mapping[str, Any] | None) -> str:
    return number(size["cpu_s"]["median"] * 1000) if size else "–"


def _cost(size: Mapping[str, Any] | None) -> str:
    if size is None:
        return "–"
    if "error" in size:
        return "cannot read it"
    return f"{number(size['cpu_s']['median'])} s, {size['peak_mb']:.0f} MB"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
