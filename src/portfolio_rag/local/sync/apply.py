"""Doing what a plan says: uploads side by side, then deletions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.sync.plan import Action, Plan, Step
from portfolio_rag.local.sync.source import Source
from portfolio_rag.ports.object_store import ObjectStore

_PARALLEL = 8

Failure = tuple[Step, str]
"""What could not be done, and why."""


def apply(
    plan: Plan, source: Source, store: ObjectStore, bucket: str, progress: Callable[[int], object] = lambda _: None
) -> list[Failure]:
    """Send and delete; one that fails does not keep the others from their turn. `progress`: bytes that were sent."""

    def send(step: Step) -> Failure | None:
        if step.document is None:
            return None
        try:
            source.send(step.document, content=step.has_new_content, sidecar=step.clears_attributes, progress=progress)
        except PortfolioRagError as error:
            return step, str(error)
        return None

    def delete(step: Step) -> Failure | None:
        try:
            _delete(step.logical_key, store, bucket)
        except PortfolioRagError as error:
            return step, str(error)
        return None

    with ThreadPoolExecutor(_PARALLEL) as pool:
        sent = list(pool.map(send, plan.of(Action.NEW, Action.CHANGED)))
        deleted = list(pool.map(delete, plan.of(Action.DELETED)))
    return [failure for failure in sent + deleted if failure is not None]


def _delete(logical_key: str, store: ObjectStore, bucket: str) -> None:
    """Delete markers, as whoever deletes a document in S3 sets them; what follows is document-intake's work.

    The original last: until then, whoever looks for the document finds it whole.
    """
    for stage in (keys.INCOMING, keys.FAILED, keys.PROCESSED):
        for key in (keys.sidecar_of(stage + logical_key), stage + logical_key):
            if store.head(ObjectRef(bucket, key)) is not None:
                store.delete(ObjectRef(bucket, key))
