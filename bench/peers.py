"""What one would pick instead, on the same documents with the same model: LlamaIndex, LangChain, Haystack, txtai.

They are libraries in one process, without queues, states, a backup or versions; ours is the whole local stack, the
`aws` command line and the emulated AWS included. Each is in a process of its own and they take turns.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench import plots as charts
from bench.documents import changed, markdown, slices, write
from bench.ingesting import Ingester
from bench.measure import ROOT, Worker, percentiles
from bench.report import table
from bench.section import Options, Result
from bench.stack import RunningStack, running_stack
from bench.targets import Target

NAME = "peers"
TITLE = "Beside other libraries"
NEEDS_PEERS = True

OURS, _OWN = "portfolio-rag", "in process"
NAMES = ("LlamaIndex", "LangChain", "Haystack", "txtai")
ROUNDS, DOCUMENTS, SEARCHES = 2, 80, 30
QUICK_ROUNDS, QUICK_DOCUMENTS, QUICK_SEARCHES = 1, 8, 10
CHANGED = 0.01

_PYTHON = ROOT / ".portfolio" / "peers" / "bin" / "python"

_LINES = {
    "ingest_s": "ingestion",
    "cpu_s": "CPU of it",
    "memory_mb": "memory",
    "unchanged_s": "again, unchanged",
    "sync_s": "again, unchanged, by `rag sync`",
    "changed_s": "again, 1 % changed",
    "p50_ms": "search, p50",
    "p99_ms": "search, p99",
    "own_p50_ms": "search, all in their own process, p50",
    "own_p99_ms": "search, all in their own process, p99",
}
"""What is compared; less is better in each. By `rag sync` is ours, and so is the search in process: theirs are the same
run as above."""

_AHEAD = {"own_p50_ms": 1.2, "own_p99_ms": 1.2}
"""By how much ours has to be ahead of the best of them; where none is given, it must not be behind."""

_PSS = (
    "*Memory* is what is held after a round of ingestion, the most of the rounds; what several processes share counts "
    "once (PSS). "
)


def measure(options: Options) -> Result:
    rounds, size, searches = (
        (QUICK_ROUNDS, QUICK_DOCUMENTS, QUICK_SEARCHES) if options.quick else (ROUNDS, DOCUMENTS, SEARCHES)
    )
    parts = slices(markdown(options.data), rounds, size)
    scratch = options.work / "peers"
    shutil.rmtree(scratch, ignore_errors=True)
    folders = [write(part, scratch / "documents" / str(place)) for place, part in enumerate(parts)]
    # Under another name: the last round's documents, as they are after somebody has worked on them.
    revised = write(changed(parts[-1], CHANGED), scratch / "revised")
    queries = _queries(parts[-1], searches)
    with ExitStack() as opened:
        stack = opened.enter_context(running_stack(scratch / "stack", samples=False))
        ours = _Ours(stack, folders[-1])
        systems: dict[str, _System] = {OURS: ours}
        for name in NAMES:
            command = [str(_PYTHON), "-m", "bench.peer_ingestion", name, str(scratch / name)]
            systems[name] = _Peer(opened.enter_context(Worker(command, environment={"HF_HUB_OFFLINE": "1"})))
        results: dict[str, dict[str, Any]] = {name: {"rounds": []} for name in systems}
        for place, folder in enumerate(folders):
            for name in _from(list(systems), place):
                results[name]["rounds"].append(systems[name].ingest(folder))
        for name, system in systems.items():
            results[name]["unchanged"] = system.ingest(folders[-1], again=True)
        results[OURS]["sync"] = {"wall_s": ours.sync(folders[-1])}
        for name, system in systems.items():
            results[name]["changed"] = system.ingest(revised, again=True)
        asked: dict[str, _System | _InProcess] = {**systems, _OWN: opened.enter_context(_in_process(stack))}
        found = {}
        for name in [*asked, *asked]:  # The first turn warms up.
            found[name] = asked[name].search(queries)
        results[OURS]["in_process"] = found.pop(_OWN)
        for name, taken in found.items():
            results[name]["search"] = taken
        for name in NAMES:
            results[name]["defaults"] = systems[name].ingest(folders[-1], defaults=True)
            results[name]["version"] = systems[name].version()
    return {
        "source": "AWS user guides in Markdown" if options.data else "samples",
        "documents": sum(map(len, parts)),
        "bytes": sum(len(body) for part in parts for body in part.values()),
        "searches": len(queries),
        "systems": results,
    }


class _Peer:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def ingest(self, folder: Path, *, again: bool = False, defaults: bool = False) -> Result:
        del again  # They know it themselves, or do not.
        return self._worker.ask(folder=str(folder), defaults=defaults)

    def search(self, queries: Sequence[str]) -> Result:
        return self._worker.ask(queries=list(queries))

    def version(self) -> str:
        return str(self._worker.ask()["version"])


class _Ours:
    """Documents are known by their path, so those of one round stand under one prefix."""

    def __init__(self, stack: RunningStack, last: Path) -> None:
        self._ingester = Ingester(stack)
        self._url = f"{stack.config.api_url}/api/search"
        self._client = httpx.Client(timeout=60, trust_env=False)
        self._last = last
        warm = write({"warm.md": b"# Warm\n\nA note about warming up."}, last.parent.parent / "warm")
        self._ingester.copy_in(warm, "warm")
        self._vectors = 0

    def ingest(self, folder: Path, *, again: bool = False, defaults: bool = False) -> Result:
        del defaults
        run = self._ingester.copy_in(folder, self._last.name if again else folder.name)
        if not again:
            self._vectors += run.embedded[1]
        functions = sum(mb for name, mb in run.pss_mb.items() if name not in ("emulator", "host", "api", "chroma"))
        return {
            "wall_s": run.wall_s,
            "cpu_s": sum(run.cpu_s.values()),
            "pss_mb": sum(run.pss_mb.values()),
            "functions_mb": functions,
            "vectors": self._vectors,
            "embedded": run.embedded[0],
        }

    def sync(self, folder: Path) -> float:
        """Seconds of `rag sync` of the last round's folder, of which nothing has changed."""
        return self._ingester.sync(folder, self._last.name)

    def search(self, queries: Sequence[str]) -> Result:
        times = []
        for query in queries:
            started = time.perf_counter()
            self._client.post(self._url, json={"query": query, "top_k": 5}).raise_for_status()
            times.append((time.perf_counter() - started) * 1000)
        return percentiles(times, 50, 99)

    def version(self) -> str:
        return ""


