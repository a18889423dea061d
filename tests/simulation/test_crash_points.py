"""Exhaustive: every external call of a document's basic life fails once in every way, and all ends as without a fault.

Each scenario is run once without a fault to count its calls. Then it is run once for every call and every kind of
fault: a crash before the call, one after it, an answer that is lost after the commit, and a refusal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from portfolio_rag.domain.errors import Conflict, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.jobs import JobType

from .fast import install
from .faults import Crash
from .schedule import BAD, TEXTS, name_of, text_of
from .world import RAW, RESERVE, World

KEY = "dir/a.md"
DOCUMENT = document_id_for(RAW, KEY)
KINDS = ("crash-before", "crash-after", "answer-lost", "fails")
Step = Callable[[World], None]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def upload(name: str) -> Step:
    def act(world: World) -> None:
        world.upload(KEY, TEXTS[name])
        world.run()

    return act


def nothing(world: World) -> None:
    return None


def bad(world: World) -> None:
    world.upload(KEY, BAD)
    world.run()


def delete(world: World) -> None:
    world.delete(f"processed/{KEY}")
    world.run()


def outage(world: World) -> None:
    """The upload comes while Chroma is down, so that it fails for a reason that will pass."""
    world.chroma.down = True
    world.upload(KEY, TEXTS["long"])
    world.run()
    world.chroma.down = False


def redrive(world: World) -> None:
    """A person who sees an error tries again; one who is told that nothing has failed is content."""
    for _ in range(2):
        try:
            world.container.redrive.document(DOCUMENT)
            break
        except Conflict:
            break
        except (Crash, Exception):
            continue
    world.run()


def reindex(world: World) -> None:
    world.attempt("batch_reindex", {"job_id": "11111111-job", "job_type": "REINDEX"})
    world.run()


def step_by_step(job_type: JobType) -> Step:
    """A job whose every invocation has time for hardly anything, beside documents that come meanwhile."""

    def act(world: World) -> None:
        world.timeouts["batch_reindex"] = RESERVE + timedelta(milliseconds=4)
        world.attempt("batch_reindex", {"job_id": "22222222-job", "job_type": job_type})
        world.run()

    return act


def several(world: World) -> None:
    world.upload(KEY, TEXTS["short"])
    world.upload("b.md", text_of("b", 1))
    world.run()
    world.upload("c.md", text_of("c", 1))
    world.notifications.clear()


def cancelled_reindex(world: World) -> None:
    world.timeouts["batch_reindex"] = RESERVE + timedelta(milliseconds=4)
    world.attempt("batch_reindex", {"job_id": "22222222-job", "job_type": "REINDEX"})
    for _ in range(2):
        try:
            world.jobs.cancel("22222222-job")
            break
        except (Conflict, NotFound):
            break
        except (Crash, Exception):
            continue
    world.run()


def replaced_on_the_way(world: World) -> None:
    world.upload(KEY, TEXTS["other"])
    world.step()
    world.step()
    world.upload(KEY, TEXTS["long"])
    world.run()


def sidecar_on_the_way(world: World) -> None:
    world.upload(KEY, TEXTS["long"])
    world.step()
    world.upload(f"{KEY}.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    world.run()


def with_sidecar(world: World) -> None:
    world.upload(f"{KEY}.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    world.upload(KEY, TEXTS["long"])
    world.run()


def unchanged_and_deleted(world: World) -> None:
    world.upload(KEY, TEXTS["long"])
    world.run()
    delete(world)


def in_order(*steps: Step) -> Step:
    def act(world: World) -> None:
        for step in steps:
            step(world)

    return act


def rollback(world: World) -> None:
    """A person who sees an error asks again; one who is told that it answers already is content."""
    for _ in range(2):
        try:
            world.container.rollback.to(DOCUMENT, 1)
            break
        except Conflict:
            break
        except (Crash, Exception):
            continue
    world.run()


@dataclass(frozen=True)
class Scenario:
    """`before` runs without a fault; `act` is what each fault hits; `answers` is the text that answers in the end."""

    before: Step
    act: Step
    answers: str | None
    hurried: bool = False


SCENARIOS = {
    "create": Scenario(nothing, upload("long"), "long"),
    "update": Scenario(upload("other"), upload("long"), "long"),
    "shrink": Scenario(upload("long"), upload("short"), "short"),
    "identical": Scenario(upload("long"), upload("long"), "long"),
    "identical with its attributes": Scenario(with_sidecar, with_sidecar, "long"),
    "identical and deleted": Scenario(upload("long"), unchanged_and_deleted, None),
    "delete": Scenario(upload("long"), delete, None),
    "fail": Scenario(upload("long"), bad, "long"),
    "redrive": Scenario(outage, redrive, "long"),
    "reindex": Scenario(upload("long"), reindex, "long"),
    "reindex step by step": Scenario(several, step_by_step(JobType.REINDEX), "short"),
    "batch step by step": Scenario(several, step_by_step(JobType.BATCH), "short"),
    "incremental step by step": Scenario(several, step_by_step(JobType.INCREMENTAL), "short"),
    "reindex cancelled after a step": Scenario(several, cancelled_reindex, "short"),
    "replaced on the way": Scenario(nothing, replaced_on_the_way, "long"),
    "attributes on the way": Scenario(nothing, sidecar_on_the_way, "long"),
    "rollback": Scenario(in_order(upload("long"), upload("other")), rollback, "long"),
    "rollback in several invocations": Scenario(
        in_order(upload("long"), upload("other")), rollback, "long", hurried=True
    ),
    "delete with older versions": Scenario(in_order(upload("long"), upload("other")), delete, None),
    "reindex with older versions": Scenario(in_order(upload("long"), upload("other")), reindex, "other"),
    "in several invocations": Scenario(upload("short"), upload("long"), "long", hurried=True),
}


def run(scenario: Scenario, fault: tuple[int, str] | None = None) -> World:
    world = World(hurried=scenario.hurried)
    scenario.before(world)
    if fault is not None:
        world.faults.plan = {world.faults.calls + fault[0]: fault[1]}
    scenario.act(world)
    world.clock.advance(timedelta(minutes=6))
    world.attempt("check_health", {})
    return world


def calls_of(scenario: Scenario) -> int:
    before = World(hurried=scenario.hurried)
    scenario.before(before)
    return run(scenario).faults.calls - before.faults.calls


def come_to_rest(world: World) -> None:
    world.rest()
    if world.dropped:
        world.attempt("batch_reindex", {"job_id": "daily", "job_type": "INCREMENTAL"})
        world.rest()


def check_point(name: str, number: int, kind: str) -> None:
    """The scenario with that one fault ends as it does without. Raises AssertionError."""
    scenario = SCENARIOS[name]
    world = run(scenario, (number, kind))
    try:
        come_to_rest(world)
        world.check()
        live = world.live(DOCUMENT)
        assert (name_of(world, DOCUMENT) if live else None) == scenario.answers
    except AssertionError as error:
        raise AssertionError(f"{name}, call {number} {kind} ({world.faults.injected}): {error}") from error


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.failure(7, 9, 24, 26, 28, 33)
def test_every_call_of_the_basic_life_may_fail_in_every_way(name: str) -> None:
    total = calls_of(SCENARIOS[name])
    assert total > 20
    everything = os.environ.get("CRASH_POINTS") == "all"
    # Every call either way; all four ways of each in `make simulate`, which has the time. A job of many steps does the
    # same again and again: every fifth call of it is enough here.
    for number in range(0, total, 1 if everything or "step" not in name else 5):
        for kind in KINDS if everything else (KINDS[number % 2],):
            check_point(name, number, kind)
