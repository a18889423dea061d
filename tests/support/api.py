"""Hand-written stand-ins for the use cases, with one document about SQS in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, cast

from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.access.limits import TokenBudget
from portfolio_rag.adapters.dynamodb.answer_store import DynamoAnswerStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.answering.answer_durations import AnswerDurations
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.answering.feedback.feedback_service import FeedbackService
from portfolio_rag.answering.retrieval.index_size import IndexSize
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.costs.month import Basis, CostLine, Counts, MonthReport
from portfolio_rag.costs.usage_recorder import UsageRecorder
from portfolio_rag.domain.access import AccessRules
from portfolio_rag.domain.answers import (
    Answer,
    AnswerEvent,
    AnswerMode,
    CheckedSentence,
    Citation,
    Cited,
    ConversationTurn,
    Done,
    Passage,
    Retrieved,
    Token,
    Validated,
    Verdict,
)
from portfolio_rag.domain.api_keys import ApiKey, Scope
from portfolio_rag.domain.chunks import Chunk, ChunkStatus
from portfolio_rag.domain.comparison import Comparison, SectionChange, SectionDifference, TextChange
from portfolio_rag.domain.document_query import EVERYTHING, DocumentQuery
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, LiveDocument
from portfolio_rag.domain.errors import ConditionFailed, Conflict, InvalidRequest, NotFound, PayloadTooLarge
from portfolio_rag.domain.identifiers import chunk_id_for, document_id_for, sha256_hex
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.domain.model_usage import ModelUsage
from portfolio_rag.domain.versions import Publication, Publications
from portfolio_rag.pipeline.documents.catalog import DocumentDetail, DocumentHistory, PresignedUpload, UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.pipeline.jobs.estimate import JobEstimate
from portfolio_rag.pipeline.jobs.report import Entry, Outcome, ReportPage
from portfolio_rag.pipeline.maintenance.dead_letters import DeadLetter, DeadLetterList, Redriven, Remedy
from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth
from portfolio_rag.pipeline.maintenance.metric_history import History, MetricHistory, Window
from portfolio_rag.pipeline.maintenance.queues import QueueRole, QueueState
from portfolio_rag.ports.answer_store import AnswerStore
from portfolio_rag.ports.document_registry import Page
from portfolio_rag.ports.message_queue import QueueDepth
from portfolio_rag.ports.monitoring import Alarm, AlarmState, MetricQuery
from portfolio_rag.ports.runtime import Clock, Metric
from portfolio_rag.settings.environment import Settings
from tests.simulation.dynamodb import DynamoModel, pipeline_tables

BUCKET = "portfolio-raw"
KEY = "guides/sqs-queues.md"
DOCUMENT_ID = document_id_for(BUCKET, KEY)
LETTER_ID = "6c0f1c1e-6f6c-4b9a-8a39-9d1c1f7a2b10"
JOB_ID = "1c9a5f0e-7d2b-4a53-9a4e-6a0b6c1d2e3f"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
UPLOADED = "2026-01-05T10:12:00.000000Z"
QUOTE = "Amazon SQS keeps a message for 4 days by default"
CONTENT = f"{QUOTE}, and for 14 days at most."
QUESTION = "How long does Amazon SQS keep a message by default?"


def document(*, version: int = 1, status: DocumentStatus = DocumentStatus.COMPLETED, **changes: Any) -> DocumentVersion:
    values: dict[str, Any] = {
        "document_id": DOCUMENT_ID,
        "version": version,
        "bucket": BUCKET,
        "s3_key": f"processed/{KEY}",
        "s3_version_id": f"s3-{version}",
        "source_version_id": f"source-{version}",
        "filename": "sqs-queues.md",
        "upload_timestamp": UPLOADED,
        "file_size": len(CONTENT),
        "file_type": "md",
        "status": status,
        "embedding_model": "sentence-transformers/all-MiniLM-L6-v2",
        "metadata": {"service": "sqs", "year": 2026, "reviewed": True, "topics": ["messaging"]},
        "chunk_count": 1,
        "embedded_count": 1,
    }
    return DocumentVersion(**{**values, **changes})


def chunk(index: int = 0) -> Chunk:
    content_hash = sha256_hex(CONTENT)
    return Chunk(
        chunk_id=chunk_id_for(DOCUMENT_ID, 1, index, content_hash),
        document_id=DOCUMENT_ID,
        version=1,
        chunk_index=index,
        content=CONTENT,
        content_hash=content_hash,
        token_count=20,
        span=(100, 100 + len(CONTENT)),
        windows=((0, len(QUOTE)), (0, len(CONTENT))),
        heading_path=("Amazon SQS", "Limits"),
        status=ChunkStatus.EMBEDDED,
        embedding_vector_s3="vectors/f/d/1/x.npy",
    )


def passage() -> Passage:
    return Passage(chunk=chunk(), document=LiveDocument.of(document()), score=0.83, windows=(1, 0))


def answer() -> Answer:
    sentence = f"{QUOTE}."
    cited = Citation(
        number=1,
        document_id=DOCUMENT_ID,
        version=1,
        filename="sqs-queues.md",
        s3_key=KEY,
        upload_timestamp=UPLOADED,
        chunk_id=chunk().chunk_id,
        chunk_index=0,
        heading_path=("Amazon SQS", "Limits"),
        page=None,
        span=(100, 100 + len(QUOTE)),
        quote=QUOTE,
        score=0.83,
    )
    return Answer(
        text=f"{sentence} [1]",
        answered=True,
        mode=AnswerMode.EXTRACTIVE,
        model="extractive",
        citations=[cited],
        validation=[
            CheckedSentence(sentence, (1,), Verdict.SUPPORTED, 0.97),
            CheckedSentence("It costs nothing.", (1,), Verdict.DROPPED, 0.1, "not in source 1"),
        ],
        validation_score=0.5,
        passages=[passage()],
        question=QUESTION,
    )


def refusal() -> Answer:
    """The documents do not hold an answer."""
    text = "The answer is not in the documents."
    return replace(answer(), text=text, answered=False, citations=[], validation=[], validation_score=0.0)


class _Fake:
    """Raises `error` when one is set, and remembers calls and the thread that they came on."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls: list[tuple[Any, ...]] = []
        self.threads: set[int] = set()

    def _called(self, *arguments: Any) -> None:
        self.threads.add(threading.get_ident())
        self.calls.append(arguments)
        if self.error is not None:
            raise self.error


