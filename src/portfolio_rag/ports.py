"""Every protocol between the use cases and the outside: one adapter each in `adapters/`, fakes in `tests/`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, TypeVar

from portfolio_rag.models import (
    Chunk,
    DocumentHead,
    DocumentStatus,
    DocumentVersion,
    Job,
    JobStatus,
    LiveDocument,
    ObjectInfo,
    ObjectRef,
    Progress,
)

if TYPE_CHECKING:
    # For signatures alone: functions that see no vector start without NumPy, and the bake of the images imports this
    # file, and neither answers nor services.
    import numpy as np
    from numpy.typing import NDArray

    from portfolio_rag.answers import Turn
    from portfolio_rag.services.filters import Filter

_T = TypeVar("_T")

Vectors: TypeAlias = "NDArray[np.float32]"
"""Shape (n, dimensions), unit length."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, in UTC."""


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """POST the `fields` and then the file (as `file`) to `url` as multipart/form-data."""

    url: str
    fields: Mapping[str, str]


class ObjectStore(Protocol):
    """S3. Raises NotFound for a missing object or version, StorageUnavailable when S3 keeps failing."""

    def get(self, ref: ObjectRef, *, max_bytes: int | None = None) -> bytes:
        """The bytes; raises PayloadTooLarge beyond `max_bytes` without reading them."""

    def peek(self, ref: ObjectRef, size: int) -> tuple[ObjectInfo, bytes] | None:
        """What `head` tells and the first `size` bytes at most, in one call; None as for `head`."""

    def head(self, ref: ObjectRef) -> ObjectInfo | None:
        """The object as it stands (its version id filled in), or None: missing, or a delete marker on top."""

    def put(self, bucket: str, key: str, body: bytes, *, content_type: str = "application/octet-stream") -> str:
        """Write and return the new version id."""

    def upload(self, bucket: str, key: str, stream: BinaryIO, *, content_type: str, max_bytes: int) -> ObjectInfo:
        """Write a stream of unknown length in parts. Raises PayloadTooLarge beyond `max_bytes`: nothing is kept."""

    def presign_post(self, bucket: str, key: str, *, max_bytes: int, expires_in_seconds: int) -> PresignedPost:
        """A form with which anybody may upload that one object, up to that size, for that time."""

    def copy(self, source: ObjectRef, bucket: str, key: str, *, metadata: Mapping[str, str] | None = None) -> str:
        """Copy server-side and return the new version id; `metadata` replaces the user metadata."""

    def delete(self, ref: ObjectRef) -> None:
        """Delete that version for good, or set a delete marker when the ref names none. Missing is fine."""

    def older_versions(self, ref: ObjectRef) -> list[ObjectRef]:
        """The versions of the same key that are older than that one, oldest first, delete markers left out."""

    def deleted(self, bucket: str, key: str) -> ObjectInfo | None:
        """The version that a delete marker covers; None if nothing is there, or what is there is not deleted."""

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        """Delete every version under the prefix, for good; returns how many."""

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """Current objects under the prefix, by key and without version ids; only keys after `after`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of document versions, newest first; `cursor` is None at the end."""

    items: list[DocumentVersion]
    cursor: str | None


