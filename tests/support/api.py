"""Hand-written stand-ins for the use cases, with one document about SQS in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.access.limits import TokenBudget
from portfolio_rag.composition.api import ApiServices
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
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, LiveDocument
from portfolio_rag.domain.errors import ConditionFailed, Conflict, InvalidRequest, NotFound, PayloadTooLarge
from portfolio_rag.domain.identifiers import chunk_id_for, document_id_for, sha256_hex
from portfolio_rag.domain.jobs import Job, JobStatus, JobType, Trigger
from portfolio_rag.domain.versions import Publication, Publications
from portfolio_rag.pipeline.documents.catalog import DocumentDetail, PresignedUpload, UploadReceipt
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.pipeline.jobs.report import Entry, Outcome, ReportPage
from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth
from portfolio_rag.ports.document_registry import Page
from portfolio_rag.ports.runtime import Clock
from portfolio_rag.settings.environment import Settings

BUCKET = "portfolio-raw"
KEY = "guides/sqs-queues.md"
DOCUMENT_ID = document_id_for(BUCKET, KEY)
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
    answered: Publications = (Publication(1, UPLOADED),)

    def publications(self, document_id: str) -> Publications:
        self._called(document_id)
        if document_id != DOCUMENT_ID:
            raise NotFound(f"There is no document {document_id}.")
        return self.answered

    def __init__(self) -> None:
        super().__init__()
        self.detail = DocumentDetail(DocumentHead(DOCUMENT_ID, BUCKET, KEY, 1, 1), [document()], [chunk()])

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

    def list(self, status: DocumentStatus | None, limit: int, cursor: str | None) -> Page:
        self._called(status, limit, cursor)
        if cursor not in (None, "page-2"):
            raise InvalidRequest("The cursor is not one of ours.")
        return Page([document()], "page-2" if cursor is None else None)

    def counts(self) -> dict[DocumentStatus, int]:
        return {status: int(status is DocumentStatus.COMPLETED) for status in DocumentStatus}

    def get(self, document_id: str) -> DocumentDetail:
        self._called(document_id)
        if document_id != DOCUMENT_ID:
            raise NotFound(f"There is no document {document_id}.")
        return self.detail

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


class FakeRedrive(_Fake):
    def document(self, document_id: str) -> DocumentVersion:
        self._called(document_id)
        return document(version=2, status=DocumentStatus.PENDING, attempt=2)


class FakeJobs(_Fake):
    def start(self, job_type: JobType, *, source_s3_prefix: str = "", triggered_by: Trigger) -> Job:
        self._called(job_type, source_s3_prefix, triggered_by)
        return job(job_type, source_s3_prefix)

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
        return replace(job(), cancel_requested_at=UPLOADED)

    def documents(
        self, job_id: str, *, outcome: Outcome | None = None, limit: int = 100, cursor: str | None = None
    ) -> ReportPage:
        self._called(job_id, outcome, limit, cursor)
        return ReportPage([Entry("incoming/a.png", Outcome.FAILED, "UNSUPPORTED_TYPE: a picture.")], "0-1")


class FakeHealth(_Fake):
    healthy = True

    def run(self) -> list[DependencyHealth]:
        self._called()
        return [
            DependencyHealth("s3", True, "portfolio-raw answers", 2.5),
            DependencyHealth("chromadb", self.healthy, "heartbeat" if self.healthy else "connection refused", 1.0),
            DependencyHealth("openai", True, "not configured: answers are extractive", None),
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
    health: FakeHealth = field(default_factory=FakeHealth)
    retrieval: FakeRetrieval = field(default_factory=FakeRetrieval)
    chat: FakeChat = field(default_factory=FakeChat)
    conversations: FakeConversations = field(default_factory=FakeConversations)
    keys: MemoryApiKeys = field(default_factory=MemoryApiKeys)
    clock: TestClock = field(default_factory=TestClock)
    rules: AccessRules = field(default_factory=AccessRules)
    full_text_follower: None = None
    load_reporter: None = None

    def __post_init__(self) -> None:
        lists_hold = self.settings.access_lists == "true"
        self.keyring = Keyring(self.keys, self.clock, self.settings.api_key, always_required=lists_hold)
        self.token_budget = TokenBudget(self.keys, self.clock)

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
