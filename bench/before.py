"""What has been gained since an earlier commit: that commit and this one, side by side on the same machine.

The earlier tree is taken from the repository's history and runs with today's libraries; both get the same questions and
documents, and take turns. Measured by hand, as filling both indexes takes half an hour the first time:

python -m bench --only before
BENCH_SEARCH_WINDOWS=1000000 python -m bench --only before    # that size too, which takes another hour to fill
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from bench.measure import ROOT, Worker, interleaved, percentiles
from bench.report import table
from bench.search import questions_of
from bench.section import Options, Result
from bench.sizes import wanted, with_kept
from bench.targets import Target, number

NAME = "before"
TITLE = "Since an earlier commit"
BY_HAND = True

COMMIT = "1c5e16b"
"""The last commit before the words moved from SQLite to Tantivy."""

NOW, BEFORE = "now", COMMIT
SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (1_000,)
ROUNDS, QUICK_ROUNDS = 5, 2
INGESTIONS, DOCUMENTS = 3, 100
QUICK_INGESTIONS, QUICK_DOCUMENTS = 1, 20
_SEARCH_BOUNDS = {"100000": {"p50": 0.5, "p99": 0.4}, "1000000": {"p50": 0.3, "p99": 0.3}}
_SEARCH_TRIED = (
    "At 100,002 windows the words took 13 ms and take 3, but they are searched beside the rest, which has stayed: the "
    "embedding, Chroma over HTTP and DynamoDB, one after the other. Of 15 ms, 12.4 are processor time of the "
    "searching process itself (stage by stage at 100,002 windows, on 2026-11-28): 2.7 the words, two thirds of which "
    "weigh the windows of the 50 chunks found, 2.6 the embedding, 3.0 the read of live versions and chunks, 1.1 that "
    "of the alias, 1.0 Chroma's client, 1.0 what SQLite knows of the hits, 1.0 the rest. Since then items are read "
    "from DynamoDB's JSON without botocore's model of them, which takes 2.5 ms of the third to 1.7, and the alias "
    "comes in that read, and no longer in one of its own. Nothing was gained by asking for the words only once Chroma "
    "has been asked, nor by doing without the garbage collector. Since this was measured the candidates are ranked "
    "where they are (fusing takes half as long), and a read of 26 keys takes 0.6 ms of the client in place of 1.0: "
    "DynamoDB's parameters are checked by the service alone, and the user agent is no longer put together at each "
    "call. Exact search of a small index in this process would save 3 ms of 14, and ask Chroma all the same, for what "
    "is new."
)
_CPU_TRIED = (
    "Half of what is left is the AWS client's own work, 1 to 2 ms of CPU a call, 22 calls a note: endpoint rules, "
    "signing, headers and parsing, in Python. Since this was measured it leaves out the validation of parameters (of "
    "DynamoDB's calls) and its long user agent, 0.15 to 0.4 ms a call. Extraction and chunking of a guide take 6 ms, "
    "vectors go to Chroma as base64, and what was asked about an upload before its move and after it is one call now. "
    "What was saved since is spent on what was not there: unchanged uploads, attributes, access lists, correlation "
    "ids and history."
)
_PROGRAM = ROOT / "bench" / "before_tree.py"
_BESIDE = ("emulator", "aws")
"""Not ours: the emulated AWS and the command line."""


def measure(options: Options) -> Result:
    before = _checked_out(options.work / "before" / COMMIT)
    trees = {BEFORE: before, NOW: ROOT}
    questions = questions_of(options)
    sizes = wanted(QUICK_SIZES if options.quick else SIZES)
    return {
        "commit": COMMIT,
        "questions": len(questions),
        "search": {str(size): _search(trees, size, questions, options) for size in sizes},
        "ingestion": _ingestion(trees, options),
    }


def keep(before: Mapping[str, Any], result: Result) -> Result:
    """With the sizes that were measured by hand before, and when that was."""
    return {**result, "search": with_kept(result["search"], before["result"]["search"], SIZES, before)}


def _search(trees: Mapping[str, Path], size: int, questions: list[str], options: Options) -> Result:
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with _workers(trees, options) as workers:
        windows = {
            name: worker.ask(do="open_search", size=size, questions=questions) for name, worker in workers.items()
        }
        asked = {
            name: lambda worker=worker: worker.ask(do="whole", questions=questions)["ms"]
            for name, worker in workers.items()
        }
        found = interleaved(asked, rounds, warm_up=1)
    return {
        name: {**windows[name], "rounds": [percentiles(taken, 50, 99) for taken in found[name]]} for name in workers
    }


def _ingestion(trees: Mapping[str, Path], options: Options) -> Result:
    rounds, documents = (QUICK_INGESTIONS, QUICK_DOCUMENTS) if options.quick else (INGESTIONS, DOCUMENTS)
    found: dict[str, Result] = {name: {"rounds": []} for name in trees}
    with _workers(trees, options) as workers:
        for worker in workers.values():
            worker.ask(do="open_stack", rounds=rounds, documents=documents)
        for place in range(rounds):
            for name in [*workers] if place % 2 == 0 else [*workers][::-1]:
                found[name]["rounds"].append(workers[name].ask(do="ingest", place=place))
        for name, worker in workers.items():
            found[name]["again"] = worker.ask(do="again", place=rounds - 1)
    return found


@contextmanager
def _workers(trees: Mapping[str, Path], options: Options) -> Any:
    """A process for each tree, which imports that tree's code alone."""
    data = {"EVAL_DATA": str(options.data)} if options.data else {}
    with ExitStack() as opened:
        yield {
            name: opened.enter_context(
                Worker(
                    [sys.executable, "-P", str(_PROGRAM)],
                    environment={"PYTHONPATH": f"{tree / 'src'}:{tree}", "BENCH_TREE": str(tree), **data},
                )
            )
            for name, tree in trees.items()
        }