class FakeChat(_Fake):
    history: list[ConversationTurn]
    as_of: str | None
    breaks: Exception | None = None
    """What a stream ends with after its first sentences."""
    script: list[AnswerEvent] | None = None
    """The events of a stream, instead of those of the usual answer; the whole reply is that of their last."""

    def answer(
        self,
        question: str,
        *,
        top_k: int | None = None,
        where: Any = None,
        temperature: float | None = None,
        history: Sequence[ConversationTurn] = (),
        as_of: str | None = None,
    ) -> Answer:
        self.history, self.as_of = list(history), as_of
        self._called(question, top_k, where, temperature)
        done = [event.answer for event in self.script or () if isinstance(event, Done)]
        return done[0] if done else answer()

    def stream(
        self,
        question: str,
        *,
        top_k: int | None = None,
        where: Any = None,
        temperature: float | None = None,
        history: Sequence[ConversationTurn] = (),
        as_of: str | None = None,
    ) -> Iterator[AnswerEvent]:
        self.history, self.as_of = list(history), as_of
        self._called(question, top_k, where, temperature)
        if self.script is not None:
            yield from self.script
            return
        whole = answer()
        yield Retrieved(whole.passages)
        for sentence in whole.validation:
            self.threads.add(threading.get_ident())
            yield Validated(sentence)
        if self.breaks is not None:
            raise self.breaks
        yield Cited(whole.citations[0])
        yield Token(whole.text)
        yield Done(whole)


class FakeConversations(_Fake):
    def answer(self, conversation_id: str, question: str, **options: Any) -> Answer:
        self._called(conversation_id, question, options)
        return answer()

    def stream(self, conversation_id: str, question: str, **options: Any) -> Iterator[AnswerEvent]:
        self._called(conversation_id, question, options)
        yield Retrieved(answer().passages)
        yield Done(answer())


class FakeRetrieval(_Fake):
    as_of: str | None

    def search(
        self, query: str, *, top_k: int | None = None, where: Any = None, as_of: str | None = None
    ) -> list[Passage]:
        self.as_of = as_of
        self._called(query, top_k, where)
        return [passage()]


