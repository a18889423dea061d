"""The API under load: how many questions a second, how long they take, and what happens beyond what it can do.

A stack of its own holds the sample corpus. Clients ask its questions one after the other, more and more of them, on
the same cores. What the cores could do at most is their number divided by the CPU time that one question takes, over
all processes but the clients': API, Chroma and the emulator that stands for DynamoDB.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench import plots as charts
from bench.measure import ROOT, Worker, percentiles
from bench.section import Options, Result
from bench.stack import RunningStack, running_api, running_stack, wait_until_up
from bench.targets import Target, number
from portfolio_rag.local.isolation import free_ports

NAME = "api_load"
TITLE = "The API under load"

THINKING_MS = 500
"""What the stand-in for OpenAI takes for an answer."""

CLIENTS = (1, 4, 16, 32, 64, 128)
QUICK_CLIENTS = (1, 8, 64)
LIMIT = 32
"""`API_MAX_CONCURRENT_QUESTIONS` as shipped."""


def measure(options: Options) -> Result:
    clients = QUICK_CLIENTS if options.quick else CLIENTS
    seconds, rounds = (2.0, 1) if options.quick else (4.0, 3)
    questions = _questions()
    chats = [{"question": one} for one in questions]
    streams = [{"question": one, "stream": True} for one in questions]
    ways: dict[str, Any] = {}
    with (
        running_stack(options.work / "load", samples=True) as stack,
        _fake_openai() as model_url,
        running_api(stack, OPENAI_API_KEY="none", OPENAI_BASE_URL=model_url) as (gpt_url, gpt_pid),
        Worker([sys.executable, "-m", "bench.load_client"]) as client,
    ):
        pids = stack.pids()
        extractive = _Server(stack, stack.config.api_url, pids["api"], client, seconds)
        with_model = _Server(stack, gpt_url, gpt_pid, client, seconds)
        for name, server, path, bodies in (
            ("search", extractive, "/api/search", [{"query": one} for one in questions]),
            ("chat, extractive", extractive, "/api/chat", chats),
            ("chat, with a model", with_model, "/api/chat", chats),
            ("chat, with a model, streamed", with_model, "/api/chat", streams),
        ):
            server.ask(path, bodies, 2)  # warm: connections, caches
            measured = [[server.ask(path, bodies, number_) for number_ in clients] for _ in range(rounds)]
            ways[name] = {"levels": [_middle(level) for level in zip(*measured, strict=True)]}
    return {
        "cores": psutil.cpu_count(),
        "rounds": rounds,
        "seconds_a_level": seconds,
        "thinking_ms": THINKING_MS,
        "limit": LIMIT,
        "questions": len(questions),
        "ways": ways,
    }


class _Server:
    """One API, and the processes whose work a question costs."""

    def __init__(self, stack: RunningStack, url: str, pid: int, client: Worker, seconds: float) -> None:
        pids = stack.pids()
        self._url = url
        self._api = psutil.Process(pid)
        self._servers = [self._api, *(psutil.Process(pids[name]) for name in ("chroma", "emulator"))]
        self._ports = {stack.config.chroma_port, stack.config.emulator_port}
        self._client = client
        self._seconds = seconds

    def ask(self, path: str, bodies: Sequence[Mapping[str, Any]], clients: int) -> Result:
        before, connections = self._cpu_s(), self._connections()
        load = self._client.ask(url=self._url, path=path, bodies=bodies, clients=clients, seconds=self._seconds)
        answered = len(load["latencies_ms"])
        if not answered:
            raise RuntimeError(f"{path} answered nothing: {load['statuses']}")
        refused = load["statuses"].get("429", 0)
        if failed := sum(load["statuses"].values()) - answered - refused:
            raise RuntimeError(f"{path}: {failed} questions failed: {load['statuses']}")
        return {
            "clients": clients,
            "answered": answered,
            "refused": refused,
            "unanswered": load["unanswered"],
            "per_second": answered / load["elapsed_s"],
            **{f"{name}_ms": value for name, value in percentiles(load["latencies_ms"], 50, 99).items()},
            **{f"live_{name}_ms": value for name, value in percentiles(load["probes_ms"], 50, 99).items()},
            **({"first_p50_ms": percentiles(load["first_ms"], 50)["p50"]} if load["first_ms"] else {}),
            "cpu_ms_a_question": (self._cpu_s() - before) * 1000 / answered,
            "new_connections": len(self._connections() - connections),
            "api_rss_mb": self._api.memory_info().rss / 1e6,
        }

    def _cpu_s(self) -> float:
        times = [one.cpu_times() for one in self._servers]
        return float(sum(one.user + one.system for one in times))

    def _connections(self) -> set[tuple[int, int]]:
        """(own port, server's port) of those from anywhere to Chroma and the emulator, just closed ones included."""
        return {
            (one.laddr.port, one.raddr.port)
            for one in psutil.net_connections("tcp")
            if one.raddr and one.raddr.port in self._ports
        }


def _middle(rounds: Sequence[Result]) -> Result:
    """The median of each figure, and between what the answers a second were."""
    per_second = [one["per_second"] for one in rounds]
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    return {**medians, "per_second_range": [min(per_second), max(per_second)]}


@contextmanager
def _fake_openai() -> Iterator[str]:
    [port] = free_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "bench.fake_openai", str(port), str(THINKING_MS)], cwd=ROOT)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/v1/models")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _questions() -> list[str]:
    """Those of the samples that have an answer."""
    listed = json.loads((ROOT / "samples" / "questions.json").read_text(encoding="utf-8"))
    return [one["question"] for one in listed if one.get("document")]


