"""The whole pipeline on the models: real handlers, real use cases, real adapters, no network, no waiting."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib.util
import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

from portfolio_rag.adapters.aws.sqs import SqsQueue
from portfolio_rag.adapters.chroma.partitions import PartitionedVectorStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.composition.api import ApiParts
from portfolio_rag.composition.embedding import EmbeddingParts
from portfolio_rag.composition.jobs import JobParts
from portfolio_rag.composition.processor import SLICE_CHUNKS, ProcessorParts
from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.index_names import index_of, partition_name, partition_names
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.domain.versions import history_collection, known_versions, live_collection
from portfolio_rag.pipeline.documents.staging import STAGING
from portfolio_rag.pipeline.ingestion import processing
from portfolio_rag.pipeline.jobs.backup_copy import ENTRIES_A_TIME
from portfolio_rag.pipeline.jobs.report import Entry
from portfolio_rag.pipeline.jobs.service import JobService
from portfolio_rag.pipeline.maintenance.differences import Difference
from portfolio_rag.pipeline.maintenance.reconciler import history_ids
from portfolio_rag.settings.environment import Settings

from .chroma import ChromaModel
from .dynamodb import DynamoModel, pipeline_tables
from .faults import Crash, Faults, Faulty
from .interleaving import Interleaving
from .models import HashEmbedder, NoMonitoring, RecordedMetrics, SimClock, WordTokenizer
from .s3 import S3Model, s3_event
from .sqs import QueueModel, SqsModel

_T = TypeVar("_T")

ROOT = Path(__file__).parents[2]
RAW, EMBEDDINGS, CONFIG = "portfolio-raw", "portfolio-embeddings", "portfolio-config"
INGESTION, EMBEDDING = "portfolio-ingestion-queue", "portfolio-embedding-queue"
CONSUMERS = {INGESTION: "document_processor", EMBEDDING: "embedding_generator"}
FUNCTIONS = ("document_intake", *CONSUMERS.values(), "batch_reindex", "check_health")
BATCH_SIZES = {INGESTION: 1, EMBEDDING: 10}
"""As terraform/locals.tf sets them."""
TIMEOUTS = {
    "document_intake": timedelta(seconds=60),
    "document_processor": timedelta(seconds=50),
    "embedding_generator": timedelta(seconds=120),
    "batch_reindex": timedelta(seconds=900),
    "check_health": timedelta(seconds=60),
}
TRIES = {"batch_reindex": 2, "check_health": 1}
"""Of an asynchronous invocation, as terraform/locals.tf sets them."""
COLLECTION = "portfolio_knowledge"
HURRIED_CHUNKS = 3
"""An invocation, in a world that is `hurried`."""
HURRIED_ENTRIES = 2
"""Of the backup between two checkpoints of a reindex, in such a world."""
RESERVE = timedelta(seconds=20)
"""What batch-reindex keeps of an invocation for handing over."""


class LambdaModel:
    """The one method of boto3's Lambda client that this project calls; what is invoked runs when its turn comes."""

    def __init__(self, invocations: list[Invocation]) -> None:
        self._invocations = invocations

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:
        assert InvocationType == "Event"
        self._invocations.append(Invocation(FunctionName.replace("-", "_"), json.loads(Payload)))
        return {"StatusCode": 202}


