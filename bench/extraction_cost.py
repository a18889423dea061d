"""CPU time and memory of turning files into text: small ones, large ones, and the real ones of EVAL_DATA.

Readers take turns, each in a process of its own that has read a file of the format before. Nothing in pictures is read.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.documents import markdown, slices, write
from bench.extraction_readers import EARLIER, OURS, format_of, takes, worker
from bench.measure import ROOT, Worker, interleaved, summary
from bench.section import Options, Result

RIVAL = "MarkItDown"
"""Whose CPU time ours must not exceed: it takes its turn in every round, the others in the first alone."""

LARGE_ROUNDS = REAL_ROUNDS = 3
GUIDES, QUICK_GUIDES = 300, 10
QUICK_PDFS = 4


def small_files(files: Mapping[str, Sequence[Path]], rounds: int, *, apart: bool) -> Result:
    """Format -> reader -> CPU seconds a file, of the files that each reader takes; ours read `apart` too, if wanted.

    Ours in a process of its own is measured in one round: what the fork for it costs varies little.
    """
    by_format = {name: _by_format(paths) for name, paths in files.items()}
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    with ExitStack() as opened:
        workers = {name: opened.enter_context(worker(name)) for name in files}
        for kind in by_format[OURS]:
            candidates = {
                name: _reading(workers[name], paths)
                for name, formats in by_format.items()
                if (paths := formats.get(kind))
            }
            for name, seconds in interleaved(candidates, rounds, warm_up=1).items():
                number = len(by_format[name][kind])
                found[kind][name] = {"files": number, "cpu_s": summary([one / number for one in seconds])}
            if apart:
                paths = by_format[OURS][kind]
                reading = {"apart": _reading(workers[OURS], paths, apart=True)}
                (seconds_apart,) = interleaved(reading, 1, warm_up=1)["apart"]
                found[kind]["apart"] = {"files": len(paths), "cpu_s": summary([seconds_apart / len(paths)])}
    return dict(found)


def large_files(files: Mapping[str, tuple[Path, Path]], names: Sequence[str], rounds: int) -> Result:
    """Format -> reader -> CPU seconds and peak MB of the large file, in a process that has read the small one.

    `error` is what a reader said that could not read it. Raises RuntimeError where ours could not.
    """
    found: dict[str, dict[str, Any]] = {}
    for kind, (small, large) in files.items():
        rivals = [name for name in names if name in (OURS, RIVAL)]
        runs = interleaved({name: _once(name, small, large) for name in rivals}, rounds)
        runs |= {
            name: [_once(name, small, large)()] for name in names if name not in rivals and takes(name, large.name)
        }
        if runs[OURS][0]["errors"]:
            raise RuntimeError(f"{large.name}: {runs[OURS][0]['errors'][0]}")
        found[kind] = {name: _summed_up(answers) for name, answers in runs.items()}
        found[kind][OURS]["bytes"] = large.stat().st_size
    return found


def real_files(options: Options) -> Result | None:
    """CPU seconds of the real files of EVAL_DATA, as the pipeline reads them: in processes of their own, under caps.

    `before` are those of the commit that the target speaks of, taking turns, where the repository has it; None without
    EVAL_DATA.
    """
    if options.data is None:
        return None
    pdfs = sorted((options.data / "pdf").glob("*.pdf"))
    guides = slices(markdown(options.data), 1, QUICK_GUIDES if options.quick else GUIDES)[0]
    folder = write(guides, options.work / "extraction" / "guides")
    sets = {
        "pdf": sorted(pdfs, key=lambda path: path.stat().st_size)[:QUICK_PDFS] if options.quick else pdfs,
        "md": [folder / name for name in guides],
    }
    earlier = None if options.quick else checked_out(options.work / "extraction" / EARLIER)
    found: dict[str, Any] = {"earlier": EARLIER if earlier else None}
    with ExitStack() as opened:
        workers = {"now": opened.enter_context(worker(OURS))}
        if earlier:
            workers["before"] = opened.enter_context(worker(EARLIER, earlier))
        for kind, paths in sets.items():
            turns = {when: _reading(reader, paths, apart=True) for when, reader in workers.items()}
            seconds = interleaved(turns, 1 if options.quick else REAL_ROUNDS)
            found[kind] = {
                "files": len(paths),
                "bytes": sum(path.stat().st_size for path in paths),
                **{when: summary(values) for when, values in seconds.items()},
            }
            if earlier:
                found[kind]["ratio"] = summary(
                    [now / before for now, before in zip(seconds["now"], seconds["before"], strict=True)]
                )
    return found


def checked_out(folder: Path) -> Path | None:
    """The sources of EARLIER in `folder`; None where the repository does not hold that commit (a shallow clone)."""
    made = subprocess.run(["git", "archive", EARLIER, "src"], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def _by_format(paths: Sequence[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[format_of(path.name)].append(path)
    return dict(sorted(found.items()))


def _reading(reader: Worker, paths: Sequence[Path], **how: Any) -> Callable[[], float]:
    """CPU seconds of reading them all."""
    return lambda: float(reader.ask(paths=list(map(str, paths)), how=how)["cpu_s"])


def _once(name: str, small: Path, large: Path) -> Callable[[], Result]:
    def run() -> Result:
        with worker(name) as reader:
            reader.ask(paths=[str(small)])
            return reader.ask(paths=[str(large)])

    return run


def _summed_up(answers: Sequence[Mapping[str, Any]]) -> Result:
    """Of the rounds of one reader with one large file."""
    if answers[0]["errors"]:
        return {"error": answers[0]["errors"][0]}
    return {
        "cpu_s": summary([answer["cpu_s"] for answer in answers]),
        "peak_mb": max(answer["peak_mb"] for answer in answers),
    }