class DocumentRegistry(Protocol):
    """`document_registry`. Reads are strongly consistent unless they say otherwise.

    Conditional writes raise ConditionFailed when the item is not as expected.
    """

    def head(self, document_id: str) -> DocumentHead | None: ...

    def get(self, document_id: str, version: int) -> DocumentVersion | None: ...

    def heads_and_versions(
        self, keys: Iterable[tuple[str, int]]
    ) -> dict[tuple[str, int], tuple[DocumentHead | None, DocumentVersion | None]]:
        """Head and version of each (document_id, version), batched."""

    def heads(self, *, after: str = "") -> Iterator[DocumentHead]:
        """Every document, deleted ones included; reads the whole table (for batch jobs only).

        In the table's own order; `after` is the id of the document that was read last.
        """

    def heads_of(self, document_ids: Iterable[str]) -> dict[str, DocumentHead]:
        """The heads of those documents, batched; unknown ones are left out."""

    def versions(self, document_id: str) -> list[DocumentVersion]:
        """Newest first."""

    def live_versions(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        """Those of the (document_id, version) pairs that answer now: the head's `live_version` is that version.

        Deleted, superseded and unknown ones are left out. Heads and versions come in one batched read (two keys a
        pair, 100 keys a call).
        """

    def register(self, version: DocumentVersion, logical_key: str, previous: DocumentHead | None) -> None:
        """Write the new PENDING version and move the head's `latest_version` in one transaction.

        Clears the head's `deleted_at`, and notes the job that made the version. Raises ConditionFailed when the head is
        no longer `previous`. Like every change of a head, it makes the document `due`.
        """

    def start(self, document_id: str, version: int, attempt: int, now: str) -> DocumentVersion:
        """PENDING -> PROCESSING, or PROCESSING still; returns the version. Raises ConditionFailed where it has ended,
        has another attempt or does not exist."""

    def advance(self, version: DocumentVersion, progress: Progress, now: str) -> None:
        """Record how far a PROCESSING version has come; only if nobody has recorded as many steps."""

    def complete(self, version: DocumentVersion, now: str) -> None:
        """PROCESSING -> COMPLETED and the head's `live_version`, in one transaction.

        Only if every expected chunk is embedded and the document is neither deleted nor live in a newer version.
        """

    def fail(self, version: DocumentVersion, code: str, message: str, now: str) -> None:
        """PENDING or PROCESSING -> FAILED with a reason."""

    def drive_again(self, version: DocumentVersion, now: str) -> None:
        """Count another drive of a version that is not at its end; only if it has not been touched meanwhile."""

    def relocate(self, version: DocumentVersion, ref: ObjectRef, *, settled: bool, retired: bool = False) -> None:
        """Record where the bytes are now, whether all is done, and whether the version is history."""

    def mark_deleted(self, head: DocumentHead, now: str) -> None:
        """Nothing answers from the document from this write on: `live_version` 0, `deleted_at` set."""

    def unpublish(self, head: DocumentHead, now: str) -> None:
        """`live_version` 0 while a newer version is still on its way."""

    def due(self) -> Iterator[DocumentHead]:
        """Documents that have changed since they were last looked over, longest ago first (eventually consistent)."""

    def looked_over(self, head: DocumentHead) -> None:
        """The document is `due` no more, unless it has changed since `head` was read: that is ConditionFailed."""

    def list_by_status(self, status: DocumentStatus, *, limit: int, cursor: str | None = None) -> Page:
        """From the GSI status-upload_timestamp-index (eventually consistent), newest first, without retired ones.

        Raises InvalidRequest when the cursor is not one of ours.
        """

    def in_status(
        self, status: DocumentStatus, *, uploaded_after: str | None = None, uploaded_before: str | None = None
    ) -> Iterator[DocumentVersion]:
        """Every version in `status`, newest first, retired ones included (eventually consistent).

        With `uploaded_before` oldest first; at most one of the two is given.
        """

    def count_by_status(self) -> dict[DocumentStatus, int]:
        """From the GSI (eventually consistent); retired versions do not count."""


@dataclass(frozen=True, slots=True)
class LiveRead:
    """`documents` by (document_id, version), `chunks` by id."""

    documents: dict[tuple[str, int], LiveDocument]
    chunks: dict[str, Chunk]


class LiveReads(Protocol):
    """`document_registry` and `embedding_chunks`, as far as a search reads them."""

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        """Those of the (document_id, version) pairs that answer now, and the (chunk_id, document_id) that are there.

        As `DocumentRegistry.live_versions` and `ChunkStore.get`, in one batched, strongly consistent read of both (two
        keys a pair and one a chunk, 100 keys a call), because a query asks about every document it hit.
        """


Mark = tuple[Chunk, str]
"""An embedded chunk, and the URI of the backup that holds its vectors."""


class ChunkStore(Protocol):
    """`embedding_chunks`."""

    def create(
        self, version: DocumentVersion, chunks: Sequence[Chunk], *, expected: int | None, now: str
    ) -> list[Chunk]:
        """Write those that are not there yet and return those that still wait for their vector, by index.

        The same transactions fix how many chunks the version has in all: `expected`, which may not change; None while
        more are to come and nobody knows how many. Never overwrites a chunk: its state may have moved on in another
        worker's hands. Raises ConditionFailed when the version is no longer PROCESSING.
        """

    def get(self, keys: Iterable[tuple[str, str]]) -> list[Chunk]:
        """By (chunk_id, document_id), strongly consistent, in any order; missing ones are left out."""

    def window_ids(self, keys: Iterable[tuple[str, str]]) -> set[str]:
        """The ids of all windows of those chunks, by (chunk_id, document_id), strongly consistent; reads no texts."""

    def keys(self) -> Iterator[tuple[str, str]]:
        """(chunk_id, document_id) of every chunk; reads the whole table (for `rag verify` only)."""

    def of_document(
        self, document_id: str, *, version: int | None = None, indexes: tuple[int, int] | None = None
    ) -> Iterator[Chunk]:
        """By index, from the GSI document_id-chunk_index-index (eventually consistent).

        `indexes` bounds the chunk indexes, first and last one included.
        """

    def mark_last(self, version: DocumentVersion, marks: Sequence[Mark], now: str) -> bool:
        """PENDING -> EMBEDDED of all chunks that the version still waits for, and its completion, in one transaction.

        False, and nothing is written, where they are not those chunks, or the version may not complete (see
        `DocumentRegistry.complete`), or they are too many for one transaction.
        """

    def mark_embedded(self, version: DocumentVersion, marks: Sequence[Mark], now: str) -> None:
        """PENDING -> EMBEDDED of each chunk and the version's `embedded_count`, in one transaction a group.

        A chunk that is EMBEDDED already is not counted again. Raises ConditionFailed when the version is no longer
        PROCESSING (superseded, deleted, failed): the caller must take back what it wrote.
        """

    def delete(self, keys: Iterable[tuple[str, str]]) -> None: ...


class JobStore(Protocol):
    """`ingestion_jobs`, and the index pointer and lease that live beside the jobs.

    Whoever changes a job has taken it (`claim`): the other writes hold only while `run_until` is what that one has
    written, and raise ConditionFailed when another invocation has the job, or it has ended.
    """

    def create(self, job: Job) -> bool:
        """Record a new job; false if there is one of that id."""

    def claim(self, job_id: str, step: int, now: str, until: str) -> Job:
        """Take a job that has not ended, at that step, while nobody else works on it. Raises ConditionFailed."""

    def save(self, job: Job, now: str) -> Job:
        """Record how far it is; returns the job as stored, with what others have written (a request to cancel)."""

    def hand_over(self, job: Job, now: str) -> Job:
        """The same, and let go of it: the next invocation begins with `step` + 1."""

    def release(self, job: Job, error: str) -> None:
        """Let go of it as it was recorded last, because of that error: it may be taken at the same step again."""

    def end(self, job: Job, now: str) -> Job:
        """Record its end. COMPLETED and FAILED hold only where nobody has asked to cancel it."""

    def request_cancel(self, job_id: str, now: str) -> Job:
        """Ask for its end; again is fine. Raises ConditionFailed once it has ended or its index has been switched."""

    def relaunched(self, job: Job, now: str) -> Job:
        """Count another launch of a job that nobody works on; only if it has not been touched since it was read."""

    def get(self, job_id: str) -> Job | None: ...

    def list(self, *, status: JobStatus | None = None, limit: int = 50) -> list[Job]:
        """Newest first."""

    def index_pointer(self) -> IndexPointer: ...

    def begin_build(self, collection: str, owner: str, now: str, until: str) -> None:
        """Take the lease and name the collection being built. Raises Conflict while another holds the lease.

        The owner itself may do so again.
        """

    def renew_build(self, owner: str, until: str) -> None:
        """Keep the lease for longer. Raises ConditionFailed where it is no longer the owner's."""

    def end_build(self, owner: str) -> None:
        """Give the lease back: the collection is no longer written to. Fine where it is not the owner's any more."""

    def switch(self, job: Job, collection: str, now: str) -> Job:
        """That collection answers from this write on; the same transaction records it in the job and ends the lease.

        Raises ConditionFailed without the lease, without the job, or when somebody has asked to cancel it.
        """

    def abandon_build(self, now: str) -> bool:
        """Take the lease from an owner that has let it expire; its collection is no longer written to."""


@dataclass(frozen=True, slots=True)
class IndexPointer:
    """Which collection answers, and which one a reindex is building beside it (writes go to both).

    `changed_at`: when a reindex last began or ended.
    """

    live: str
    building: str | None = None
    changed_at: str | None = None

    @property
    def targets(self) -> list[str]:
        return [self.live, *([self.building] if self.building else [])]


@dataclass(frozen=True, slots=True)
class QueueDepth:
    visible: int
    in_flight: int
    delayed: int = 0


class MessageQueue(Protocol):
    """One SQS queue. Raises StorageUnavailable when a message could not be sent."""

    def send(self, bodies: Sequence[str]) -> None:
        """Send all, ten a call; partial failures are sent again, and what stays unsent raises."""

    def depth(self) -> QueueDepth: ...

    def remove(self, matches: Callable[[str], bool]) -> int:
        """Delete the waiting messages whose body matches; the others stay. Returns how many were deleted."""


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """One window in Chroma: `<chunk_id>#<n>`, its vector of shape (dimensions,), its metadata."""

    id: str
    vector: Vectors
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VectorHit:
    id: str
    score: float
    """Cosine similarity, -1 to 1."""
    metadata: Mapping[str, Any]
    unread: bool = False
    """Its document is so new that the full-text index has not read it yet."""


class VectorStore(Protocol):
    """Chroma. Raises VectorStoreUnavailable when it does not answer."""

    def ping(self) -> None: ...

    def ensure(self, collection: str, *, fingerprint: str | None = None) -> None:
        """Create the collection (cosine) if it is missing, labelled with the fingerprint of its vectors."""

    def upsert(self, collection: str, records: Sequence[VectorRecord], *, fingerprint: str | None = None) -> None:
        """Insert or replace, making the collection as `ensure` does. The label of one that is there stays."""

    def fingerprint(self, collection: str) -> str | None:
        """Under which fingerprint (Embedder.fingerprint) the collection was made; None where it does not say.

        Asked once a collection, so that a query may ask every time.
        """

    def query(
        self, collection: str, vector: Vectors, *, limit: int, where: Mapping[str, Any] | None = None
    ) -> list[VectorHit]:
        """Nearest first. `where` is a Chroma metadata filter. A missing collection has no hits."""

    def nearest(self, collection: str, vector: Vectors, *, limit: int) -> list[tuple[str, float]]:
        """Ids and cosines alone, nearest first: a third of what `query` costs."""

    def metadata(self, collection: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """By id; ids that the collection does not have are left out."""

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """By id, each of shape (dimensions,); ids that the collection does not have are left out."""

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Cosine of those windows with `vector`; ids that the collection does not have are left out."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """By id; unknown ids are fine."""

    def windows_of(self, collection: str, document_id: str) -> dict[str, int]:
        """The id of each window of a document and the version that it belongs to.

        By the document alone: a filter on two attributes walks the whole collection (measured at 40,000 windows: 25 ms
        instead of 4), and a document has few versions at a time.
        """

    def present(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Those of the ids that the collection has."""

    def page(self, collection: str, *, offset: int, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        """Ids and metadata in the order in which the ids were first inserted.

        New ids come at the end, a replaced one keeps its place, and a deletion moves those after it forward.
        """

    def count(self, collection: str) -> int: ...

    def drop(self, collection: str) -> None: ...

    def collections(self) -> list[str]:
        """The names of all collections on the server."""


@dataclass(frozen=True, slots=True)
class VectorLocation:
    """Rows [row, row + count) of one `.npy` in the embeddings bucket."""

    s3_key: str
    row: int
    count: int


class VectorIndex(Protocol):
    """`embedding_vectors`: the content address (services.backup.vector_id) of every backed-up chunk."""

    def find(self, vector_ids: Iterable[str]) -> dict[str, VectorLocation]: ...

    def remember(self, locations: Mapping[str, VectorLocation]) -> None: ...

    def all(self) -> Iterator[tuple[str, VectorLocation]]:
        """Reads the whole table (for `rag verify` only)."""

    def forget(self, vector_ids: Iterable[str], s3_key_prefix: str) -> None:
        """Remove those that point under the prefix; others now belong to another document's backup."""


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A chunk found by its words. `score` is BM25: above 0, comparable within one query only.

    `windows` are (index, score) of its windows that have the words, best first; those scores compare within one query
    too, and with each other only.
    """

    chunk_id: str
    document_id: str
    version: int
    score: float
    windows: tuple[tuple[int, float], ...]


class ConversationStore(Protocol):
    """`conversations`."""

    def get(self, conversation_id: str) -> StoredConversation: ...

    def put(self, conversation_id: str, seen: StoredConversation, turns: Sequence[Turn], expires_at: int) -> None:
        """Replace the turns. Raises ConditionFailed when they are no longer as `seen`."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """Oldest turn first; `revision` counts the writes, 0 for a conversation that is not stored."""

    turns: tuple[Turn, ...] = ()
    revision: int = 0
    expires_at: int = 0


class LexicalIndex(Protocol):
    """The full-text index of one API process: a local file that follows the registry. Safe from several threads.

    A cache, never the truth: what it finds is checked against the heads like every vector, and a lost or damaged
    file is built again from the chunks.
    """

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[LexicalHit]:
        """At most `limit` chunks, best first; a query without content words finds nothing."""

    def index(self, version: DocumentVersion, chunks: Sequence[Chunk]) -> None:
        """Put this version in the place of whatever the index has of the document, in one transaction."""

    def remove(self, document_ids: Iterable[str]) -> None:
        """Forget the documents; unknown ones are fine."""

    def versions(self) -> dict[str, int]:
        """Which version of each document is indexed."""


@dataclass(frozen=True, slots=True)
class LocalWindow:
    """A window that the copy of the vectors found; `score` is its cosine."""

    chunk_id: str
    document_id: str
    version: int
    window: int
    score: float


@dataclass(frozen=True, slots=True)
class LocalMatches:
    """How many windows a filter lets pass, of how many."""

    windows: int
    total: int


class LocalVectors(Protocol):
    """A copy of the vectors beside the full-text index, for what Chroma does slowly. Safe from several threads.

    Like that index it may lag behind the registry by some seconds, so what it finds is checked against the heads.
    """

    def owners(self, chunk_ids: Sequence[str], where: Filter | None = None) -> dict[str, tuple[str, int]]:
        """Document and version of those of the chunks that it knows, and that the filter lets pass."""

    def matches(self, collection: str, where: Filter) -> LocalMatches | None:
        """None where it has not all vectors of the documents that pass, or those of another collection."""

    def search(self, vector: Vectors, *, limit: int, where: Filter) -> list[LocalWindow]:
        """The nearest windows of all that pass, best first: exact, in time proportional to what passes."""

    def similarities(self, collection: str, ids: Sequence[str], vector: Vectors) -> dict[str, float]:
        """Cosine of those windows with `vector`; those that it does not have are left out."""


class VectorCopy(LocalVectors, Protocol):
    """The same, for what keeps it in step."""

    def follow(self, collection: str) -> None:
        """Hold the vectors of that collection; those of another one are forgotten."""

    def waiting(self, *, limit: int, after: int = 0) -> list[tuple[int, str, int]]:
        """Number, id and number of windows of chunks whose vectors are not there yet, by number, from `after` on."""

    def store(self, collection: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep the vectors of whole chunks, each of shape (windows, dimensions), if it still follows `collection`."""


class Embedder(Protocol):
    """The embedding model under one recipe."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of weights, recipe and window settings; equal fingerprints, comparable vectors."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), dimensions), in the order given."""


class Tokenizer(Protocol):
    def offsets(self, text: str) -> list[tuple[int, int]]:
        """[start, end) in characters of each word piece of `text`, no special tokens, nothing truncated."""


class Parallel(Protocol):
    """Runs waits beside each other: a function on every item, each independent of the others."""

    def __call__(self, function: Callable[[_T], None], items: Iterable[_T]) -> None:
        """Return when all are done; raises what the first of the failed ones has raised."""


class Metrics(Protocol):
    """CloudWatch custom metrics. Never raises: a lost data point must not fail a document."""

    def put(self, name: str, value: float, unit: str, dimensions: Mapping[str, str] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int


class LanguageModel(Protocol):
    """A chat model. Raises LanguageModelUnavailable after bounded retries."""

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        """One answer; with a JSON `schema`, one that follows it if the server knows how."""

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The same piece by piece, and the whole at the end. Nothing is tried again after the first piece."""


class JobLauncher(Protocol):
    def launch(self, payload: Mapping[str, Any]) -> None:
        """Start the batch-reindex function asynchronously."""
