"""The table of document versions and their heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.document_warnings import DocumentWarning
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, ObjectRef, Progress
from portfolio_rag.domain.versions import Publications
from portfolio_rag.ports.document_index import DocumentPlace


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

    def versions_of(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], DocumentVersion]:
        """The version of each (document_id, version), batched; unknown ones are left out."""

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
        no longer `previous`, an upload noted as unchanged included. It makes the document `due`, as all do that change
        what answers.
        """

    def start(self, document_id: str, version: int, attempt: int, now: str) -> DocumentVersion:
        """PENDING -> PROCESSING, or PROCESSING still; returns the version. Raises ConditionFailed where it has ended,
        has another attempt or does not exist."""

    def record_progress(self, version: DocumentVersion, progress: Progress, now: str) -> None:
        """Record how far a PROCESSING version has come, its content hash and its recipe.

        Only if nobody has recorded as many steps.
        """

    def record_findings(
        self,
        version: DocumentVersion,
        warnings: Sequence[DocumentWarning],
        metadata: Mapping[str, AttributeValue],
        now: str,
    ) -> None:
        """Record what of a PROCESSING version could not be read, and all its attributes; again, it changes nothing."""

    def complete(self, version: DocumentVersion, now: str) -> None:
        """PROCESSING -> COMPLETED and the head's `live_version`, in one transaction.

        Only if every expected chunk is embedded and the document is neither deleted nor live in a newer version.
        """

    def fail(self, version: DocumentVersion, code: str, message: str, now: str) -> None:
        """PENDING or PROCESSING -> FAILED with a reason."""

    def record_redelivery(self, version: DocumentVersion, now: str) -> None:
        """Count another message for a version that is not at its end; only if it has not been touched meanwhile."""

    def update_location(
        self, version: DocumentVersion, ref: ObjectRef, *, settled: bool, retired: bool = False
    ) -> None:
        """Record where the bytes are now, whether all is done, and whether the version is history."""

    def mark_deleted(self, head: DocumentHead, now: str) -> None:
        """Nothing answers from the document from this write on: `live_version` 0, `deleted_at` set, nothing known of
        what has answered."""

    def unpublish(self, head: DocumentHead, now: str) -> None:
        """`live_version` 0, nothing known of what has answered, while a newer version is still on its way."""

    def forget_versions(self, head: DocumentHead, kept: Publications, now: str) -> None:
        """Only what is `kept` answers questions as of a time from this write on; the document becomes `due`.

        Raises ConditionFailed when a version has come, answers or was forgotten since the head was read.
        """

    def record_unchanged_upload(self, head: DocumentHead, upload: str | None, now: str) -> None:
        """`last_seen_at`, and which upload it was (its S3 version; None: a sidecar alone).

        Raises ConditionFailed when the head is no longer as read; the document does not become `due` by it.
        """

    def pending_reconciliation(self, *, changed_after: str = "") -> Iterator[DocumentHead]:
        """Documents that have changed since they were last reconciled, longest ago first (eventually consistent).

        `changed_after`: those that changed later than that time, an ISO 8601 one as it is stored.
        """

    def mark_reconciled(self, head: DocumentHead, *, expires: str | None = None) -> None:
        """The document is `due` no more, unless it has changed since `head` was read: that is ConditionFailed.

        At `expires` it is to be found by `expiring`, if it does not change before.
        """

    def expiring(self, *, before: str) -> Iterator[DocumentHead]:
        """Documents that keep a version for no longer than to a time before that one (eventually consistent)."""

    def list_by_status(
        self,
        status: DocumentStatus,
        *,
        limit: int,
        cursor: str | None = None,
        passes: Callable[[DocumentVersion], bool] | None = None,
    ) -> Page:
        """From the GSI status-upload_timestamp-index (eventually consistent), newest first, without retired ones.

        With `passes` only those for which it is true. What one call reads is bounded: a page may then hold fewer than
        `limit` and not be the last. Raises InvalidRequest when the cursor is not one of ours.
        """

    def cursor_at(self, status: DocumentStatus, place: DocumentPlace) -> str:
        """The cursor behind that place of `list_by_status`."""

    def place_of(self, status: DocumentStatus, cursor: str) -> DocumentPlace:
        """Of which a cursor is. Raises InvalidRequest when it is not one of ours."""

    def iter_by_status(
        self, status: DocumentStatus, *, uploaded_after: str | None = None, uploaded_before: str | None = None
    ) -> Iterator[DocumentVersion]:
        """Every version in `status`, newest first, retired ones included (eventually consistent).

        With `uploaded_before` oldest first; at most one of the two is given.
        """

    def count_by_status(self, statuses: Iterable[DocumentStatus] = DocumentStatus) -> dict[DocumentStatus, int]:
        """Of those statuses, from the GSI (eventually consistent); retired versions do not count."""
