"""The pipeline as queues between stages: where they grow when documents come faster than they are worked off.

A fluid model, stepped through time: each stage moves as many documents on as its workers and the services behind it
allow. It knows capacities and quotas, no failures, and no waiting inside a stage beyond its measured time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

DAY_S = 86_400.0

# Quotas of AWS, as documented in 2026; those that can be raised on request are marked so in docs/scaling.md.
LAMBDA_CONCURRENCY = 1_000
SQS_SCALE_UP_PER_S = 300 / 60
"""Concurrent batches that a queue's event source mapping adds a second."""
SQS_FIRST_BATCHES = 5
PARTITION_WRITES_PER_S = 1_000
TABLE_WRITES_PER_S = 40_000


@dataclass(frozen=True, slots=True)
class Stage:
    """`seconds`: one worker's time for one document; `workers` at most at once; `fed_by_queue`: SQS adds them slowly.

    `limits` are documents a second that something behind the stage takes at most, by its name; each is asked for the
    documents that have left the stage so far.
    """

    name: str
    seconds: float
    workers: int
    fed_by_queue: bool
    limits: dict[str, Callable[[float], float]]


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened to `documents` that came at `arrival` a second. Times in seconds; backlogs in documents."""

    documents: float
    arrival: float
    finished: float
    peaks: dict[str, float]
    longest_wait: dict[str, float]
    bottleneck: str
    backlogs: list[tuple[float, dict[str, float]]]


def simulate(stages: Sequence[Stage], documents: float, arrival: float, *, steps: int = 4_000) -> Trace:
    """Until the last document has left the last stage.

    The step is a 4,000th of the time that the slowest stage would take alone, so that any run has some thousands.
    """
    rates = [min(_capacity(stage, stage.workers, documents)[0], arrival) for stage in stages]
    step = max(documents / min(rates) / steps, 0.01)
    waiting = dict.fromkeys((stage.name for stage in stages), 0.0)
    left = dict.fromkeys(waiting, 0.0)
    peaks, longest = dict(waiting), dict(waiting)
    held: dict[str, float] = {}
    backlogs: list[tuple[float, dict[str, float]]] = []
    workers = {stage.name: float(SQS_FIRST_BATCHES if stage.fed_by_queue else stage.workers) for stage in stages}
    now, arrived = 0.0, 0.0
    while left[stages[-1].name] < documents * (1 - 1e-9):
        coming = min(arrival * step, documents - arrived)
        arrived += coming
        now += step
        for stage in stages:
            name = stage.name
            waiting[name] += coming
            # What runs while others wait is what SQS adds workers for.
            workers[name] = min(stage.workers, workers[name] + SQS_SCALE_UP_PER_S * step)
            rate, why = _capacity(stage, workers[name], left[name])
            coming = min(waiting[name], rate * step)
            waiting[name] -= coming
            left[name] += coming
            if waiting[name] > rate * step:
                held[f"{name}: {why}"] = held.get(f"{name}: {why}", 0.0) + step
            peaks[name] = max(peaks[name], waiting[name])
            longest[name] = max(longest[name], waiting[name] / rate)
        backlogs.append((now, dict(waiting)))
    bottleneck = max(held, key=lambda one: held[one]) if held else "none: documents are worked off as they come"
    return Trace(documents, arrival, now, peaks, longest, bottleneck, backlogs)


def _capacity(stage: Stage, workers: float, done: float) -> tuple[float, str]:
    """Documents a second, and what bounds them."""
    bounds = {"its workers": workers / stage.seconds, **{name: limit(done) for name, limit in stage.limits.items()}}
    why = min(bounds, key=lambda name: bounds[name])
    return bounds[why], why


def chroma_rate(measured_per_s: float, measured_at: float, windows_each: float, nodes: int) -> Callable[[float], float]:
    """Documents a second that Chroma takes: inserting into HNSW grows with the logarithm of what is there.

    `measured_per_s` windows a second were measured at `measured_at` windows; `nodes` share the windows evenly.
    """

    def limit(documents: float) -> float:
        windows = max(documents * windows_each / nodes, measured_at)
        return nodes * measured_per_s * math.log(measured_at) / math.log(windows) / windows_each

    return limit
