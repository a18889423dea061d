"""One seeded schedule: what users do, in what order AWS delivers, what fails; and what must hold when all is quiet."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import Conflict, DependencyUnavailable, IndexMismatch, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.versions import known_versions
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind
from portfolio_rag.pipeline.maintenance.reconciler import GRACE

from .faults import Crash, Faults
from .timeline import Timeline
from .world import RAW, RESERVE, Invocation, Snapshot, World

KEYS = ("a.md", "dir/b.md")
BAD = b"\x00\x01\x02\x03" * 300


def text_of(name: str, paragraphs: int) -> str:
    """A document whose every paragraph names it, so that a stale one is told from its text."""
    body = "\n\n".join(
        f"Paragraph {n} of {name} says that {name} keeps its {n} messages until somebody has read them all."
        for n in range(paragraphs)
    )
    return f"# About {name}\n\n{body}\n"


TEXTS = {
    "short": text_of("short", 2),
    "long": text_of("long", 40),
    "longer": text_of("long", 40) + "\n\n# More\n\n" + text_of("longer", 10),
    "other": text_of("other", 8),
}


_WEIGHTS = {
    "upload": 8,
    "bad": 2,
    "delete": 3,
    "remove": 1,
    "retry": 1,
    "health": 3,
    "job": 3,
    "sidecar": 1,
    "old event": 1,
}
_TRAVELS = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=2), timedelta(days=4)]
_OUTAGES = [2, 30, 600, 3600]
"""Of Chroma, in seconds: up to what its messages wait for, and beyond."""


@dataclass
class Expected:
    """What may answer for a key in the end: names of texts, or None for nothing."""

    allowed: set[str | None] = field(default_factory=lambda: {None})
    history: set[str] = field(default_factory=set)


class Schedule:
    """`faults=False` leaves crashes and failures out, duplicates and reordering stay."""

    def __init__(self, seed: int, *, faults: bool = True) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.faults = Faults(self.rng, rate=0.02, budget=self.rng.randint(1, 5) if faults else 0)
        # By the seed and not by chance, so that seeds from before documents could pause mean what they meant.
        hurried = seed % 7 in (0, 3)
        self.world = World(
            self.rng,
            index_lag=self.rng.choice([0, 0, 5]),
            faults=self.faults,
            duplicates=0.05,
            hurried=hurried,
            partitions=3 if seed % 13 == 6 else 1,
        )
        self.expected = {key: Expected() for key in KEYS}
        self.jobs = 0
        # Of their own, so that what they choose changes nothing else in a schedule.
        self.job_rng = random.Random(f"jobs of {seed}")
        work = self.job_rng.choice([None, None, 1, 15, 100])
        if work is not None:
            self.world.timeouts["batch_reindex"] = RESERVE + timedelta(milliseconds=work)
        self.outage_rng = random.Random(f"outages of {seed}")
        self.outages = faults
        self.unclean: Snapshot | None = None
        self.world.lost_invocations = self.job_rng.choice([0.0, 0.2]) if faults else 0.0
        # Likewise: users who upload what they have uploaded last once more, for a part of the seeds.
        self.repeat_rng = random.Random(f"repeats of {seed}") if seed % 5 in (1, 3) else None
        # Likewise: questions as of a time, rollbacks, and for a part of the seeds a short memory.
        self.version_rng = random.Random(f"versions of {seed}")
        self.rollbacks = seed % 2 == 0
        if seed % 3 == 1:
            self.world.remember(versions=2, days=3)
        self.last: dict[str, str] = {}
        self.as_of_questions = 0
        self.rolled_back: set[str] = set()

    def run(self) -> World:
        """Raises AssertionError with the seed and the end of the trace."""
        try:
            for _ in range(self.rng.randint(2, 7)):
                if self.outages and self.outage_rng.random() < 0.05:
                    self.unclean, self.rolled_back = self.world.snapshot(), set()
                self._act()
                for _ in range(self.rng.choice([0, 1, 2, 5, 50])):
                    self.world.step()
                    if self.repeat_rng and self.repeat_rng.random() < 0.1:
                        self._repeat(self.repeat_rng)
                    if self.rollbacks and self.version_rng.random() < 0.15:
                        self._roll_back()
                    if self.version_rng.random() < 0.03:
                        self._ask_as_of()
                if self.jobs and self.job_rng.random() < 0.15:
                    self._cancel()
                if self.outages and self.outage_rng.random() < 0.1:
                    self._outage()
                if self.unclean is not None and self.outage_rng.random() < 0.5:
                    self._lose()
                if self.rng.random() < 0.2:
                    self.world.clock.advance(self.rng.choice(_TRAVELS))
            self._come_to_rest()
            self._check()
        except AssertionError as error:
            raise AssertionError(
                f"seed {self.seed}: {error}\ninjected: {self.faults.injected}\n"
                f"The whole trace: python -m tests.simulation 1 {self.seed} --trace"
            ) from error
        return self.world

    def _act(self) -> None:
        key = self.rng.choice(KEYS)
        expected = self.expected[key]
        (action,) = self.rng.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} USER {action} {key}")
        if action == "upload":
            name = self.rng.choice(list(TEXTS))
            self.faults.note(f"        text {name}")
            self.world.upload(key, TEXTS[name])
            expected.allowed = {name}
            expected.history.add(name)
            self.last[key] = name
        elif action == "bad":
            self.world.upload(key, BAD)
            expected.allowed = {None, *expected.history}
        elif action == "delete":
            self._delete(key, expected)
        elif action == "sidecar":
            self.world.upload(f"{key}.metadata.json", f'{{"metadataAttributes": {{"n": {self.rng.randint(1, 9)}}}}}')
        elif action == "health":
            self.world.invocations.append(Invocation("check_health", {}))
        elif action == "retry":
            self._retry(key)
        elif action == "remove":
            self._remove(key, expected)
        elif action == "old event" and self.world.delivered:
            self.world.notifications.append(self.rng.choice(self.world.delivered))
        elif action == "job":
            self.jobs += 1
            job_type = self.rng.choice(["REINDEX", "REINDEX", "BATCH", "INCREMENTAL"])
            event = {"job_id": f"{self.jobs:08d}-job", "job_type": job_type, "triggered_by": "USER"}
            self.world.invocations.append(Invocation("batch_reindex", event))

    def _outage(self) -> None:
        seconds = self.outage_rng.choice(_OUTAGES)
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} Chroma is away for {seconds} s")
        self.world.chroma.away_until = self.world.clock.time + timedelta(seconds=seconds)

    def _lose(self) -> None:
        """The emulator is killed, and starts from its last snapshot; the repair is started beside it."""
        assert self.unclean is not None
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} the emulator is killed, its state is of before")
        self.world.lose_what_came_after(self.unclean)
        for _ in range(self.outage_rng.choice([0, 0, 1, 3])):
            self.world.step()
        with self.faults.quiet():
            self.world.chroma.away_until = self.world.clock.time
            self.world.recover(self.unclean)
        self.unclean = None
        for key in self.rolled_back:
            # No object tells of a rollback: one of the last seconds is lost.
            self.expected[key].allowed |= self.expected[key].history

    def _repeat(self, rng: random.Random) -> None:
        """The same bytes again, now and then with attributes, which may be the same as well."""
        key = rng.choice(KEYS)
        if key not in self.last:
            return
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} USER repeat {key}")
        if rng.random() < 0.3:
            self.world.upload(f"{key}.metadata.json", f'{{"metadataAttributes": {{"n": {rng.randint(1, 2)}}}}}')
        self.world.upload(key, TEXTS[self.last[key]])
        self.expected[key].allowed = {self.last[key]}

    def _roll_back(self) -> None:
        key = self.version_rng.choice(KEYS)
        document_id, expected = document_id_for(RAW, key), self.expected[key]
        with self.faults.quiet():
            head = self.world.container.registry.head(document_id)
        if head is None or head.latest_version < 2:
            return
        kept = sorted(known_versions(head.publications) - {head.live_version})
        number = self.version_rng.choice(kept if kept and self.version_rng.random() < 0.9 else [1, head.latest_version])
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} USER rollback {key} to {number}")
        try:
            restored = self.world.container.rollback.to(document_id, number, by="ann")
        except (NotFound, Conflict) as error:
            self.faults.note(f"        rollback: {error!r:.200}")
        except (Crash, Exception) as error:
            self.faults.note(f"        rollback: {error!r:.200}")
            # Perhaps it was registered: nobody has told the user.
            if number in known_versions(head.publications):
                expected.allowed |= {self._text_of(document_id, number)}
        else:
            expected.allowed = {self._text_of(document_id, restored.restores or 0)}
            self.rolled_back.add(key)

    def _text_of(self, document_id: str, number: int) -> str | None:
        """The name of the text that a version was made of."""
        with self.faults.quiet():
            version = self.world.version(document_id, number)
            body = self.world.bytes_of(version).decode()
        return next(name for name, text in TEXTS.items() if text == body)

    def _ask_as_of(self) -> None:
        """What is found while all is under way: less than there is, perhaps, and never what did not answer then."""
        for key in KEYS:
            document_id = document_id_for(RAW, key)
            for moment in self._timeline(document_id).moments():
                if self.version_rng.random() < 0.5:
                    continue
                try:
                    with self.faults.quiet():
                        found = self.world.found(self._question(), as_of=moment.time).get(document_id, set())
                except (DependencyUnavailable, IndexMismatch):
                    continue
                self.as_of_questions += 1
                assert found <= moment.allowed, f"{key} as of {moment} answers from {found}"

    def _question(self) -> str:
        return f"Paragraph {self.version_rng.randint(0, 9)} of {self.version_rng.choice(list(TEXTS))}"

    def _timeline(self, document_id: str) -> Timeline:
        return Timeline(self.world.dynamo.tables["document_registry"], document_id)

    def _cancel(self) -> None:
        job_id = f"{self.job_rng.randint(1, self.jobs):08d}-job"
        self.faults.note(f"{self.world.clock.time:%d %H:%M:%S} USER cancel {job_id}")
        try:
            self.world.jobs.cancel(job_id)
        except (Crash, Exception) as error:
            self.faults.note(f"        cancel: {error!r:.200}")

    def _retry(self, key: str) -> None:
        try:
            self.world.container.redrive.document(document_id_for(RAW, key))
        except (Crash, Exception) as error:
            self.faults.note(f"        retry: {error!r:.200}")

    def _remove(self, key: str, expected: Expected) -> None:
        """Through the API: the whole document, wherever its objects are."""
        try:
            self.world.container.documents.delete(document_id_for(RAW, key))
        except NotFound:
            # Not registered yet, or gone.
            return
        except (Crash, Exception) as error:
            self.faults.note(f"        delete: {error!r:.200}")
            expected.allowed |= {None}
        else:
            expected.allowed = {None}

    def _delete(self, key: str, expected: Expected) -> None:
        waiting = f"incoming/{key}" in self.world.s3.current_keys(RAW)
        answering = f"processed/{key}" in self.world.s3.current_keys(RAW)
        if answering:
            self.world.delete(f"processed/{key}")
        elif waiting:
            self.world.delete(f"incoming/{key}")
        if waiting:
            # Both lie there for a moment while the pipeline moves one: which of them was meant is not told.
            expected.allowed = {None, *expected.history}
        elif answering:
            expected.allowed = {None}

    def _come_to_rest(self) -> None:
        self.faults.budget = 0
        self.faults.plan.clear()
        self.world.chroma.away_until = self.world.clock.time
        self.faults.note("--- no more faults")
        self.world.duplicates = 0.0
        self.world.lost_invocations = 0.0
        self.world.rest()
        self.world.check()
        if self.world.dropped:
            # An event that its function could not handle three times is made up for by the job of every day.
            self.world.attempt("batch_reindex", {"job_id": "daily", "job_type": "INCREMENTAL"})
            self.world.rest()

    def _check(self) -> None:
        self.world.check()
        for key, expected in self.expected.items():
            document_id = document_id_for(RAW, key)
            live = self.world.live(document_id)
            found = name_of(self.world, document_id) if live else None
            assert found in expected.allowed, f"{key} answers {found}, expected one of {expected.allowed}"
            if live and found is not None:
                version = self.world.version(document_id, live)
                assert version.status is DocumentStatus.COMPLETED
                assert self.world.bytes_of(version) == TEXTS[found].encode(), f"{key}: {version.s3_key} is another text"
            self._check_as_of(key, document_id)
        self._verify()

    def _check_as_of(self, key: str, document_id: str) -> None:
        """At rest what is kept is found, and nothing else; without a time, only what is live."""
        with self.faults.quiet():
            live, head = self.world.live(document_id), self.world.container.registry.head(document_id)
            assert self.world.found(self._question()).get(document_id, set()) <= {live} - {0}
            known = known_versions(head.publications) if head is not None else set()
            for moment in self._timeline(document_id).moments():
                found = self.world.found(self._question(), as_of=moment.time).get(document_id, set())
                self.as_of_questions += 1
                assert found <= moment.allowed, f"{key} as of {moment} answers from {found}"
                if moment.found and moment.allowed <= known:
                    assert found, f"{key} as of {moment} answers from nothing"
                    assert self._text_of(document_id, max(found))

    def _verify(self) -> None:
        """`rag verify` agrees with the checks above, and what it mends stays mended."""
        self.world.clock.advance(GRACE)
        with self.faults.quiet():
            found = list(self.world.container.full_scan.run(repair=True))
            # Vectors that a fenced worker has backed up late are removed; who had addressed them is not recorded.
            assert {difference.kind for difference in found} <= {DifferenceKind.DANGLING}, found
            left = list(self.world.container.full_scan.run(repair=False))
            assert not left, left


def name_of(world: World, document_id: str) -> str:
    """Which text answers, by its chunks: all of them, or it is no text of ours."""
    answering = [" ".join(chunk.content.split()) for chunk in world.chunks(document_id)]
    assert answering, f"{document_id} is live without a chunk"
    for name, text in TEXTS.items():
        flat = " ".join(text.split())
        if all(content in flat for content in answering) and answering[-1][-40:] == flat[-40:]:
            return name
    raise AssertionError(f"{document_id} answers from {answering!r:.300}")