class FakeRollback(_Fake):
    def to(self, document_id: str, number: int, *, by: str | None = None) -> DocumentVersion:
        self._called(document_id, number, by)
        return document(version=3, status=DocumentStatus.PENDING, restores=number, restored_by=by)


class FakeComparison(_Fake):
    def compare(self, document_id: str, from_version: int, to_version: int) -> Comparison:
        self._called(document_id, from_version, to_version)
        change = TextChange(("It keeps messages 4 days.",), ("It keeps messages 7 days.",))
        section = SectionDifference(("Amazon SQS",), SectionChange.CHANGED, (change,))
        return Comparison(document_id, from_version, to_version, (section,), unchanged=2, truncated=False)


class FakeDocuments(_Fake):
    max_bytes = 10_000
    file = CONTENT.encode()
    """The bytes of every version."""
    answered: Publications = (Publication(1, UPLOADED),)

    def publications(self, document_id: str) -> Publications:
        self._called(document_id)
        if document_id != DOCUMENT_ID:
            raise NotFound(f"There is no document {document_id}.")
        return self.answered

    def __init__(self) -> None:
        super().__init__()
        self.detail = DocumentDetail(DocumentHead(DOCUMENT_ID, BUCKET, KEY, 1, 1), [document()], [chunk()])
        self.listed = [document()]

    def upload(
        self,
        filename: str,
        stream: BinaryIO,
        *,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
        content_type: str = "",
        owner: str | None = None,
    ) -> UploadReceipt:
        self.owner = owner
        size = 0
        while piece := stream.read(4096):
            size += len(piece)
            if size > self.max_bytes:
                raise PayloadTooLarge(f"{filename} is larger than {self.max_bytes} bytes.")
        self._called(filename, size, prefix, attributes, content_type)
        return UploadReceipt(DOCUMENT_ID, BUCKET, f"incoming/{prefix}{filename}", "s3-1", size)

    def presign(
        self,
        filename: str,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> PresignedUpload:
        self.owner = owner
        self._called(filename, prefix, attributes)
        key = f"incoming/{prefix}{filename}"
        return PresignedUpload(
            "http://localhost:4566/portfolio-raw", {"key": key, "policy": "e30="}, DOCUMENT_ID, key, 900
        )

    def list(
        self,
        status: DocumentStatus | None,
        limit: int,
        cursor: str | None,
        query: DocumentQuery = EVERYTHING,
        sees: Callable[[DocumentVersion], bool] | None = None,
    ) -> Page:
        self._called(status, limit, cursor)
        if cursor not in (None, "page-2"):
            raise InvalidRequest("The cursor is not one of ours.")
        listed = [version for version in self.listed if query.passes(version) and (sees is None or sees(version))]
        return Page(listed, "page-2" if cursor is None else None)

    def counts(self) -> dict[DocumentStatus, int]:
        return {status: int(status is DocumentStatus.COMPLETED) for status in DocumentStatus}

    def get(self, document_id: str) -> DocumentDetail:
        self._called(document_id)
        if document_id != DOCUMENT_ID:
            raise NotFound(f"There is no document {document_id}.")
        return self.detail

    def history(self, document_id: str) -> DocumentHistory:
        detail = self.get(document_id)
        return DocumentHistory(detail.head, detail.versions)

    def original(self, version: DocumentVersion, part: tuple[int, int] | None = None) -> Iterator[bytes]:
        self._called(version.version, part)
        first, last = part or (0, len(self.file) - 1)
        return iter([self.file[first : last + 1]])

    def delete(self, document_id: str) -> None:
        self.get(document_id)


def job(job_type: JobType = JobType.REINDEX, prefix: str = "") -> Job:
    return Job(
        job_id=JOB_ID,
        job_type=job_type,
        status=JobStatus.PENDING,
        source_s3_prefix=prefix,
        triggered_by=Trigger.USER,
        started_at=UPLOADED,
        documents_total=12,
        statistics={"vectors_reused": 40},
    )


class FakeCited(_Fake):
    def find(self, document_id: str, chunk_id: str, *, version: int | None = None) -> ChunkInContext:
        self._called(document_id, chunk_id, version)
        if (document_id, chunk_id) != (DOCUMENT_ID, chunk().chunk_id):
            raise NotFound(f"There is no chunk {chunk_id} in document {document_id}.")
        return ChunkInContext(chunk(), document(), None, chunk(1), live=True, restored=False)

    def of_version(self, version: DocumentVersion, head: DocumentHead) -> tuple[list[Chunk], bool]:
        self._called(version.version, head.document_id)
        return [replace(chunk(), version=version.version)], version.version != head.live_version


class FakeRedrive(_Fake):
    def document(self, document_id: str) -> DocumentVersion:
        self._called(document_id)
        return document(version=2, status=DocumentStatus.PENDING, attempt=2)


class FakeJobs(_Fake):
    def __init__(self) -> None:
        super().__init__()
        self.cancelled: list[str] = []

    def start(
        self,
        job_type: JobType,
        *,
        source_s3_prefix: str = "",
        triggered_by: Trigger,
        budget_usd: float | None = None,
    ) -> Job:
        self._called(job_type, source_s3_prefix, triggered_by, *([] if budget_usd is None else [budget_usd]))
        return replace(job(job_type, source_s3_prefix), budget_usd=budget_usd)

    def resume(self, job_id: str, budget_usd: float | None = None) -> Job:
        self._called(job_id, budget_usd)
        return replace(job(), status=JobStatus.RUNNING, budget_usd=budget_usd, spent_usd=0.5)

    def get(self, job_id: str) -> Job:
        self._called(job_id)
        if job_id != JOB_ID:
            raise NotFound(f"There is no job {job_id}.")
        return job()

    def list(self, status: JobStatus | None = None, limit: int = 50) -> list[Job]:
        self._called(status, limit)
        return [job()]

    def cancel(self, job_id: str) -> Job:
        self._called(job_id)
        if job_id != JOB_ID:
            raise Conflict("The job has ended already: it is COMPLETED.")
        self.cancelled.append(job_id)
        return replace(job(), cancel_requested_at=UPLOADED)

    def documents(
        self, job_id: str, *, outcome: Outcome | None = None, limit: int = 100, cursor: str | None = None
    ) -> ReportPage:
        self._called(job_id, outcome, limit, cursor)
        return ReportPage([Entry("incoming/a.png", Outcome.FAILED, "UNSUPPORTED_TYPE: a picture.")], "0-1")


class FakeEstimator(_Fake):
    def estimate(self, job_type: JobType, *, source_s3_prefix: str = "") -> JobEstimate:
        self._called(job_type, source_s3_prefix)
        return JobEstimate(job_type, 12, 600, 30, 75.25, 0.0021, 2)


class FakeHealth(_Fake):
    healthy = True

    def run(self) -> list[DependencyHealth]:
        self._called()
        return [
            DependencyHealth("s3", True, "portfolio-raw answers", 2.5),
            DependencyHealth("chromadb", self.healthy, "heartbeat" if self.healthy else "connection refused", 1.0),
            DependencyHealth("openai", True, "not configured: answers are extractive", None),
        ]


def dead_letter(message_id: str = LETTER_ID, remedy: Remedy = Remedy.RETRY, **changes: Any) -> DeadLetter:
    values: dict[str, Any] = {
        "queue": "portfolio-embedding-dlq",
        "sent_at": datetime(2026, 1, 5, 10, 12, tzinfo=UTC),
        "receives": 4,
        "document_id": DOCUMENT_ID,
        "version": 1,
        "s3_key": f"failed/{KEY}",
        "status": DocumentStatus.FAILED,
        "error_code": "DEPENDENCY_UNAVAILABLE",
        "reason": "Chroma did not answer.",
    }
    return DeadLetter(message_id=message_id, remedy=remedy, **{**values, **changes})


class FakeDeadLetters(_Fake):
    def __init__(self) -> None:
        super().__init__()
        self.letters = [dead_letter()]

    def listed(self) -> DeadLetterList:
        self._called()
        return DeadLetterList(self.letters, len(self.letters))

    def redrive(self, message_id: str) -> Redriven:
        self._called(message_id)
        for letter in self.letters:
            if letter.message_id == message_id:
                self.letters.remove(letter)
                return Redriven(letter, version=2)
        raise NotFound(f"There is no dead letter {message_id}.")

    def redrive_all(self) -> list[Redriven]:
        self._called("all")
        driven = [Redriven(letter, version=2) for letter in self.letters]
        self.letters = []
        return driven


class FakeMonitoring(_Fake):
    """`ports.Monitoring`: two alarms, and of each metric a value in every other period."""

    def alarms(self) -> list[Alarm]:
        self._called()
        since = datetime(2026, 1, 5, 10, 12, tzinfo=UTC)
        return [
            Alarm(
                "portfolio-dead-letters",
                "Messages failed for good.",
                AlarmState.ALARM,
                "1 > 0",
                since,
                "DeadLetters",
                0,
            ),
            Alarm("portfolio-queue-depth", "Messages wait.", AlarmState.OK, "0 < 100", None, "QueueDepth", 100),
        ]

    def series(
        self, queries: Sequence[MetricQuery], *, start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        self._called(start, end, period_seconds)
        periods = range(0, int((end - start).total_seconds()) // period_seconds, 2)
        moments = [start + timedelta(seconds=period_seconds * period) for period in periods]
        return [
            {moment: float((place * 7 + number) % 11) for place, moment in enumerate(moments)}
            for number, _ in enumerate(queries)
        ]


class FakeMetrics(_Fake):
    def __init__(self, monitoring: FakeMonitoring, clock: Clock) -> None:
        super().__init__()
        self._history = MetricHistory(monitoring, clock)

    def last(self, window: Window) -> History:
        self._called(window)
        return self._history.last(window)


class Published(list[Metric]):
    """`ports.Metrics`: what was published."""

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None:
        self.append(Metric(name, value, unit))

    def put_all(self, metrics: Sequence[Metric]) -> None:
        self.extend(metrics)


class FakeIndex(_Fake):
    def size(self) -> IndexSize:
        self._called()
        return IndexSize("portfolio_knowledge", 164, 12, 0, 0.8, True)


class FakeOperations(_Fake):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.dead_letters = FakeDeadLetters()
        self.monitoring = FakeMonitoring()
        self.alarms = self.monitoring.alarms
        self.metrics = FakeMetrics(self.monitoring, clock)
        self.index = FakeIndex()

    def queues(self) -> list[QueueState]:
        self._called()
        return [
            QueueState("portfolio-ingestion-queue", QueueRole.INGESTION, QueueDepth(3, 1)),
            QueueState("portfolio-embedding-queue", QueueRole.EMBEDDING, QueueDepth(0, 0)),
            QueueState(
                "portfolio-embedding-dlq", QueueRole.DEAD_LETTERS, QueueDepth(len(self.dead_letters.letters), 0)
            ),
        ]


class TestClock(Clock):
    """A clock that stands still until a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 5, 10, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


class MemoryApiKeys:
    """`ports.ApiKeyStore` in memory. `lookups` counts the reads of keys."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.used: Counter[tuple[str, str]] = Counter()
        self.turns: dict[str, int] = {}
        self.lookups = 0
        self.error: Exception | None = None

    def add(self, key: ApiKey) -> None:
        self.keys[key.key_id] = key

    def get(self, key_id: str) -> ApiKey | None:
        self.lookups += 1
        if self.error is not None:
            raise self.error
        return self.keys.get(key_id)

    def all(self) -> list[ApiKey]:
        return list(self.keys.values())

    def has_any(self) -> bool:
        self.lookups += 1
        if self.error is not None:
            raise self.error
        return bool(self.keys)

    def revoke(self, key_id: str, now: str) -> None:
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=now)

    def tokens_used(self, key_id: str, day: str) -> int:
        return self.used[key_id, day]

    def add_tokens(self, key_id: str, day: str, tokens: int, *, remove_at: int) -> None:
        self.used[key_id, day] += tokens

    def take_turn(self, key_id: str, *, now: int, share: int, latest: int, remove_at: int) -> int:
        if self.error is not None:
            raise self.error
        free_at = max(self.turns.get(key_id, 0), now)
        if free_at > latest:
            raise ConditionFailed("not yet")
        self.turns[key_id] = free_at + share
        return free_at + share

    def next_turn(self, key_id: str) -> int:
        return self.turns.get(key_id, 0)


class MemoryUsage:
    """`ports.UsageStore` in memory."""

    def __init__(self) -> None:
        self.months: dict[str, dict[str, ModelUsage]] = {}
        self.error: Exception | None = None

    def add(self, month: str, usage: Mapping[str, ModelUsage]) -> None:
        if self.error is not None:
            raise self.error
        kept = self.months.setdefault(month, {})
        for model, count in usage.items():
            kept[model] = kept.get(model, ModelUsage()) + count

    def of_month(self, month: str) -> dict[str, ModelUsage]:
        return self.months.get(month, {})


class FakeMonthlyCost(_Fake):
    def report(self, *, tasks: int = 1) -> MonthReport:
        self._called(tasks)
        line = CostLine("Fargate", 480.0 * tasks, "vCPU-hour", 0.04048, 19.4304 * tasks, 29.1456 * tasks, Basis.ASSUMED)
        counts = Counts(documents=1, versions=2, chunks=1, held_bytes=98, new_versions=1, new_chunks=1)
        return MonthReport("2026-01", "us-east-1", "2026-03", UPLOADED, counts, 7, [line], ["A note."])


@dataclass
class FakeServices:
    """All use cases as fakes, with the fields of `ApiServices`; a test tells them what to say."""

    settings: Settings
    documents: FakeDocuments = field(default_factory=FakeDocuments)
    cited: FakeCited = field(default_factory=FakeCited)
    redrive: FakeRedrive = field(default_factory=FakeRedrive)
    rollback: FakeRollback = field(default_factory=FakeRollback)
    comparison: FakeComparison = field(default_factory=FakeComparison)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    job_estimator: FakeEstimator = field(default_factory=FakeEstimator)
    health: FakeHealth = field(default_factory=FakeHealth)
    retrieval: FakeRetrieval = field(default_factory=FakeRetrieval)
    chat: FakeChat = field(default_factory=FakeChat)
    conversations: FakeConversations = field(default_factory=FakeConversations)
    keys: MemoryApiKeys = field(default_factory=MemoryApiKeys)
    clock: TestClock = field(default_factory=TestClock)
    rules: AccessRules = field(default_factory=AccessRules)
    usage: MemoryUsage = field(default_factory=MemoryUsage)
    monthly_cost: FakeMonthlyCost = field(default_factory=FakeMonthlyCost)
    published: Published = field(default_factory=Published)
    full_text_follower: None = None
    load_reporter: None = None
    answer_store: AnswerStore = field(
        default_factory=lambda: DynamoAnswerStore(Table(DynamoModel(pipeline_tables()), "answers"))
    )

    def __post_init__(self) -> None:
        self.answer_log = AnswerLog(self.answer_store, self.clock, kept_days=self.settings.answers_kept_days)
        self.feedback = FeedbackService(self.answer_store, self.answer_log, self.clock)
        lists_hold = self.settings.access_lists == "true"
        self.keyring = Keyring(self.keys, self.clock, self.settings.api_key, always_required=lists_hold)
        self.token_budget = TokenBudget(self.keys, self.clock)
        self.operations = FakeOperations(self.clock)
        self.answer_durations = AnswerDurations(self.published)
        self.usage_recorder = UsageRecorder(self.usage, self.clock, lambda: "gpt-4o-mini")

    def key(self, name: str = "tester", *scopes: Scope, **options: Any) -> dict[str, str]:
        """The header of a new key."""
        _, written = self.keyring.create(name, scopes or (Scope.ADMIN,), **options)
        return {"X-API-Key": written}

    def access_rules(self) -> AccessRules:
        return self.rules

    @property
    def api(self) -> ApiServices:
        """For `create_app`: the use cases are classes, of which the fakes have the methods that routes call."""
        return cast(ApiServices, self)


def fake_services(settings: Settings | None = None) -> FakeServices:
    return FakeServices(settings or Settings())


def client_of(app: ASGIApp, *, host: str = "127.0.0.1", root_path: str = "") -> TestClient:
    """A client at the address `host` that calls the API by the name of its own machine. Use as a context manager."""
    return TestClient(app, base_url="http://localhost", client=(host, 50000), root_path=root_path)


def own_answer(client: TestClient, **options: Any) -> str:
    """The id of an answer that the caller has asked for, where it may ask."""
    asked = client.post("/api/chat", json={"question": QUESTION}, **options)
    return str(asked.json()["answer_id"]) if asked.is_success else UNKNOWN_ID
