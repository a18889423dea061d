"""A Hypothesis state machine over the whole pipeline: users, deliveries, time and faults in any order."""

from __future__ import annotations

import contextlib
import os
import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.identifiers import document_id_for

from .fast import install
from .faults import Crash, Faults
from .schedule import BAD, TEXTS, name_of
from .world import RAW, RESERVE, World

KEYS = st.sampled_from(["a.md", "dir/b.md"])
KINDS = st.sampled_from(["crash-before", "crash-after", "answer-lost", "fails"])
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))
STEPS = int(os.environ.get("STEPS", "25"))


class Pipeline(RuleBasedStateMachine):
    """At the end of each example everything comes to rest, and the invariants hold."""

    world: World

    @initialize(seed=st.integers(0, 2**16), lag=st.sampled_from([0, 5]))
    def deploy(self, seed: int, lag: int) -> None:
        self.world = World(random.Random(seed), faults=Faults(), index_lag=lag, duplicates=0.05)
        self.allowed: dict[str, set[str | None]] = {}
        self.history: dict[str, set[str | None]] = {}

    @rule(key=KEYS, text=st.sampled_from(sorted(TEXTS)))
    def upload(self, key: str, text: str) -> None:
        self.world.upload(key, TEXTS[text])
        self.allowed[key] = {text}
        self.history.setdefault(key, set()).add(text)

    @rule(key=KEYS)
    def upload_garbage(self, key: str) -> None:
        self.world.upload(key, BAD)
        self.allowed[key] = {None, *self.history.get(key, set())}

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        keys = self.world.s3.current_keys(RAW)
        if f"processed/{key}" in keys:
            self.world.delete(f"processed/{key}")
            waiting = f"incoming/{key}" in keys
            self.allowed[key] = {None, *(self.history[key] if waiting else set())}

    @rule(key=KEYS)
    def redrive(self, key: str) -> None:
        with contextlib.suppress(Crash, PortfolioRagError):
            self.world.container.redrive.document(document_id_for(RAW, key))

    @rule(steps=st.integers(1, 10))
    def deliver(self, steps: int) -> None:
        for _ in range(steps):
            self.world.step()

    @rule(minutes=st.sampled_from([1, 6, 16, 31, 3000]))
    def wait(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))

    @rule()
    def check_health(self) -> None:
        self.world.attempt("check_health", {})

    @rule(kind=st.sampled_from(["REINDEX", "BATCH", "INCREMENTAL"]))
    def job(self, kind: str) -> None:
        number = len(self.world.dynamo.tables["ingestion_jobs"].items)
        self.world.attempt("batch_reindex", {"job_id": f"{number:08d}-job", "job_type": kind})

    @rule(milliseconds=st.sampled_from([1, 15, 880_000]))
    def hurry(self, milliseconds: int) -> None:
        """How long an invocation of a job has from now on before it hands over."""
        self.world.timeouts["batch_reindex"] = RESERVE + timedelta(milliseconds=milliseconds)

    @rule(number=st.integers(0, 3))
    def cancel(self, number: int) -> None:
        with contextlib.suppress(Crash, PortfolioRagError):
            self.world.jobs.cancel(f"{number:08d}-job")

    @precondition(lambda self: len(self.world.faults.injected) < 4)
    @rule(ahead=st.integers(0, 12), kind=KINDS)
    def fault(self, ahead: int, kind: str) -> None:
        self.world.faults.plan[self.world.faults.calls + ahead] = kind

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.faults.plan.clear()
        world.duplicates = 0.0
        world.rest()
        if world.dropped:
            world.attempt("batch_reindex", {"job_id": "daily", "job_type": "INCREMENTAL"})
            world.rest()
        world.check()
        for key, allowed in self.allowed.items():
            document_id = document_id_for(RAW, key)
            found = name_of(world, document_id) if world.live(document_id) else None
            assert found in allowed, f"{key} answers {found}, expected one of {allowed}"


def test_any_order_of_events_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    run_state_machine_as_test(
        Pipeline,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
