"""What a sync would do: the source held against the registry, a hundred documents a call."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import ATTACHMENT_OF, DocumentHead, DocumentStatus, DocumentVersion, ObjectInfo
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.sync.source import Source, SourceDocument
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.object_store import ObjectStore

_BATCH = 100
_PARALLEL = 8

_CLOCK_STEP = timedelta(seconds=1)
"""S3 tells the time of an upload in whole seconds."""

_Entry = TypeVar("_Entry")


class Action(StrEnum):
    """What becomes of a document. The first three are done, the others are told."""

    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    UNDER_WAY = "under_way"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one document, and why; `document` is there for what is sent.

    `has_new_content` is false where only the attributes are others, and `clears_attributes` true where it has none any
    more.
    """

    logical_key: str
    action: Action
    reason: str = ""
    document: SourceDocument | None = None
    has_new_content: bool = True
    clears_attributes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """By logical key."""

    steps: list[Step]

    def counts(self) -> dict[str, int]:
        """How many of each action, in the order of `Action`."""
        counted = Counter(step.action for step in self.steps)
        return {action.value: counted[action] for action in Action}

    def of(self, *actions: Action) -> list[Step]:
        return [step for step in self.steps if step.action in actions]


class Planner:
    """`prefix` is a folder of logical keys, with a slash at its end, or empty for all of them.

    `store` is asked for only where something may have to be sent or deleted: most passes find nothing new, and a client
    of S3 takes longer to make than a hundred documents to compare.
    """

    def __init__(self, store: Callable[[], ObjectStore], registry: DocumentRegistry, bucket: str, prefix: str) -> None:
        self._store = store
        self._registry = registry
        self._bucket = bucket
        self._prefix = prefix

    def plan(self, source: Source, *, delete: bool) -> Plan:
        """Raises InvalidRequest when the source is empty and everything would be deleted."""
        steps = {step.logical_key: step for step in self._steps(source, source.documents())}
        # What seems to be missing may be waiting in `incoming/`. That is listed first and the registry read again, so
        # that an upload whose turn comes between the two is in one of them.
        if missing := [step.document for step in steps.values() if step.document and step.has_new_content]:
            waiting = {keys.logical_key_of(info.ref.key): info for info in self._listed(keys.INCOMING)}
            steps |= {step.logical_key: _unless_waiting(step, waiting) for step in self._steps(source, missing)}
        planned = [*steps.values(), *(self._deletions(set(source.keys())) if delete else ())]
        return Plan(sorted(planned, key=lambda step: step.logical_key))

    def _listed(self, stage: str) -> Iterator[ObjectInfo]:
        yield from self._store().list(self._bucket, stage + self._prefix)

    def _steps(self, source: Source, documents: Iterable[SourceDocument]) -> list[Step]:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            compared = pool.map(lambda batch: self._compared(source, batch), _batches(documents))
            return [step for batch in compared for step in batch]

    def _compared(self, source: Source, documents: Sequence[SourceDocument]) -> list[Step]:
        ids = {document.logical_key: document_id_for(self._bucket, document.logical_key) for document in documents}
        newest = self._newest(ids.values())
        return [_step(source, document, *newest[ids[document.logical_key]]) for document in documents]

    def _newest(self, document_ids: Iterable[str]) -> dict[str, tuple[DocumentHead | None, DocumentVersion | None]]:
        wanted = list(document_ids)
        heads = self._registry.heads_of(wanted)
        newest = {id_: (id_, head.latest_version) for id_, head in heads.items()}
        versions = self._registry.versions_of(newest.values())
        return {id_: (heads.get(id_), versions.get(newest[id_]) if id_ in newest else None) for id_ in wanted}

    def _deletions(self, present: set[str]) -> Iterator[Step]:
        """What is registered below the prefix and not in the source; attachments go with their mail."""
        stored = {
            keys.logical_key_of(info.ref.key)
            for stage in (keys.INCOMING, keys.PROCESSED, keys.FAILED)
            for info in self._listed(stage)
            if not keys.is_sidecar(info.ref.key) and not keys.is_folder_marker(info.ref.key)
        }
        gone = sorted(stored - present)
        if gone and not present:
            raise InvalidRequest(
                f"The source has no document, and all {len(gone)} below {self._prefix or 'the bucket'!r} would be "
                "deleted. If that is what you want, delete them under processed/."
            )
        for batch in _batches(gone):
            ids = {document_id_for(self._bucket, key): key for key in batch}
            for document_id, (head, newest) in self._newest(ids).items():
                if head is None or newest is None or head.deleted_at is not None or ATTACHMENT_OF in newest.metadata:
                    continue
                yield Step(ids[document_id], Action.DELETED)


def _step(source: Source, document: SourceDocument, head: DocumentHead | None, newest: DocumentVersion | None) -> Step:
    key = document.logical_key
    if head is None or newest is None or head.deleted_at is not None:
        reason = source.why_unusable(document)
        return Step(key, Action.SKIPPED, reason) if reason else Step(key, Action.NEW, document=document)
    same_attributes = document.attributes_sha256 == newest.attributes_sha256
    clears = document.attributes_sha256 is None and not same_attributes
    if document.size == newest.file_size:
        if newest.status is DocumentStatus.COMPLETED:
            if newest.content_sha256 is not None and source.has_bytes_of(document, newest):
                if same_attributes:
                    return Step(key, Action.UNCHANGED)
                return Step(key, Action.CHANGED, "", document, has_new_content=False, clears_attributes=clears)
        elif same_attributes and document.modified < _seen(newest):
            # Its hash is not known yet, or never will be: what is no younger than the upload is what was uploaded.
            if newest.status is DocumentStatus.FAILED:
                return Step(key, Action.FAILED, newest.error_message or "")
            return Step(key, Action.UNDER_WAY)
    reason = source.why_unusable(document)
    if reason:
        return Step(key, Action.SKIPPED, reason)
    return Step(key, Action.CHANGED, document=document, clears_attributes=clears)


def _unless_waiting(step: Step, waiting: Mapping[str, ObjectInfo]) -> Step:
    """What lies in `incoming/` since it has changed last is not sent again: its turn will come."""
    upload = waiting.get(step.logical_key)
    document = step.document
    if upload is None or document is None or not step.has_new_content:
        return step
    if document.size != upload.size or document.modified >= upload.last_modified + _CLOCK_STEP:
        return step
    return Step(step.logical_key, Action.UNDER_WAY)


def _seen(version: DocumentVersion) -> datetime:
    return datetime.fromisoformat(version.upload_timestamp) + _CLOCK_STEP


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    entries = iter(entries)
    while batch := list(itertools.islice(entries, _BATCH)):
        yield batch