class SimContainer(ProcessorParts, EmbeddingParts, JobParts, RepairParts, ApiParts):
    """The real parts of every entry point, in one place, over the models."""

    def __init__(self, world: World) -> None:
        # Not that of Clients: it opens a boto3 session, which costs as much as a whole schedule.
        self.settings = Settings(
            chunk_size=64,
            chunk_overlap=8,
            chroma_partitions=world.partitions,
            embedding_compatible_fingerprints=world.compatible,
            history_versions=world.memory[0],
            history_days=world.memory[1],
        )
        self.world = world
        self.clock = world.clock
        self.parallel = one_by_one
        self.vectors = PartitionedVectorStore(Faulty("chroma", world.chroma, world.faults), self.parallel)
        self.search_vectors = self.vectors
        self.embedder = world.embedder
        self.tokenizer = WordTokenizer()
        self.metrics = world.metrics  # type: ignore[assignment]
        self.monitoring = NoMonitoring()  # type: ignore[assignment]
        clients = {
            name: Faulty(name, client, world.faults)
            for name, client in (
                ("s3", world.s3),
                ("dynamodb", world.dynamo),
                ("sqs", world.sqs),
                ("lambda", LambdaModel(world.invocations)),
            )
        }
        self._aws = clients.__getitem__  # type: ignore[assignment]
        self.sleep = world.pause
        # No invocation of the models takes as long as the first renewal.
        self.repeating = lambda action, seconds: contextlib.nullcontext()
        self.ingestion_queue = SqsQueue(clients["sqs"], INGESTION, sleep=world.pause)
        self.embedding_queue = SqsQueue(clients["sqs"], EMBEDDING, sleep=world.pause)
        self.slice_chunks = HURRIED_CHUNKS if world.hurried else SLICE_CHUNKS
        self.backup_entries_a_time = HURRIED_ENTRIES if world.hurried else ENTRIES_A_TIME

    def _table(self, name: str) -> Table:
        return Table(self._aws("dynamodb"), name, sleep=self.world.pause)


def one_by_one(function: Callable[[_T], None], items: Iterable[_T]) -> None:
    """`ports.Parallel` in an order that a seed can repeat."""
    for item in items:
        function(item)


REST = timedelta(hours=8)
"""How long it may take without anybody's hand until all is at its end: four drives of a stuck document, half an hour
each, five tries of a failing one, the lease of a crashed reindex."""


@dataclass(frozen=True)
class Invocation:
    """An asynchronous one. All tries of it share a request id."""

    function: str
    event: dict[str, Any]
    tries: int = 1
    request_id: str = ""


@dataclass(frozen=True)
class Notification:
    bucket: str
    key: str
    event: str
    version_id: str
    tries: int = 1


@dataclass(frozen=True)
class Snapshot:
    time: datetime
    state: Any


