"""What is made up for after the registry and the queues have gone back in time, while S3 and Chroma have not.

Their last seconds are told by the objects: an upload whose event or message is lost is sent on; a document that had
been ingested, or had failed, after the moment of the registry is ingested, and fails, once more; a deletion is found by
the missing object. The rest is a full scan. What no object tells of does not come back: jobs, turns of conversations,
and a document's versions between the one that is known and the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import ObjectInfo, ObjectRef
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.documents.stores import DocumentStores
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.maintenance.differences import Difference, DifferenceKind
from portfolio_rag.pipeline.maintenance.full_scan import FullScan
from portfolio_rag.ports.runtime import Clock

_MARGIN = timedelta(minutes=1)
"""What has an object before the moment of the registry may have been recorded after it."""


class LostWrites:
    def __init__(
        self, stores: DocumentStores, intake: DocumentIntake, full_scan: FullScan, clock: Clock, bucket: str
    ) -> None:
        self._stores = stores
        self._intake = intake
        self._full_scan = full_scan
        self._clock = clock
        self._bucket = bucket

    def run(self, since: datetime) -> Iterator[Difference]:
        """Mend what was lost that was written after `since`. Raises DependencyUnavailable; may be repeated at will."""
        began = self._clock.now()
        for stage in (keys.INCOMING, keys.PROCESSED, keys.FAILED):
            for info in self._stores.objects.list(self._bucket, stage):
                if keys.is_sidecar(info.ref.key) or keys.is_folder_marker(info.ref.key):
                    continue
                # What is moved while this runs is recorded in a moment.
                if stage == keys.INCOMING or since - _MARGIN < info.last_modified <= began:
                    yield from self._look_after(info, stage)
        yield from self._full_scan.run(repair=True)

    def _look_after(self, info: ObjectInfo, stage: str) -> Iterator[Difference]:
        key = info.ref.key
        document_id = document_id_for(self._bucket, keys.logical_key_of(key))
        if stage != keys.INCOMING and self._is_accounted_for(document_id, key):
            return
        sent = (
            self._intake.object_created(info.ref)
            if stage == keys.INCOMING
            else self._intake.register_untracked(info.ref)
        )
        if sent is not None:
            yield Difference(DifferenceKind.UNKNOWN, document_id, f"{key} was not registered; it is ingested again.")

    def _is_accounted_for(self, document_id: str, key: str) -> bool:
        """Whether a version is made of the object. One that is on its way was overtaken by it: its bytes are gone."""
        current = self._stores.objects.head(ObjectRef(self._bucket, key))
        known = {version.s3_version_id for version in self._stores.registry.versions(document_id)}
        return current is None or current.ref.version_id in known
