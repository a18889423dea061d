"""Figures that can be compared on a shared, noisy machine: rounds in which candidates take turns, medians, ratios.

What is compared is measured within seconds of each other, round by round; a ratio is formed in each round and the
median taken over the rounds, so that a slow minute of the machine slows both sides of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[1]
_MB = 1e6

T = TypeVar("T")
Summary = dict[str, float]


def summary(values: Sequence[float]) -> Summary:
    """Median, lowest, highest and number of `values`, as JSON holds them."""
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "n": len(values),
    }


def percentiles(values: Sequence[float], *wanted: int) -> dict[str, float]:
    """`{"p50": …, "p99": …}`: the smallest value that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return {f"p{one}": ordered[max(0, -(-len(ordered) * one // 100) - 1)] for one in wanted}


def ratios(baseline: Sequence[float], other: Sequence[float]) -> Summary:
    """How many times as much the baseline took, round by round: above 1, `other` is the faster or smaller one."""
    return summary([before / after for before, after in zip(baseline, other, strict=True)])


def interleaved(candidates: Mapping[str, Callable[[], T]], rounds: int, *, warm_up: int = 0) -> dict[str, list[T]]:
    """Call every candidate once a round, each round beginning with another one; `warm_up` rounds are thrown away."""
    names = list(candidates)
    results: dict[str, list[T]] = {name: [] for name in names}
    for number in range(-warm_up, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            result = candidates[name]()
            if number >= 0:
                results[name].append(result)
    return results


class Stopwatch:
    """Seconds of wall time and of this process's CPU time (all its threads) between `with` and its end."""

    wall_s = 0.0
    cpu_s = 0.0

    def __enter__(self) -> Stopwatch:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s, self.cpu_s = time.perf_counter() - self._wall, time.process_time() - self._cpu


def peak_rss_mb() -> float:
    """The most memory (MB) that this process has held since it was started.

    Not `ru_maxrss`: a child's starts with the size of the parent that started it.
    """
    try:
        return status_mb("VmHWM")
    except OSError:  # not Linux: what it holds now
        return float(psutil.Process().memory_info().rss / _MB)


def status_mb(name: str, pid: int | None = None) -> float:
    """What the system says of the memory of that process, or of this one, in MB: `VmRSS`, `VmHWM`, `RssAnon`.

    Raises OSError where there is no such process, or the system is not Linux.
    """
    lines = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")) / _MB


def rss_mb(pid: int) -> float:
    """What that process and all its children hold now, in MB; 0 when it is gone."""
    try:
        return float(sum(one.memory_info().rss for one in family(psutil.Process(pid))) / _MB)
    except psutil.NoSuchProcess:
        return 0.0


def pss_mb(process: psutil.Process) -> float:
    """What it holds now, in MB; 0 when it is gone. A page that several share counts in equal parts for each of them."""
    try:
        memory = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0.0
    return float(getattr(memory, "pss", memory.rss) / _MB)  # Linux alone knows the parts


def family(process: psutil.Process) -> list[psutil.Process]:
    """That process and all that live of those that it has started, and they have."""
    return [process, *process.children(recursive=True)]


def cpu_s(process: psutil.Process) -> float:
    """CPU time of that process and of those that it has waited for; 0 when it is gone."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


class Worker:
    """A candidate in a process of its own, with its own thread counts and CPUs, which answers again and again.

    `command` is a program that reads one JSON object a line and answers each with one on standard output
    (`serve`). `cpus` are those that it may run on; `environment` comes on top of this process's own.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, cpus: Sequence[int] | None = None
    ) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            pinned(command, cpus),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request and wait for its answer; raises RuntimeError when the process has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process by ending its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(answer: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """The other side of `Worker`: answer each line until there are no more. What libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        replies.write(json.dumps(answer(json.loads(line))) + "\n")
        replies.flush()


def keeping_bytecode() -> dict[str, str]:
    """This process's environment for programs whose start is measured: Python may keep what it has compiled.

    As it does on most machines, and as the images do. Their first start compiles what is new.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def pinned(command: Sequence[str], cpus: Sequence[int] | None) -> list[str]:
    """`command`, held to these CPUs where the system can do that (Linux); its threads stay as many as they are."""
    if cpus is None or not hasattr(os, "sched_setaffinity"):
        return list(command)
    listed = ",".join(map(str, cpus))
    return ["taskset", "--cpu-list", listed, *command]