class World:
    """One deployment. `upload` and `delete` are what users do; `run` lets everything happen until all is quiet."""

    def __init__(
        self,
        rng: random.Random | None = None,
        *,
        index_lag: int = 0,
        faults: Faults | None = None,
        duplicates: float = 0.0,
        hurried: bool = False,
        partitions: int = 1,
    ) -> None:
        self.compatible = ""
        """Fingerprints whose vectors a reindex takes for the embedder's own."""
        self.partitions = partitions
        """Of the index that a reindex builds."""
        self.memory = (10, 1095)
        """How many versions that were replaced are kept, and for how many days."""
        self.duplicates = duplicates
        self.hurried = hurried
        """The document-processor has time for a few chunks, or a page, in each invocation."""
        self.rng = rng
        self.faults = faults or Faults()
        self.clock = SimClock()
        self.notifications: list[Notification] = []
        self.delivered: list[Notification] = []
        self.invocations: list[Invocation] = []
        """What rules, the API and functions have started, and what runs when the scheduler lets it."""
        self.timeouts = dict(TIMEOUTS)
        self.lost_invocations = 0.0
        """How many of the asynchronous invocations never come, between 0 and 1."""
        self.dropped: list[Notification] = []
        """Events whose function failed three times: nobody will deliver them again."""
        self.uploads: dict[str, bytes] = {}
        """What users have uploaded, by S3 version id."""
        self.s3 = S3Model([RAW, EMBEDDINGS, CONFIG], self.clock.now, self._notify)
        lag = (lambda: rng.randint(0, index_lag)) if rng and index_lag else (lambda: 0)
        self.dynamo = DynamoModel(pipeline_tables(), lambda: self.clock.time, lag=lag, page_size=20)
        dead = {name: QueueModel(name) for name in ("portfolio-ingestion-dlq", "portfolio-embedding-dlq")}
        events_dlq = QueueModel("portfolio-events-dlq")
        queues = [
            QueueModel(INGESTION, timedelta(seconds=300), 3, dead["portfolio-ingestion-dlq"]),
            QueueModel(EMBEDDING, timedelta(seconds=720), 3, dead["portfolio-embedding-dlq"]),
        ]
        self.sqs = SqsModel([*queues, *dead.values(), events_dlq], self.clock.now)
        self.chroma = ChromaModel(self.clock.now)
        self.embedder = HashEmbedder()
        self.metrics = RecordedMetrics()
        self.container = SimContainer(self)
        self.handlers = {name: self._load(name) for name in FUNCTIONS}

    # --- what users do

    def upload(self, key: str, body: bytes | str) -> str:
        """Put an object into `incoming/`; returns its document id."""
        data = body.encode() if isinstance(body, str) else body
        self.uploads[self.s3.put_object(Bucket=RAW, Key=f"incoming/{key}", Body=data)["VersionId"]] = data
        return document_id_for(RAW, key)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=RAW, Key=key)

    def remember(self, *, versions: int, days: int) -> None:
        """Keep so many versions that were replaced, for so many days."""
        self.memory = (versions, days)
        self.container = SimContainer(self)

    @property
    def jobs(self) -> JobService:
        """What the API offers of jobs."""
        return self.container.job_service

    def start_job(self, job_type: JobType, *, prefix: str = "", work: timedelta | None = None) -> str:
        """A job as the API starts it; with `work`, its invocations have that long before they hand over."""
        if work is not None:
            self.timeouts["batch_reindex"] = RESERVE + work
        return self.jobs.start(job_type, source_s3_prefix=prefix, triggered_by=Trigger.USER).job_id

    # --- what AWS does

    def run(self, *, max_steps: int = 10_000) -> None:
        """Deliver events and messages until none is left, moving the clock to the next visibility when idle."""
        for _ in range(max_steps):
            if not self.step():
                following = self.sqs.next_visible_at()
                if following is None and not self.notifications and not self.invocations:
                    return
                if following is not None and following > self.clock.time:
                    self.clock.time = following
        raise AssertionError("the world does not come to rest")

    def step(self) -> bool:
        """One delivery, or several at once; false when nothing can be delivered now."""
        tasks = self._deliveries()
        if not tasks:
            return False
        if self.rng is None:
            tasks[0]()
        elif len(tasks) > 1 and self.rng.random() < 0.4:
            self._together(self.rng.sample(tasks, min(len(tasks), self.rng.choice([2, 2, 3]))))
        else:
            self.rng.choice(tasks)()
        return True

    def rest(self) -> None:
        """Everything that happens by itself until nothing is left to do: deliveries, and check-health every 5 minutes.

        Raises AssertionError when that takes longer than REST.
        """
        until = self.clock.time + REST
        while True:
            self.run()
            self.clock.advance(timedelta(minutes=5))
            self.attempt("check_health", {})
            self.run()
            if not (left := self.left()):
                return
            assert self.clock.time < until, f"after {REST} there is still: {left}"

    def left(self) -> list[str]:
        """What is not at its end yet, for people."""
        busy = []
        for item in self.dynamo.tables["document_registry"].items.values():
            if item.get("status", {}).get("S") in ("PENDING", "PROCESSING", "DUE"):
                busy.append(f"{item['document_id']['S']} version {item['version']['N']}: {item['status']['S']}")
        for item in self.dynamo.tables["ingestion_jobs"].items.values():
            if item.get("status", {}).get("S") in ("PENDING", "RUNNING") or "building" in item:
                busy.append(f"job {item['job_id']['S']}")
        incoming = [key for key in self.s3.current_keys(RAW, "incoming/") if not key.endswith((".metadata.json", "/"))]
        alias = self.container.index_aliases.current()
        collections = [name for name in self.chroma.data if live_collection(index_of(name)) != alias.live]
        return busy + incoming + collections

    def attempt(self, function: str, event: dict[str, Any], request_id: str = "") -> bool:
        """An invocation whose failure is its own affair; true if it was none."""
        try:
            self.invoke(function, event, request_id)
        except (Crash, Exception) as error:
            self.faults.note(f"        {function} failed: {error!r:.200}")
            return False
        return True

    def _together(self, tasks: Sequence[Callable[[], None]]) -> None:
        assert self.rng is not None
        interleaving = Interleaving(self.rng)
        self.faults.gate = interleaving.gate
        try:
            interleaving.run(tasks)
        finally:
            self.faults.gate = None

    def _deliveries(self) -> list[Callable[[], None]]:
        """Everything that could be delivered now. What is received twice may be handled at the same time."""
        tasks: list[Callable[[], None]] = [self._deliver_notification] * min(2, len(self.notifications))
        for name in CONSUMERS:
            if self.sqs.visible(name):
                tasks.append(functools.partial(self._deliver_batch, name))
                if self.rng and self.rng.random() < 0.3:
                    tasks.append(functools.partial(self._deliver_batch, name))
                if self.rng and self.rng.random() < self.duplicates:
                    tasks.append(functools.partial(self._deliver_batch, name, keep=True))
        # Last, so that without a seed a job that waits for documents does not keep them from their turn.
        return tasks + [functools.partial(self._start, invocation) for invocation in self.invocations]

    def _start(self, invocation: Invocation) -> None:
        if invocation not in self.invocations:
            return  # The other worker has taken it.
        self.invocations.remove(invocation)
        invocation = replace(invocation, request_id=invocation.request_id or self._request_id())
        if self.rng and self.rng.random() < self.lost_invocations:
            self.faults.note(f"        {invocation.function} is never invoked")
            return
        if self.rng and self.rng.random() < self.duplicates:
            self.invocations.append(invocation)
        done = self.attempt(invocation.function, invocation.event, invocation.request_id)
        if not done and invocation.tries < TRIES[invocation.function]:
            self.invocations.append(replace(invocation, tries=invocation.tries + 1))

    def next_event(self) -> tuple[str, dict[str, Any]]:
        """The oldest notification, taken off, as the invocation that it causes."""
        note = self.notifications.pop(0)
        return "document_intake", s3_event(note.bucket, note.key, note.event, note.version_id)

    def _deliver_notification(self) -> None:
        if not self.notifications:
            return  # The other worker has taken it.
        at = self.rng.randrange(len(self.notifications)) if self.rng else 0
        note = self.notifications.pop(at)
        self.delivered.append(replace(note, tries=1))
        if self.rng and self.rng.random() < self.duplicates:
            self.notifications.append(note)
        try:
            self.invoke("document_intake", s3_event(note.bucket, note.key, note.event, note.version_id))
        except (Crash, Exception) as error:
            self.faults.note(f"        document_intake failed: {error!r:.200}")
            # An asynchronous invocation is tried three times in all, then the event is dropped (to its DLQ).
            if note.tries < 3:
                self.notifications.append(replace(note, tries=note.tries + 1))
            else:
                self.dropped.append(note)

    def _deliver_batch(self, name: str, *, keep: bool = False) -> None:
        """One poll: some of the messages in any order; with `keep` they come again although they were acknowledged."""
        waiting = self.sqs.visible(name)
        if not waiting:
            return
        messages = waiting
        if self.rng:
            messages = self.rng.sample(waiting, self.rng.randint(1, min(10, len(waiting))))
        messages = messages[: BATCH_SIZES[name]]
        event = self.sqs.receive(name, messages)
        if keep:
            for message in messages:
                message.visible_at = self.clock.time
        try:
            answer = self.invoke(CONSUMERS[name], event)
        except (Crash, Exception) as error:
            self.faults.note(f"        {CONSUMERS[name]} failed: {error!r:.200}")
            return  # The messages come back after their visibility timeout.
        if not keep:
            self.sqs.acknowledge(name, messages, answer)

    def _request_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.faults.calls}"))

    def invoke(self, function: str, event: dict[str, Any], request_id: str = "") -> dict[str, Any]:
        """Run the real handler as Lambda does: killed when its time is over."""
        end = self.clock.time + self.timeouts[function]
        left = lambda: int((end - self.clock.time).total_seconds() * 1000)  # noqa: E731
        if self.hurried and function == "document_processor":
            left = lambda: int(processing.RESERVE.total_seconds() * 1000)  # noqa: E731
        context = SimpleNamespace(get_remaining_time_in_millis=left, aws_request_id=request_id or self._request_id())
        self.faults.note(f"{self.clock.time:%d %H:%M:%S} {function}")
        try:
            with self.faults.until(lambda: self.clock.time > end):
                return dict(self.handlers[function].handler(event, context))
        except Crash as crash:
            self.faults.note(f"        {function} crashed {crash}")
            self.container = SimContainer(self)  # A new process has nothing cached.
            raise

    def pause(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def _notify(self, bucket: str, key: str, event: str, version_id: str) -> None:
        """The notifications that Terraform configures."""
        created = event.startswith("ObjectCreated:") and key.startswith("incoming/")
        removed = event.startswith("ObjectRemoved:") and key.startswith(("incoming/", "processed/"))
        if bucket == RAW and (created or removed):
            self.notifications.append(Notification(bucket, key, event, version_id))

    def _load(self, name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"sim_{name}", ROOT / "images" / name / "handler.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.parts = lambda: self.container  # type: ignore[attr-defined]
        return module

    # --- what the emulator loses

    def snapshot(self) -> Snapshot:
        """Of what the emulator writes now and then: tables and queues."""
        return Snapshot(self.clock.time, copy.deepcopy((self.dynamo.tables, self.sqs.queues)))

    def lose_what_came_after(self, snapshot: Snapshot) -> None:
        """The emulator was killed and starts from the snapshot, the worker with it; S3 and Chroma have kept all."""
        self.dynamo.tables, self.sqs.queues = copy.deepcopy(snapshot.state)
        self.notifications.clear()
        self.invocations.clear()
        self.container = SimContainer(self)

    def recover(self, snapshot: Snapshot) -> list[Difference]:
        """What `make up` does after that."""
        return list(self.container.lost_writes.run(snapshot.time))

    # --- what users ask

    def found(self, question: str, *, as_of: str | None = None) -> dict[str, set[int]]:
        """Of which versions a search finds passages, by document."""
        parts = self.container
        search = PassageSearch(parts.embedder, parts.search_vectors, parts.live_documents, parts.index_aliases)
        versions: dict[str, set[int]] = {}
        for passage in search.search(question, top_k=50, as_of=as_of):
            versions.setdefault(passage.document.document_id, set()).add(passage.document.version)
            for copy_ in passage.copies:
                versions.setdefault(copy_.document_id, set()).add(copy_.version)
        return versions

    # --- what tests look at

    def version(self, document_id: str, number: int) -> DocumentVersion:
        found = self.container.registry.get(document_id, number)
        assert found is not None, f"no version {number} of {document_id}"
        return found

    def live(self, document_id: str) -> int:
        head = self.container.registry.head(document_id)
        return head.live_version if head else 0

    def windows(self, document_id: str | None = None) -> dict[str, int]:
        """Window id -> version, in the live collection."""
        live = self.container.index_aliases.current().live
        return {
            id_: record.metadata["version"]
            for part in partition_names(live)
            for id_, record in self.chroma.data.get(part, {}).items()
            if document_id in (None, record.metadata["document_id"])
        }

    def chunks(self, document_id: str) -> list[Chunk]:
        """What answers can be made from: the chunks of the live version, in order."""
        with self.faults.quiet():
            keys = [key for key in self.dynamo.tables["embedding_chunks"].items if key[1] == document_id]
            found = self.container.chunks.get(keys)
            live = self.live(document_id)
        return sorted((chunk for chunk in found if chunk.version == live), key=lambda chunk: chunk.chunk_index)

    def bytes_of(self, version: DocumentVersion) -> bytes:
        with self.faults.quiet():
            return self.container.store.get(version.ref)

    def texts(self, document_id: str) -> str:
        return "\n".join(chunk.content for chunk in self.chunks(document_id))

    def check(self) -> None:
        """The invariants: every document at its end and settled, and the stores agree, id by id."""
        with self.faults.quiet():
            self._check()

    def _check(self) -> None:
        expected: set[str] = set()
        replaced: set[str] = set()
        kept: set[str] = set()
        chunk_rows: set[str] = set()
        heads = {head.document_id: head for head in self.container.registry.heads()}
        live = {document_id: head.live_version for document_id, head in heads.items()}
        for head in heads.values():
            if head.due is None:
                kept_now = self.container.history_rules.kept(head.publications, self.clock.now())
                assert head.publications == kept_now, head
            assert bool(head.publications) == bool(head.live_version), head
            assert not head.live_version or head.publications[-1].version == head.live_version, head
        for item in self.dynamo.tables["document_registry"].items.values():
            if item["version"]["N"] == "0":
                continue
            version = self.version(item["document_id"]["S"], int(item["version"]["N"]))
            assert version.status in (DocumentStatus.COMPLETED, DocumentStatus.FAILED), version
            assert version.settled, version
        for table_item in self.dynamo.tables["embedding_chunks"].items.values():
            chunk = self.container.chunks.get([(table_item["chunk_id"]["S"], table_item["document_id"]["S"])])[0]
            if live.get(chunk.document_id) != chunk.version:
                head = heads[chunk.document_id]
                assert chunk.version in known_versions(head.publications), f"stale chunk {chunk.chunk_id}"
                replaced |= history_ids(head, chunk.version, [chunk])
                kept |= set(chunk.window_ids)
                continue
            chunk_rows.add(chunk.chunk_id)
            expected |= set(chunk.window_ids)
        index = self.container.index_aliases.current().live
        history: set[str] = set()
        for name in (index, history_collection(index)):
            for part in partition_names(name):
                for record in self.chroma.data.get(part, {}).values():
                    assert part == partition_name(name, record.metadata["document_id"]), f"{record.id} is in {part}"
                    if name != index:
                        history.add(record.id)
        assert history == replaced, f"the history lacks {len(replaced - history)}, has {len(history - replaced)} more"
        windows = set(self.windows())
        assert windows == expected, f"Chroma lacks {len(expected - windows)}, has {len(windows - expected)} too many"
        backed_up: set[str] = set()
        for entry in self.container.backup.entries(self.embedder.fingerprint):
            backed_up |= {record.id for record in self.container.backup.read(entry)}
        assert backed_up == expected | kept, "the backup and DynamoDB differ"
        staged = [info.ref.key for info in self.container.store.list(EMBEDDINGS, STAGING)]
        assert not staged, f"still staged: {staged}"
        for document_id, number in live.items():
            if number:
                version = self.version(document_id, number)
                mine = [chunk_id for chunk_id in chunk_rows if self._chunk_of(chunk_id, document_id)]
                assert len(mine) == version.chunk_count, f"{document_id}: {len(mine)} of {version.chunk_count} chunks"
                assert self.s3.get_object(Bucket=RAW, Key=version.s3_key), version

        self._check_jobs()

    def _check_jobs(self) -> None:
        """No job has driven a document twice, and what it says of itself is what its report says."""
        made: Counter[tuple[str, str]] = Counter()
        for item in self.dynamo.tables["document_registry"].items.values():
            if item["version"]["N"] != "0" and "job_id" in item:
                made[item["document_id"]["S"], item["job_id"]["S"]] += 1
        assert all(count == 1 for count in made.values()), f"driven twice by one job: {made}"
        for item in self.dynamo.tables["ingestion_jobs"].items.values():
            job = self.container.jobs.get(item["job_id"]["S"])
            if job is None or job.job_type is JobType.REINDEX:
                continue
            assert job.status.ended, job
            report = self.report(job)
            versions = [(entry.document_id, entry.version) for entry in report if entry.version]
            assert len(versions) == len(set(versions)), f"twice in the report of {job}"
            told = {(document_id, job_id) for document_id, job_id in made if job_id == job.job_id}
            unmade = {(document_id, job.job_id) for document_id, _ in versions} ^ told
            assert job.status is not JobStatus.COMPLETED or not unmade, f"driven, and not told: {unmade}"
            if job.status is JobStatus.COMPLETED:
                counted = {
                    name: job.statistics[name]
                    for name in ("new", "modified", "reingested", "deleted", "skipped", "failed")
                }
                outcomes = Counter(entry.outcome.lower() for entry in report)
                assert counted == {name: outcomes[name] for name in counted}, job
                assert job.statistics["under_way"] == 0, job

    def report(self, job: Job) -> list[Entry]:
        """All of it, part by part."""
        parts = range(int(job.checkpoint.get("parts", 0)))
        return [entry for part in parts for entry in self.container.job_report.read(job.job_id, part) or []]

    def _chunk_of(self, chunk_id: str, document_id: str) -> bool:
        return (chunk_id, document_id) in self.dynamo.tables["embedding_chunks"].items