def _checked_out(tree: Path) -> Path:
    """The files of the commit; raises CalledProcessError where the history is not here."""
    if not tree.exists():
        draft = tree.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        packed = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(draft, filter="data")
        (draft / ".portfolio").mkdir()
        (draft / ".portfolio" / "model").symlink_to((ROOT / ".portfolio" / "model").resolve())
        (draft / ".venv").symlink_to(Path(sys.prefix))
        draft.rename(tree)
    return tree


def targets(result: Mapping[str, Any]) -> list[Target]:
    cpu = _cpu_ratio(result["ingestion"])
    return [
        *(
            Target(
                f"Search at {one[NOW]['windows']:,} windows, {name}, of {result['commit']}",
                bound,
                _ratio(one, name),
                "×",
                "lower",
                _SEARCH_TRIED,
            )
            for size, one in result["search"].items()
            for name, bound in _SEARCH_BOUNDS.get(size, {}).items()
        ),
        Target(
            f"CPU of a first ingestion beyond the model, the emulator and the command line, of {result['commit']}",
            0.5,
            cpu,
            "×",
            "lower",
            _CPU_TRIED,
        ),
        Target(
            "CPU of the same folder again by `aws s3 cp`, beyond the emulator and the command line, of the first time",
            0.15,
            _again_ratio(result["ingestion"][NOW]),
            "×",
            "lower",
        ),
    ]


def render(result: Mapping[str, Any], plots: Path) -> str:
    del plots
    return "\n".join(
        [
            f"`{result['commit']}` with today's libraries and this commit, side by side, taking turns. "
            f"{result['questions']} questions, in process, medians over rounds of each; *×* is this commit's share. "
            "Reproduce it with `python -m bench --only before`, which takes both indexes half an hour to fill.\n",
            table(
                ["Windows", "p50 ms before", "now", "×", "p99 ms before", "now", "×"],
                [_search_row(one) for one in result["search"].values()],
            ),
            *(
                f"{one[NOW]['windows']:,} windows were measured at {one['measured']}.\n"
                for one in result["search"].values()
                if "measured" in one
            ),
            "A first ingestion, CPU a document beyond the model (its time alone, on the same windows, just before and "
            "after), the emulator and the command line:\n",
            table(
                ["Round", "documents", "before", "now", "×"],
                [
                    [
                        str(place),
                        str(after["documents"]),
                        f"{_ours_ms(before):.0f} ms",
                        f"{_ours_ms(after):.0f} ms",
                        number(_ours_ms(after) / _ours_ms(before)),
                    ]
                    for place, (before, after) in enumerate(_pairs(result["ingestion"]), 1)
                ],
            ),
            "By process, in the last round, milliseconds a document:\n",
            _processes(result["ingestion"]),
        ]
    )


def _ratio(size: Mapping[str, Any], name: str) -> float:
    pairs = zip(size[NOW]["rounds"], size[BEFORE]["rounds"], strict=True)
    return float(statistics.median(now[name] / before[name] for now, before in pairs))


def _search_row(size: Mapping[str, Any]) -> list[str]:
    row = [f"{size[NOW]['windows']:,}"]
    for name in ("p50", "p99"):
        medians = (statistics.median(one[name] for one in size[tree]["rounds"]) for tree in (BEFORE, NOW))
        row += [*map(number, medians), number(_ratio(size, name))]
    return row


def _pairs(ingestion: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return list(zip(ingestion[BEFORE]["rounds"], ingestion[NOW]["rounds"], strict=True))


def _ours_ms(one: Mapping[str, Any]) -> float:
    """Of a first ingestion, a document."""
    ours = sum(seconds for name, seconds in one["cpu_s"].items() if name not in _BESIDE)
    return float((ours - one["pure_cpu_s"]) / one["documents"] * 1e3)


def _cpu_ratio(ingestion: Mapping[str, Any]) -> float:
    return float(statistics.median(_ours_ms(after) / _ours_ms(before) for before, after in _pairs(ingestion)))


def _again_ratio(tree: Mapping[str, Any]) -> float:
    first, again = (
        sum(seconds for name, seconds in one["cpu_s"].items() if name not in _BESIDE)
        for one in (tree["rounds"][-1], tree["again"])
    )
    return float(again / first)


def _processes(ingestion: Mapping[str, Any]) -> str:
    before, after = _pairs(ingestion)[-1]
    names = dict.fromkeys([*before["cpu_s"], *after["cpu_s"]])
    rows = [
        [name, *(f"{one['cpu_s'].get(name, 0.0) / one['documents'] * 1e3:.0f}" for one in (before, after))]
        for name in names
    ]
    rows.append(["the model alone", *(f"{one['pure_cpu_s'] / one['documents'] * 1e3:.0f}" for one in (before, after))])
    return table(["", "before", "now"], rows)
