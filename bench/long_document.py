"""A PDF of as many pages as the rules allow, seen through to its last chunk: how long each function works, in how much
memory."""

from __future__ import annotations

import re
import textwrap
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.documents import Documents, write
from bench.ingesting import Ingester, as_json
from bench.section import Result
from bench.targets import Target
from portfolio_rag.settings.ingestion_rules import Rules
from tests.support.pdfs import Ink, make_pdf

PAGES = Rules().max_pages
_LINES, _COLUMNS = 28, 90
_SAMPLE_SECONDS = 0.25


def measure(ingester: Ingester, documents: Documents, folder: Path) -> Result:
    """Raises RuntimeError when it does not become COMPLETED."""
    data = _pdf(documents)
    with _peaks(ingester) as peaks:
        run = ingester.copy_in(write({"manual.pdf": data}, folder), "long")
    return {
        "pages": PAGES,
        "bytes": len(data),
        **as_json(run),
        "peak_mb": peaks,
        "timeouts_s": {name: ingester.timeout_s(name) for name in run.longest_s},
        "answers": ingester.answers_from("manual.pdf", "How long is a message kept in a queue?"),
    }


def targets(result: Mapping[str, Any]) -> list[Target]:
    """Of the time that a function is given, the most that one invocation took."""
    longest = max(seconds / result["timeouts_s"][name] for name, (seconds, _) in result["longest_s"].items())
    return [
        Target(f"A PDF of {result['pages']:,} pages: the longest invocation, of its timeout", 1.0, longest, "", "lower")
    ]


def render(result: Mapping[str, Any]) -> str:
    invocations = "; ".join(
        f"`{name}` {count}, the longest {seconds:.1f} s of {result['timeouts_s'][name]:.0f} s"
        for name, (seconds, count) in sorted(result["longest_s"].items())
    )
    memory = ", ".join(f"{name} {value:.0f} MB" for name, value in sorted(result["peak_mb"].items()))
    found = "its text answers" if result["answers"] else "**but its text was not found**"
    embedded, windows = result["embedded"]
    return (
        f"### A long document\n\nA PDF of {result['pages']:,} pages, as many as the rules allow "
        f"({result['bytes'] / 1e6:.1f} MB, {windows:,} windows, of which {embedded:,} differ and were embedded), was "
        f"COMPLETED after {result['wall_s']:.0f} s, and {found}. Invocations: {invocations}. Peak memory: {memory}.\n"
    )


def _pdf(documents: Documents) -> bytes:
    """The text of the documents, over and over, until every page is full."""
    lines: list[str] = []
    for name in sorted(documents):
        text = re.sub(r"[^ -~\n]", " ", documents[name].decode("utf-8", "replace"))
        lines += [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, _COLUMNS)]
    wanted = PAGES * _LINES
    lines = (lines * (wanted // len(lines) + 1))[:wanted]
    pages = [
        [Ink(line, x=60, y=780 - 14 * row, size=10) for row, line in enumerate(lines[first : first + _LINES])]
        for first in range(0, wanted, _LINES)
    ]
    return make_pdf(pages, title="A manual of many pages")


@contextmanager
def _peaks(ingester: Ingester) -> Iterator[Mapping[str, float]]:
    """The most memory of each process meanwhile, in MB; children are those that read documents."""
    peaks: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            for name, process in ingester.processes():
                children = [] if name in ("host", "template") else process.children(recursive=True)
                for label, one in [(name, process), *((f"{name}'s child", child) for child in children)]:
                    try:
                        peaks[label] = max(peaks.get(label, 0.0), one.memory_info().rss / 1e6)
                    except psutil.NoSuchProcess:
                        continue

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()