def capacity(result: Mapping[str, Any], way: str) -> float:
    """Questions a second that the cores could work on if they did nothing else."""
    cheapest = min(level["cpu_ms_a_question"] for level in result["ways"][way]["levels"])
    return float(result["cores"] * 1000 / cheapest)


def targets(result: Mapping[str, Any]) -> list[Target]:
    """Beyond the limit the API must do about as much as below it, and stay reachable."""
    found = []
    for way, measured in result["ways"].items():
        levels = measured["levels"]
        best = max(level["per_second"] for level in levels if level["clients"] <= result["limit"])
        worst = min(level["per_second"] for level in levels if level["clients"] > result["limit"])
        found.append(Target(f"{way}: overloaded, answers a second against its best", 0.8, worst / best, "×"))
    return found


def render(result: Mapping[str, Any], plots: Path) -> str:
    series = {
        way: [(level["clients"], level["per_second"]) for level in measured["levels"]]
        for way, measured in result["ways"].items()
    }
    chart = charts.lines("Answers a second", "clients at once", "a second", series, log_x=True)
    (plots / "performance-load.svg").write_text(chart, encoding="utf-8")
    parts = [
        f"Clients ask {result['questions']} questions of the sample corpus in turn, each waiting for its answer, for "
        f"{number(result['seconds_a_level'])} s at each level, on the same {result['cores']} cores as all that they "
        f"ask; medians of {result['rounds']} rounds through all levels, the lowest and the highest in brackets. "
        f"The model is a stand-in that takes {result['thinking_ms']} ms an answer. Beyond {result['limit']} questions "
        "at once (`API_MAX_CONCURRENT_QUESTIONS`) the API answers 429 with `Retry-After`, and these clients wait that "
        "long. *CPU* is of API, Chroma and emulator for one answer, refusals included; *live* is how long `GET "
        "/api/live` took meanwhile: the event loop's own delay. *New connections* are those to Chroma and the emulator "
        "that the level opened.",
        "",
        "![answers a second](performance-load.svg)",
    ]
    for way, measured in result["ways"].items():
        most = capacity(result, way)
        streamed = "first_p50_ms" in measured["levels"][0]
        first = " first sentence p50, ms |" if streamed else ""
        parts += [
            "",
            f"**{way[0].upper()}{way[1:]}**: the cores could do {number(most)} a second at the least CPU time seen.",
            "",
            f"| Clients | a second | of what the cores could do | p50, ms | p99, ms |{first} refused | CPU, ms "
            "| live p99, ms | new connections |",
            "|" + "---|" * (9 + streamed),
        ]
        for level in measured["levels"]:
            begun = f" {number(level['first_p50_ms'])} |" if streamed else ""
            parts.append(
                f"| {level['clients']} | {_between(level)} | {level['per_second'] / most:.0%} "
                f"| {number(level['p50_ms'])} | {number(level['p99_ms'])} |{begun} {level['refused']} "
                f"| {number(level['cpu_ms_a_question'])} | {number(level['live_p99_ms'])} "
                f"| {level['new_connections']} |"
            )
    return "\n".join(parts) + "\n"


def _between(level: Mapping[str, Any]) -> str:
    lowest, highest = level["per_second_range"]
    return f"{number(level['per_second'])} [{number(lowest)}–{number(highest)}]"