_System = _Ours | _Peer


class _InProcess:
    """Ours as a library: its retrieval in a process of its own, over the stack's stores."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def search(self, queries: Sequence[str]) -> Result:
        return self._worker.ask(queries=list(queries))


@contextmanager
def _in_process(stack: RunningStack) -> Iterator[_InProcess]:
    with Worker([sys.executable, "-m", "bench.own_search"], environment=stack.environment) as worker:
        yield _InProcess(worker)


def _from(names: list[str], place: int) -> list[str]:
    first = place % len(names)
    return names[first:] + names[:first]


def _queries(part: Mapping[str, bytes], number: int) -> list[str]:
    """Headings of the documents, as questions are short: each once."""
    lines = (line for body in part.values() for line in body.decode("utf-8", "replace").splitlines())
    headings = dict.fromkeys(line.strip("# ") for line in lines if line.startswith("## "))
    return [heading.partition("<a ")[0].strip() for heading in headings][:number] or ["queues"]


def _figures(system: Mapping[str, Any]) -> dict[str, float]:
    def median(name: str) -> float:
        return float(statistics.median(one[name] for one in system["rounds"]))

    return {
        "ingest_s": median("wall_s"),
        "cpu_s": median("cpu_s"),
        # Before 2026-11-27 it was RSS, ours the sum of it over processes.
        "memory_mb": max(one.get("pss_mb", one.get("rss_mb")) for one in system["rounds"]),
        "unchanged_s": system["unchanged"]["wall_s"],
        "sync_s": system.get("sync", system["unchanged"])["wall_s"],
        "changed_s": system["changed"]["wall_s"],
        "p50_ms": system["search"]["p50"],
        "p99_ms": system["search"]["p99"],
        "own_p50_ms": system.get("in_process", system["search"])["p50"],
        "own_p99_ms": system.get("in_process", system["search"])["p99"],
    }


def targets(result: Mapping[str, Any]) -> list[Target]:
    """Ahead of the best of them on every line: its figure over ours."""
    systems = {name: _figures(system) for name, system in result["systems"].items()}
    tried = {
        "memory_mb": "Ours counts every process, Chroma's server and the emulated AWS (some 200 MB) among them. The "
        "functions are forked from one process and share its pages, and the embedding model, with the API's own copy "
        "beside it.",
        "sync_s": "It is a program that starts and asks DynamoDB over HTTP; LlamaIndex's process is up already.",
        "unchanged_s": "`aws s3 cp` uploads all bytes again. Each upload goes through a queue, is told by its hash and "
        "makes no version, but it was an upload; LlamaIndex and LangChain compare a hash and stop, as `rag sync` does.",
        "changed_s": "As above: all are uploaded again, and one of them is a new version.",
    }
    tried["p50_ms"] = tried["p99_ms"] = (
        "Ours is asked over HTTP and reads DynamoDB: which index is live, which versions are, and the chunks. Theirs "
        "are asked in their own process, as ours is two lines below."
    )
    tried["own_p50_ms"] = tried["own_p99_ms"] = (
        "Without HTTP, but with the read of DynamoDB, and Chroma's server in another process; the words as well as "
        "the vectors. Theirs ask a store in their own memory, by vectors alone, and believe it. Where our time goes: "
        "under *Since an earlier commit*."
    )
    return [
        Target(
            f"The best of the others against ours: {what}",
            _AHEAD.get(line, 1.0),
            min(systems[name][line] for name in NAMES) / systems[OURS][line],
            "×",
            tried=tried.get(line, ""),
        )
        for line, what in _lines(result["systems"]).items()
    ]


def _lines(systems: Mapping[str, Any]) -> Mapping[str, str]:
    """Those that were measured: before 2026-11-27 nothing was synchronised, and ours was asked over HTTP alone."""
    later = {"sync_s": "sync", "own_p50_ms": "in_process", "own_p99_ms": "in_process"}
    return {line: what for line, what in _LINES.items() if line not in later or later[line] in systems[OURS]}


def render(result: Mapping[str, Any], plots: Path) -> str:
    systems = result["systems"]
    seconds = {name: _figures(system)["ingest_s"] for name, system in systems.items()}
    plot = charts.bars("Ingestion of a round of documents", "s", seconds, ours=OURS)
    (plots / "performance-peers.svg").write_text(plot, encoding="utf-8")
    ours = systems[OURS]
    parts = [
        f"{result['documents']} documents ({result['source']}, {result['bytes'] / 1e6:.2f} MB) in "
        f"{len(ours['rounds'])} rounds, all-MiniLM-L6-v2 everywhere, pieces of "
        "at most 254 word pieces, so that all text reaches a vector in "
        "each of them. *Again* copies the last round in once more; *search* is one query after the other, top five. "
        f"{_PSS if 'pss_mb' in ours['rounds'][0] else ''}"
        "Reproduce it with `make bench PEERS=1 ONLY=peers`.\n",
        table(["", *systems], [_row(line, what, systems) for line, what in _lines(systems).items()] + _rows(systems)),
        "![Ingestion](performance-peers.svg)\n",
        "Ours is all of the local stack: the `aws` command line, an emulated S3, SQS, DynamoDB and Lambda, "
        "Chroma's server, five functions and the API over HTTP; of the memory, the functions hold "
        f"{ours['rounds'][-1]['functions_mb']:,.0f} MB. For that it keeps what the others do not: durable queues with "
        "retries and dead letters, a state for each document, versions of which one answers, bytes and vectors backed "
        "up, deletions that reach every store. A search is dense and by words, checked against the live version.\n",
        "LlamaIndex's document store and LangChain's record manager notice what is unchanged, by document and by "
        "piece. Haystack skips what is there only after it has embedded it, and does not remove the pieces of a "
        "document that has changed. txtai remembers no texts, embeds all again, and has no adapter for Chroma; it, "
        "Haystack and LangChain are given LangChain's splitter, which counts the model's own word pieces. "
        "*With its defaults* a library cuts as it does by itself, and the model drops what is beyond 256 word pieces.",
    ]
    return "\n".join(parts)


def _row(line: str, what: str, systems: Mapping[str, Any]) -> list[str]:
    unit = {"s": "s", "mb": "MB", "ms": "ms"}[line.rpartition("_")[2]]
    values = {name: _figures(system)[line] for name, system in systems.items()}
    best = min(values.values())
    shown = {name: f"{value:,.0f} {unit}" if unit != "s" else f"{value:.1f} s" for name, value in values.items()}
    return [what, *(f"**{shown[name]}**" if value == best else shown[name] for name, value in values.items())]


def _rows(systems: Mapping[str, Any]) -> list[list[str]]:
    def defaults(system: Mapping[str, Any]) -> str:
        found = system.get("defaults")
        return f"{found['wall_s']:.1f} s, {found['vectors']:,} vectors" if found else ""

    others: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "vectors": lambda system: f"{system['rounds'][-1]['vectors']:,}",
        "the last round with its defaults": defaults,
        "version": lambda system: system.get("version", ""),
    }
    return [[what, *(show(system) for system in systems.values())] for what, show in others.items()]
