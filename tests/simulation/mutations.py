"""Planted bugs: deliberate mutations of the real code, and the check that catches each.

`python -m tests.simulation.mutations` plants each one, looks for the first check that fails, and writes what it found
to `caught.json` and `docs/mutations.md`; `test_mutations.py` plants each again and demands that its check fails.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from .fast import install

HERE = Path(__file__).parent
CAUGHT = HERE / "caught.json"
TABLE = HERE.parents[1] / "docs" / "mutations.md"
TESTS = (
    "tests.simulation.test_life_of_a_document",
    "tests.simulation.test_faults",
    "tests.simulation.test_outages",
    "tests.unit.pipeline.jobs.test_runner",
    "tests.simulation.test_job_steps",
    "tests.unit.pipeline.maintenance.test_reconciler",
    "tests.simulation.test_model_change",
    "tests.unit.adapters.dynamodb.test_chunk_store",
    "tests.unit.pipeline.ingestion.test_processing",
    "tests.unit.composition.test_health_checks",
    "tests.unit.adapters.dynamodb.test_table",
    "tests.unit.adapters.aws.test_sqs",
    "tests.simulation.test_backup_copy",
    "tests.simulation.test_repeated_writes",
    "tests.unit.adapters.chroma.test_repeated_writes",
    "tests.simulation.test_races",
    "tests.simulation.test_unchanged",
    "tests.simulation.test_search_index",
    "tests.unit.adapters.tantivy.test_full_text_index",
    "tests.simulation.test_partitions",
    "tests.simulation.test_versions",
)
SCHEDULES = 2000
FIXTURES = {"world", "monkeypatch", "path"}
"""What a check may ask for; `path` is a file of the full-text index."""


@dataclass(frozen=True)
class Mutation:
    """`changes`: (module below portfolio_rag, text, what stands there instead). `row` of failures.md, 0 for none."""

    name: str
    row: int
    changes: tuple[tuple[str, str, str], ...]


def _one(name: str, row: int, module: str, old: str, new: str) -> Mutation:
    return Mutation(name, row, ((module, old, new),))


MUTATIONS = [
    # Those that failures.md lists.
    _one("an update that fails erases the old version", 26, "adapters.dynamodb.document_registry",
         "live_version=previous.live_version if previous else 0", "live_version=0"),
    _one("only the last chunk of a document is kept", 9, "pipeline.ingestion.processing",
         "embedding_messages(version, waiting)", "embedding_messages(version, waiting[-1:])"),
    _one("a failed upsert is ignored and the run reports success", 21, "pipeline.ingestion.embedding",
         'self._metrics.put("ChromaDBErrors", 1, "Count")\n            raise',
         'self._metrics.put("ChromaDBErrors", 1, "Count")'),
    Mutation("a stale FAILED overwrites a success", 32, (
        ("adapters.dynamodb.document_versions",
         '"#status IN (:pending, :processing) AND attempt = :attempt",\n            {\n'
         '                **_ACTIVE,\n                ":failed"',
         '"attempt = :attempt",\n            {\n                **_ACTIVE,\n                ":failed"'),
        ("adapters.dynamodb.document_versions", "check_transition(version.status, DocumentStatus.FAILED)", "pass"),
        ("pipeline.documents.lifecycle", "and version.attempt == attempt and not version.status.terminal", ""),
    )),
    _one("a completion counter that uses a bare ADD", 8, "adapters.dynamodb.chunk_store",
         '"ConditionExpression": "#status = :pending"',
         '"ConditionExpression": "#status = :pending OR #status = :embedded"'),
    _one("an idempotency key that leaves out the version", 38, "pipeline.ingestion.registration",
         "newest.source_version_id != found.current.ref.version_id", "newest.s3_key != found.current.ref.key"),
    _one("a batch handler that swallows one record's exception", 7, "composition.lambda_events",
         '_log.exception("Message %s failed.", delivery.message_id)\n'
         "                    failures.append((delivery, body, error))",
         '_log.exception("Message %s failed.", delivery.message_id)'),
    _one("a delete handler that answers to the pipeline's own move", 5, "pipeline.ingestion.removal",
         "newest is not None and not newest.status.terminal and newest.s3_key == _incoming(ref.key)",
         "newest is not None"),
    _one("a reindex that deletes before it has built", 28, "pipeline.jobs.reindex",
         "self._stores.vectors.ensure(building, ",
         "self._stores.vectors.drop(old)\n        self._stores.vectors.ensure(building, "),
    _one("a scan that forgets LastEvaluatedKey", 24, "adapters.dynamodb.table",
         'if not answer.get("LastEvaluatedKey"):', "if True:"),
    # The other guards.
    _one("a version that was replaced may still complete", 3, "adapters.dynamodb.document_heads",
         '"ConditionExpression": "live_version < :version AND latest_version = :version "\n'
         '            "AND attribute_not_exists(deleted_at)"',
         '"ConditionExpression": "live_version < :version"'),
    Mutation("COMPLETED before the last chunk is embedded", 8, (
        ("pipeline.documents.lifecycle", "version.chunk_count is None or version.embedded_count < version.chunk_count",
         "version.chunk_count is None"),
        ("adapters.dynamodb.document_registry",
         '"#status = :processing AND embedded_count = chunk_count"', '"#status = :processing"'),
    )),
    _one("a redelivery sends only chunks that it has created itself", 9, "adapters.dynamodb.chunk_store",
         "                known += found\n", ""),
    _one("a purge forgets the vectors", 4, "pipeline.documents.purge",
         "self._vectors.delete(collection, sorted(ids), document_id=document_id)", "pass"),
    _one("a purge forgets the backup", 4, "pipeline.documents.purge",
         "self._backup.delete(document_id, number)", "pass"),
    _one("a purge forgets the chunks", 24, "pipeline.documents.purge",
         "self._chunks.delete((chunk.chunk_id, chunk.document_id) for chunk in stored)", "pass"),
    _one("what a replaced version left is not purged", 24, "pipeline.documents.lifecycle",
         "            self._purge.version(older.document_id, older.version)\n        self._moves",
         "            pass\n        self._moves"),
    _one("no document is reconciled", 6, "pipeline.maintenance.repairs",
         "return _repair_each(in_time(self._registry.pending_reconciliation(), self._clock, until), self._reconcile)",
         "return RepairResult(0, 0)"),
    _one("a document is reconciled while workers are busy with it", 3, "pipeline.maintenance.reconciler",
         "return all(version.status.terminal and _ended(version, head) < before for version in versions)",
         "return all(version.status.terminal for version in versions)"),
    _one("a reconciliation believes the index", 3, "pipeline.maintenance.reconciler",
         "sorted(stored.intersection(ended) - known)", "sorted(stored)"),
    _one("the original goes before its copy is recorded", 7, "pipeline.documents.object_moves",
         "        self._registry.update_location(version, moved, settled=settled, retired=version.retired)\n"
         "        self._remove_moved(source, found)",
         "        self._remove_moved(source, found)\n"
         "        self._registry.update_location(version, moved, settled=settled, retired=version.retired)"),
    _one("a move takes an upload that its owner has deleted", 5, "pipeline.documents.object_moves",
         "return found if found.exists else None", "return found if found.refs else None"),
    _one("a move takes whatever lies there now", 3, "pipeline.documents.object_moves",
         "        source = version.ref\n        try:\n            copied",
         "        source = ObjectRef(version.bucket, version.s3_key)\n        try:\n            copied"),
    _one("the bytes read are the newest, not the event's", 2, "pipeline.ingestion.processing",
         "return self._stores.objects.get(version.ref, max_bytes=max_bytes)\n            except",
         "return self._stores.objects.get(replace(version, s3_version_id=None).ref, max_bytes=max_bytes)\n"
         "            except"),
    _one("a move hides a newer upload under a delete marker", 3, "pipeline.documents.object_moves",
         "        self._store.delete(source)\n", "        self._store.delete(ObjectRef(source.bucket, source.key))\n"),
    _one("bytes that are archived are forgotten by their version", 7, "pipeline.documents.object_moves",
         "if owner.ref == older:", "if False:"),
    _one("a worker that comes second takes the moved upload for deleted", 5, "pipeline.documents.lifecycle",
         "current = self._registry.get(version.document_id, version.version)\n            if current is not None and",
         "current = None\n            if current is not None and"),
    _one("a version does not follow bytes that another one has moved", 5, "pipeline.documents.object_moves",
         "earlier.version < version.version\n", "False\n"),
    _one("a replaced version is archived only from where it was itself", 5, "pipeline.documents.object_moves",
         "archived = moved and self._copied(moved, target)", "archived = None"),
    _one("ingestion does not write to the index that is being built", 28, "pipeline.ingestion.embedding",
         "targets = self._stores.index_aliases.current().targets",
         "targets = [self._stores.index_aliases.current().live]"),
    _one("a reindex needs no lease", 29, "adapters.dynamodb.index_aliases",
         '"attribute_not_exists(lease_owner) OR lease_until < :now OR lease_owner = :owner"',
         '"attribute_not_exists(nothing)"'),
    _one("a lease never expires", 29, "adapters.dynamodb.index_aliases",
         'ConditionExpression="lease_until < :now"',
         'ConditionExpression="lease_until < :now AND lease_until > :now"'),
    _one("a lease that is over still keeps others away", 29, "adapters.dynamodb.index_aliases",
         " OR lease_until < :now OR ", " OR "),
    _one("a lease expires while it is held", 29, "adapters.dynamodb.index_aliases",
         'ConditionExpression="lease_until < :now"',
         'ConditionExpression="lease_until < :now OR lease_until > :now"'),
    _one("a failure on the last delivery is not recorded", 33, "composition.lambda_events",
         "if body is not None:", "if False:"),
    _one("an outage uses up the deliveries of a message", 21, "pipeline.ingestion.redelivery",
         "delivery.tries >= MAX_TRIES", "True"),
    _one("no sweep for events that never came", 31, "pipeline.maintenance.repairs",
         "if info.last_modified < before:", "if False:"),
    _one("a stuck document is not driven again", 30, "pipeline.maintenance.repairs",
         "result = _repair_each(in_time(stuck, self._clock, until), self._requeue)",
         "result = RepairResult(0, 0)"),
    _one("documents that wait their turn count as stuck", 30, "pipeline.maintenance.repairs",
         "started if ingestion_waits else self._clock.now()", "self._clock.now()"),
    _one("a lost message is noticed only when the queue is empty", 30, "pipeline.maintenance.repairs",
         "(DocumentStatus.PENDING, started if", "(DocumentStatus.PENDING, _LONG_AGO if"),
    _one("messages that SQS refused count as sent", 10, "adapters.aws.sqs",
         "waiting.pop(entry[\"Id\"], None)", "waiting.clear()"),
    _one("UnprocessedItems are dropped", 11, "adapters.dynamodb.table",
         'waiting = answer.get("UnprocessedItems") or {}', "waiting = {}"),
    _one("UnprocessedKeys are dropped", 11, "adapters.dynamodb.table",
         'request = answer.get("UnprocessedKeys") or {}', "request = {}"),
    _one("a transaction conflict counts as done", 12, "adapters.dynamodb.table",
         "            self.back_off(attempt)\n        raise StorageUnavailable(f\"DynamoDB kept refusing",
         "            return\n        raise StorageUnavailable(f\"DynamoDB kept refusing"),
    _one("known text is embedded again", 25, "pipeline.ingestion.embedding",
         "places = self._stores.embedding_locations.find(by_address)", "places: dict[str, VectorLocation] = {}"),
    _one("a refused upload is let through after a crash", 7, "pipeline.ingestion.new_versions",
         "status=DocumentStatus.FAILED if rejection else DocumentStatus.PENDING", "status=DocumentStatus.PENDING"),
    _one("an old failed upload replaces a later one", 24, "pipeline.ingestion.registration",
         "if newest.s3_key == found.current.ref.key:", "if True:"),
    _one("a repair takes the place of a later upload that is tried again", 24, "pipeline.maintenance.reconciler",
         "if newest.s3_key != live.s3_key and is_retried_after_outage(newest):", "if False:"),
    _one("what cannot be mended is tried for ever", 30, "pipeline.maintenance.reconciler",
         "if tries < MAX_ATTEMPTS:", "if True:"),
    _one("a deleted document comes back with what a crash left in incoming/", 4, "pipeline.ingestion.registration",
         "        if newest is None or newest.source_version_id != found.current.ref.version_id:",
         "        head = self._registry.head(newest.document_id) if newest else None\n"
         "        if newest is None or (head and head.deleted_at) "
         "or newest.source_version_id != found.current.ref.version_id:"),
    _one("a deletion that broke off leaves the upload", 4, "pipeline.documents.lifecycle",
         "                self._moves.add_delete_marker(version)\n", ""),
    _one("a late removal takes a version that has not moved yet", 37, "pipeline.ingestion.removal",
         "if live.s3_key != ref.key and not self._moves.was_deleted_after_unrecorded_move(live, head):", "if False:"),
    _one("a deletion of what answered takes the version that completes meanwhile", 5, "pipeline.documents.lifecycle",
         "if keep_newest and version.version == head.latest_version:", "if False:"),
    _one("what an outage has failed is forgotten after a day", 30, "pipeline.maintenance.repairs",
         "since = iso(self._clock.now() - RECOVERABLE)", "since = iso(self._clock.now() - timedelta(days=1))"),
    Mutation("a removal looks at the object before it looks at the registry", 5, (
        ("pipeline.ingestion.removal",
         "        document_id = document_id_for(ref.bucket, keys.logical_key_of(ref.key))\n",
         "        there = self._store.head(ObjectRef(ref.bucket, ref.key)) is not None\n"
         "        document_id = document_id_for(ref.bucket, keys.logical_key_of(ref.key))\n"),
        ("pipeline.ingestion.removal",
         "if self._store.head(ObjectRef(ref.bucket, ref.key)) is not None:\n            return\n        under",
         "if there:\n            return\n        under"),
    )),
    Mutation("a deletion is forgotten because a crash hid where the bytes were", 5, (
        ("pipeline.documents.object_moves", "copied is not None\n            and", "False and"),
    )),
    _one("a document's former deletion is taken for that of its new upload", 2, "pipeline.documents.object_moves",
         "            and copied.last_modified >= datetime.fromisoformat(version.upload_timestamp)\n", ""),
    # Uploads that change nothing.
    _one("an upload that changes nothing goes by its key", 3, "pipeline.ingestion.unchanged",
         "self._moves.discard(current.ref)", "self._store.delete(ObjectRef(current.ref.bucket, current.ref.key))"),
    _one("below an upload that changes nothing an earlier one comes to light", 2, "pipeline.documents.object_moves",
         "        self._remove_moved(upload)\n", "        self._store.delete(upload)\n"),
    _one("an upload goes though the original was deleted", 5, "pipeline.ingestion.unchanged",
         "if top is None or top.ref != newest.ref:", "if False:"),
    Mutation("the original is looked at before the upload", 5, (
        ("pipeline.ingestion.registration", "        upload = self._peek(wanted)\n",
         "        original = ObjectRef(wanted.bucket, keys.PROCESSED + wanted.logical_key)\n"
         "        self._moves.top = self._store.head(original)\n"
         "        upload = self._peek(wanted)\n"),
        ("pipeline.ingestion.unchanged", "self._store.head(ObjectRef(newest.bucket, newest.s3_key))",
         "self._moves.top"),
    )),
    _one("an upload is noted on a document that has changed meanwhile", 3, "adapters.dynamodb.document_heads",
         '"latest_version = :latest AND live_version = :live "\n'
         '            f"AND attribute_not_exists(deleted_at) AND {AS_READ}"',
         '"latest_version >= :latest AND (live_version >= :live OR live_version < :live) AND " + AS_READ'),
    _one("an upload that is noted as unchanged becomes a version", 38, "adapters.dynamodb.document_registry",
         'f"latest_version = :latest AND live_version = :live AND {AS_READ}"',
         'f"latest_version = :latest AND live_version = :live AND (:unchanged = :unchanged OR {AS_READ})"'),
    _one("what a crash has left of an unchanged upload brings a deleted document back", 4,
         "pipeline.ingestion.registration",
         'if head is not None and current.ref.version_id == (head.unchanged_upload or "none"):', "if False:"),
    _one("bytes of the same length count as the same", 38, "pipeline.ingestion.unchanged",
         "return self._store.sha256(current.ref) == newest.content_sha256", "return True"),
    _one("other attributes count as the same", 38, "pipeline.ingestion.unchanged",
         "            and newest.attributes_sha256 == attributes_digest(verdict.metadata)\n", ""),
    _one("a version of other rules counts as the same", 38, "pipeline.ingestion.unchanged",
         "            and newest.recipe == recipe_of(self._config.rules_for(head.logical_key))\n", ""),
    _one("a mail that is uploaded again does not bring its attachments back", 4, "pipeline.ingestion.unchanged",
         "            and newest.file_type != MAIL_TYPE\n", ""),
    _one("a job is told that what it shall take in again is unchanged", 34, "pipeline.ingestion.registration",
         "if not wanted.again and self._unchanged", "if self._unchanged"),
    # Documents that take several invocations.
    _one("a message of an earlier step is worked on again", 37, "pipeline.ingestion.processing",
         "if progress.steps < version.steps:", "if False:"),
    _one("the count of chunks is written before all are cut", 8, "pipeline.ingestion.processing",
         "expected = count if following is None else None", "expected = count"),
    _one("a step may come no further for ever", 30, "pipeline.ingestion.processing",
         "if not reached.is_beyond(progress) or reached.steps > MAX_STEPS:", "if False:"),
    _one("a step is counted before its message is sent", 9, "pipeline.ingestion.processing",
         "            self._ingestion_queue.send([IngestionMessage.of(replace(version, progress=reached)).to_json()])\n"
         "            self._stores.registry.record_progress(version, reached, self._clock.now_iso())",
         "            self._stores.registry.record_progress(version, reached, self._clock.now_iso())\n"
         "            self._ingestion_queue.send([IngestionMessage.of(replace(version, progress=reached)).to_json()])"),
    _one("the rest of a document is cut by the rules of the day", 38, "pipeline.ingestion.processing",
         "staged = self._stores.staging.text(version)",
         "staged = replace(self._stores.staging.text(version), rules=self._rules(version.s3_key))"),
    _one("a job may hand over without having come any further", 28, "pipeline.jobs.claim",
         "if not self._has_progressed and not seconds:", "if False:"),
    _one("what was staged stays", 24, "pipeline.documents.purge", "self._staging.delete(document_id, number)", "pass"),
    _one("what a late worker stages stays", 24, "pipeline.maintenance.reconciler",
         "self._stores.staging.delete(document_id, number)", "pass"),
    _one("cutting goes on at the next section, wherever it paused", 9, "text.chunking.chunker",
         "max(position, section.blocks[0].start)", "section.blocks[0].start"),
    _one("a job that crashed is RUNNING for ever", 30, "pipeline.maintenance.abandoned_jobs",
         "sum(self._look_after(job.job_id) for job in self._open_jobs())", "0"),
    # Jobs over many invocations.
    _one("an event of an earlier step has a job go on", 29, "adapters.dynamodb.job_store",
         "AND #step = :at_step AND (attribute_not_exists",
         "AND (#step = :at_step OR #step > :at_step) AND (attribute_not_exists"),
    _one("two invocations work on one job at once", 29, "adapters.dynamodb.job_store",
         "(attribute_not_exists(#run_until) OR #run_until < :now)",
         "(attribute_not_exists(#run_until) OR #run_until < :now OR #run_until > :now)"),
    _one("a job counts documents as driven before they are", 34, "pipeline.jobs.ingest",
         "        done: list[Entry] = []\n",
         "        done: list[Entry] = []\n"
         '        claimed.save({"after": entries[-1].key, "source": entries[-1].source, "parts": part + 1})\n'),
    _one("a reindex counts vectors as copied before they are", 28, "pipeline.jobs.reindex",
         "            windows = self._backup_copy.copy(self._building(claimed.job), batch)\n",
         '            claimed.save({"after": batch[-1].key})\n'
         "            windows = self._backup_copy.copy(self._building(claimed.job), batch)\n"),
    _one("what was deleted while it was copied stays in the new index", 4, "pipeline.jobs.backup_copy",
         "if self._stores.backup.exists(entry):", "if True:"),
    _one("what was replaced while it was copied stays among what answers", 3, "pipeline.jobs.backup_copy",
         "if entry not in kept or entry in moved}", "if entry not in kept}"),
    _one("a job forgets what it was about to drive", 34, "pipeline.jobs.ingest",
         'self._report.write(claimed.job.job_id, claimed.checkpoint_value("parts", 0), entries)', "pass"),
    _one("a job drives what it has driven already", 38, "pipeline.ingestion.registration",
         "if wanted.job_id is not None and head is not None and head.job_id is not None:", "if False:"),
    _one("only the last job of a document is remembered", 28, "pipeline.ingestion.registration",
         "head.job_id is not None:", "head.job_id == wanted.job_id:"),
    _one("a reindex does not renew its lease", 29, "pipeline.jobs.reindex",
         "self._stores.index_aliases.renew_build(claimed.job.job_id, iso(self._clock.now() + _LEASE))", "pass"),
    _one("a reindex goes on though its collection is gone", 28, "pipeline.jobs.reindex",
         " and self._building(claimed.job) in self._stores.vectors.collections()", ""),
    Mutation("nobody heeds a request to cancel", 0, (
        ("pipeline.jobs.claim", "if self.job.cancel_requested_at is not None:", "if False:"),
        ("pipeline.jobs.runner", "if claimed.job.cancel_requested_at is not None:", "if False:"),
    )),
    _one("a job that was cancelled reads as completed", 0, "adapters.dynamodb.job_store",
         '"" if job.status is JobStatus.CANCELLED else " AND attribute_not_exists(#cancel_requested_at)"', '""'),
    _one("a reindex switches although it was cancelled", 28, "adapters.dynamodb.job_store",
         'f"{_OPEN} AND #run_until = :mine AND attribute_not_exists(#cancel_requested_at)"',
         'f"{_OPEN} AND #run_until = :mine"'),
    _one("a cancelled reindex keeps its lease", 29, "pipeline.jobs.reindex",
         "self._stores.index_aliases.end_build(job.job_id)", "pass"),
    _one("a continuation that is lost is lost for ever", 30, "pipeline.maintenance.abandoned_jobs",
         "launch(self._launcher, self._jobs.relaunched(job, iso(now)))", "pass"),
    _one("a job that never gets on is launched for ever", 30, "pipeline.maintenance.abandoned_jobs",
         "if job.relaunches >= _MAX_RELAUNCHES:", "if False:"),
    _one("a job that ingested nothing reads as a success", 0, "pipeline.jobs.ingest",
         'elif not ingested and (counts["failed"] or', 'elif False and (counts["failed"] or'),
    _one("collections of a crashed reindex stay", 28, "pipeline.maintenance.abandoned_jobs",
         "self._vectors.drop(name)", "pass"),
    # Deletions, dead letters, redrive.
    _one("a deleted object goes on answering", 4, "pipeline.ingestion.removal",
         "self._lifecycle.withdraw(head, keep_newest=keep)", "pass"),
    _one("a failed document is not moved", 15, "pipeline.documents.lifecycle",
         "elif version.error_code != FailureReason.DELETED and not self._moves.newer_version_needs_upload(version):",
         "elif False:"),
    _one("a redrive leaves dead letters behind", 33, "pipeline.ingestion.redrive",
         "queue.remove(lambda body: _document_of(body) in document_ids)", "pass"),
    _one("a redrive takes the dead letters of others", 33, "pipeline.ingestion.redrive",
         "_document_of(body) in document_ids", "True"),
    # Sizes.
    Mutation("a chunk may have any number of characters", 13, (
        ("text.chunking.units", "if tokens <= limit and end - start <= MAX_CHARACTERS:", "if tokens <= limit:"),
        ("text.chunking.units", "stop = min(stop, end, start + MAX_CHARACTERS)", "stop = min(stop, end)"),
    )),
    _one("a message may have any number of bytes", 14, "domain.messages",
         " or size + chunk_bytes > MAX_BYTES):", "):"),
    _one("a reason may be of any length", 13, "domain.errors",
         "return message if len(message) <= MAX_MESSAGE_CHARACTERS else", "return message if True else"),
    _one("a sidecar's numbers are stored unseen", 13, "domain.sidecar", "if not _in_range(content):", "if False:"),
    # The reconciler, the rebuild, the switch.
    _one("a vector that is gone does not come back", 27, "pipeline.maintenance.reconciler",
         "self._restore(collection, lost, {backed_up[id_] for id_ in lost})", "pass"),
    _one("a backup that is gone is not noticed", 23, "pipeline.maintenance.reconciler",
         "if backed_up.keys() != expected:", "if False:"),
    _one("vectors of no document stay", 4, "pipeline.maintenance.full_scan",
         "self._stores.vectors.delete(collection, strays)", "pass"),
    _one("pages are read forward while they are mended", 4, "pipeline.maintenance.full_scan",
         "end = self._stores.vectors.count(part)\n        while end > 0:\n"
         "            start = max(0, end - WINDOWS_A_PAGE)\n"
         "            yield self._stores.vectors.page(part, offset=start, limit=end - start)\n"
         "            end = start",
         "start = 0\n        while page := self._stores.vectors.page(part, offset=start, limit=WINDOWS_A_PAGE):\n"
         "            yield page\n            start += WINDOWS_A_PAGE"),
    _one("addresses of vectors that are gone stay", 25, "pipeline.maintenance.full_scan",
         "self._stores.embedding_locations.remove(vector_ids, key)", "pass"),
    _one("an address is forgotten though it points elsewhere by now", 25, "adapters.dynamodb.embedding_locations",
         "if place.s3_key.startswith(s3_key_prefix)", "if True"),
    Mutation("a rebuild that is needed is left out", 23, (
        ("pipeline.jobs.index_check",
         "if self._stores.vectors.present(collection, sorted(expected)) != expected:", "if False:"),
        ("pipeline.jobs.index_check",
         "if any(self._stores.vectors.count(collection) != count for collection, count in counts.items()):",
         "if False:"),
    )),
    _one("a metric has another unit", 0, "pipeline.documents.lifecycle",
         'Metric("ProcessingDuration", max(0.0, seconds), "Seconds")',
         'Metric("ProcessingDuration", max(0.0, seconds), "Milliseconds")'),
    _one("health never asks Chroma", 0, "composition.health_checks",
         "    clients.vectors.ping()\n    live = clients.index_aliases.current().live\n"
         '    return f"Collection {live} holds {clients.vectors.count(live)} windows."',
         '    return "Chroma answers."'),
    _one("the index is switched before it is complete", 28, "pipeline.jobs.reindex",
         "if not (self._copy(claimed) and self._embed(claimed) and claimed.has_time_for()):", "if False:"),
    # An index of several collections.
    _one("a search asks one of several collections", 0, "adapters.chroma.partitions",
         "parts = partition_names(index) if document_id is None",
         "parts = partition_names(index)[:1] if document_id is None"),
    _one("nobody notices that the index has another number of collections", 0, "pipeline.jobs.index_check",
         "if partitions_of(live) != self._partitions:", "if False:"),
    _one("the full scan reads one of several collections", 4, "pipeline.maintenance.full_scan",
         "map(self._pages, self._stores.vectors.parts(collection)))\n"
         "        for page in pages:\n            by_document",
         "map(self._pages, self._stores.vectors.parts(collection)[:1]))\n"
         "        for page in pages:\n            by_document"),
    _one("a collection of the index that answers is dropped as another one", 28, "domain.index_names",
         "return found[1] if found else collection", "return collection"),
    # Writes to Chroma that are tried again.
    _one("a message that comes again replaces what it has written", 0, "pipeline.ingestion.embedding",
         "repeated=any(item.tried for item in work)", "repeated=False"),
    _one("a message that comes again asks only where all of its vectors are known", 0, "pipeline.ingestion.embedding",
         "tried=bool(own)", "tried=known"),
    _one("what is backed up counts as stored", 21, "pipeline.ingestion.embedding",
         "if records:\n            with tracing", "if not all(item.known for item in work):\n            with tracing"),
    _one("a copy that goes on replaces what it has written", 0, "pipeline.jobs.backup_copy",
         "fingerprint=fingerprint, repeated=True)", "fingerprint=fingerprint)"),
    _one("a version's move to the history replaces what it has written", 0, "pipeline.documents.history",
         "fingerprint=entry.fingerprint, repeated=True)", "fingerprint=entry.fingerprint)"),
    _one("a window of another model counts as written", 28, "adapters.chroma.repeated_writes",
         "bool(np.allclose(record.vector, stored.vector, rtol=0.0, atol=_TOLERANCE))", "True"),
    _one("a window with other attributes counts as written", 0, "adapters.chroma.repeated_writes",
         "flat(stored.metadata) == flat(record.metadata)", "True"),
    # Models.
    _one("a query meets the vectors of another model", 28, "answering.retrieval.search",
         "if made not in (None, self._embedder.fingerprint):", "if False:"),
    _one("the vectors of another model pass for a match", 28, "pipeline.jobs.index_check",
         "if self._stores.vectors.fingerprint(live) not in (None, self._fingerprint):", "if False:"),
    _one("a lost vector comes back as another model made it", 27, "pipeline.maintenance.reconciler",
         "wanted = {label} if label else", "wanted = {label} if False else"),
    # The follower of the registry, and the words' index.
    _one("the follower misses the new version of a document", 0, "answering.retrieval.full_text_follower",
         "if known.get(head.document_id) != head.live_version:", "if head.document_id not in known:"),
    _one("the follower misses what is written late", 0, "answering.retrieval.full_text_follower",
         "changed_after=iso(self._looked - OVERLAP)", "changed_after=iso(self._looked)"),
    _one("the follower's cursor moves before what it brings is noted", 0, "answering.retrieval.full_text_follower",
         "        gone = []\n        for head in self._registry.pending_reconciliation(changed_after=iso(self._looked "
         "- OVERLAP)):",
         "        gone = []\n        since, self._looked = self._looked, began\n"
         "        for head in self._registry.pending_reconciliation(changed_after=iso(since - OVERLAP)):"),
    _one("a document whose chunks are not all to be seen passes for indexed", 0,
         "answering.retrieval.full_text_follower",
         "for version, chunks in read if len(chunks) == version.chunk_count]", "for version, chunks in read]"),
    _one("a deleted document is still found", 5, "answering.retrieval.full_text_follower",
         "            self._index.remove(document_ids)\n", ""),
    _one("a deletion that was missed is never noticed", 5, "answering.retrieval.full_text_follower",
         "            self._forget_gone(known)\n", ""),
    _one("half an index answers", 0, "answering.retrieval.full_text_follower",
         "where=where) if self._whole else []", "where=where)"),
    _one("the replica answers while it waits for vectors", 0, "adapters.sqlite.vector_replica",
         "return None if waiting else PassingWindows", "return PassingWindows"),
    _one("the replica keeps the vectors of the index before", 28, "adapters.sqlite.vector_replica",
         "if stored != collection:", "if False:"),
    _one("a document that comes twice is there twice", 0, "adapters.tantivy.word_index",
         "writer.delete_documents_by_term(_DOCUMENT, document)", "pass"),
    _one("what is committed is not searched", 0, "adapters.tantivy.word_index",
         "            self._index.reload()\n", ""),
    _one("a writer that failed goes on with half of its work", 0, "adapters.tantivy.word_index",
         "                self._forget_writer()\n                raise", "                raise"),
    _one("damaged words are opened", 0, "adapters.tantivy.word_index",
         'if zlib.crc32(content[:body_end]) != footer["crc"]:', "if False:"),
    _one("a filter is not asked of the words", 0, "adapters.tantivy.full_text_index",
         "kept = [hit for hit in hits if hit[0] in passing]", "kept = list(hits)"),
    _one("a filter that few pass is asked of the best alone", 0, "adapters.tantivy.full_text_index",
         "if len(kept) >= limit or len(hits) < _SPARE * limit:", "if True:"),
    _one("the words are noted before they are committed", 0, "adapters.tantivy.full_text_index",
         "        try:\n            self._words.update(", "        self._chunks.mark_indexed(documents)\n"
         "        try:\n            self._words.update("),
    _one("words outlive the file that knew them", 0, "adapters.tantivy.full_text_index",
         "        words.remove_after(self._chunks.last_chunk())\n", ""),
    _one("words that were lost are not built again", 0, "adapters.tantivy.full_text_index",
         "            self._chunks.mark_all_unindexed()\n", "            pass\n"),
    _one("a new document is not noted for the words", 0, "adapters.sqlite.indexed_chunks",
         'database.execute("INSERT INTO unindexed VALUES (?)", (document,))', "pass"),
    _one("a document that is gone is not noted for the words", 0, "adapters.sqlite.indexed_chunks",
         'database.execute("INSERT OR IGNORE INTO unindexed VALUES (?)", (document,))', "pass"),
    # Versions.
    _one("a question as of a time is answered by what is live", 0, "adapters.dynamodb.live_document_reader",
         "return (version_at(known, moment) if known else live[document_id]) == version",
         "return live[document_id] == version"),
    _one("a question as of a time is answered by any version that is kept", 0, "adapters.dynamodb.live_document_reader",
         "return (version_at(known, moment) if known else live[document_id]) == version",
         "return version in {entry.version for entry in known}"),
    _one("a version that was replaced answers without a time", 0, "adapters.dynamodb.live_document_reader",
         "pair in rows and live.get(pair[0]) == pair[1]", "pair in rows and pair[0] in live"),
    _one("a deletion leaves the record of what has answered", 4, "adapters.dynamodb.document_heads",
         '"SET live_version = :zero, publications = :none, deleted_at = :now"',
         '"SET live_version = :zero, publications = if_not_exists(publications, :none), deleted_at = :now"'),
    _one("what is taken out for a newer upload still answers for its time", 4, "adapters.dynamodb.document_heads",
         '"SET live_version = :zero, publications = :none", now',
         '"SET live_version = :zero, publications = if_not_exists(publications, :none)", now'),
    _one("a deletion leaves what has answered before", 4, "pipeline.documents.lifecycle",
         "        self._purge.history(head.document_id, before=head.latest_version)\n", ""),
    _one("a purge forgets the history", 4, "pipeline.documents.purge",
         "self._vectors.delete(history, sorted(kept), document_id=document_id)", "pass"),
    _one("a version that was replaced stays among what answers", 24, "pipeline.documents.history",
         "self._vectors.delete(collection, replaced)", "pass"),
    _one("a replaced version is purged and not kept", 0, "pipeline.documents.lifecycle",
         "if older.version in known_versions(head.publications) and older.version != head.live_version:", "if False:"),
    _one("versions are kept for ever", 0, "domain.versions",
         "        return publications[first:]", "        return publications"),
    _one("versions do not expire", 0, "pipeline.maintenance.repairs",
         "current is not None and current.due is None and self._reconciler.expire(current)", "False"),
    _one("a version expires while a rollback to it is on its way", 0, "pipeline.maintenance.repairs",
         "current is not None and current.due is None and", "current is not None and"),
    _one("a registration brings back what was forgotten", 0, "adapters.dynamodb.document_registry",
         'f"latest_version = :latest AND live_version = :live AND {AS_READ}"\n            put_head["Ex',
         'f"latest_version = :latest AND live_version = :live AND {AS_READ}".replace("forgotten =", "forgotten >=")\n'
         '            put_head["Ex'),
    _one("the time of a lost version is answered by the one before", 0, "domain.versions",
         "return tuple(Publication(0, entry.at) if entry.version == version else entry for entry in publications)",
         "return tuple(entry for entry in publications if entry.version != version)"),
    _one("what the history has lost is not put back", 24, "pipeline.maintenance.reconciler",
         "                    self._history.keep(head, number)\n", "                    pass\n"),
    _one("a reindex takes what was replaced for what answers", 28, "pipeline.jobs.backup_copy",
         "return {entry: period for entry, period in periods if period is not None}", "return {}"),
    _one("a change of model leaves the history behind", 28, "pipeline.jobs.reindex",
         "for number in {head.live_version, *known_versions(head.publications)}", "for number in {head.live_version}"),
    _one("a rollback does not see the upload that waits", 2, "pipeline.ingestion.rollback",
         "if self._intake.object_created(ObjectRef(head.bucket, keys.INCOMING + head.logical_key)) is not None:",
         "if False:"),
    _one("an upload that a rollback has overtaken is registered once more", 2, "pipeline.ingestion.registration",
         "if newest is not None and self._is_overtaken_by_rollback(newest, current.ref):", "if False:"),
    _one("attributes that come during a rollback bring back what it replaces", 2, "pipeline.ingestion.registration",
         "if wanted.attributes_alone and head and newest and _is_being_restored(newest, found.current.ref):",
         "if False:"),
    _one("a rollback brings back the old access list", 0, "pipeline.ingestion.new_versions",
         "            restores=target.version,\n",
         "            restores=target.version,\n            access_list=target.access_list,\n"),
    _one("a rollback embeds what nobody has an address of", 0, "pipeline.ingestion.restored_chunks",
         "        self._record_locations(document_id, number, old)\n", ""),
    _one("a rollback copies what it finds of the old chunks", 24, "pipeline.ingestion.restored_chunks",
         "if row is None or len(old) != row.chunk_count:", "if row is None:"),
]  # fmt: skip


_FUNCTION_OF: tuple[Callable[[Any], Any], ...] = (
    lambda found: found,
    lambda found: found.__func__,
    lambda found: found.fget,
    lambda found: found.__wrapped__,
)
"""What there is of a function itself, of a class or static method, of a property, of a function in a decorator."""


def _swap(old: Any, new: Any) -> Iterator[tuple[Any, types.CodeType]]:
    """Pairs of functions of a module or class and the code that they get."""
    for name, changed in vars(new).items():
        current = vars(old).get(name)
        for get in _FUNCTION_OF:
            try:
                function, replacement = get(current), get(changed)
            except AttributeError:
                continue
            if isinstance(function, types.FunctionType) and isinstance(replacement, types.FunctionType):
                yield function, replacement.__code__
        if isinstance(current, type) and isinstance(changed, type) and current.__module__ == changed.__module__:
            yield from _swap(current, changed)


@contextmanager
def planted(mutation: Mutation) -> Iterator[None]:
    """The code with the bug in it. Raises AssertionError where the text to change is not there exactly once."""
    undo: list[tuple[Any, types.CodeType]] = []
    texts: dict[str, str] = {}
    for name, old, new in mutation.changes:
        module = f"portfolio_rag.{name}"
        source = texts.setdefault(module, inspect.getsource(importlib.import_module(module)))
        assert source.count(old) == 1, f"{mutation.name}: {source.count(old)} times in {module}: {old}"
        texts[module] = source.replace(old, new)
    try:
        for module, source in texts.items():
            original = sys.modules[module]
            mutant = types.ModuleType(module)
            mutant.__dict__.update({"__file__": original.__file__, "replace": _replace})
            # dataclasses look their module up by name while they are made.
            sys.modules[module] = mutant
            try:
                exec(compile(source, original.__file__ or module, "exec"), mutant.__dict__)
            finally:
                sys.modules[module] = original
            original.__dict__.setdefault("replace", _replace)
            for function, code in _swap(original, mutant):
                if function.__code__ != code and function.__module__ == module:
                    undo.append((function, function.__code__))
                    function.__code__ = code
        assert undo, f"{mutation.name} changes nothing"
        yield
    finally:
        for function, code in undo:
            function.__code__ = code


def _replace(instance: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(instance, **changes)


# --- checks, by name


def run_check(name: str) -> None:
    """Raises whatever the check raises when it fails."""
    kind, _, rest = name.partition(" ")
    if kind == "schedule":
        from .schedule import Schedule

        Schedule(int(rest)).run()
    elif kind == "crash-point":
        from .test_crash_points import check_point

        scenario, number, fault = rest.rsplit(" ", 2)
        check_point(scenario, int(number), fault)
    else:
        module, _, test = rest.partition("::")
        _run_test(module, test)


def _run_test(module: str, test: str) -> None:
    from .world import World

    function: Callable[..., None] = getattr(importlib.import_module(module), test)
    with pytest.MonkeyPatch.context() as monkeypatch, TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        fixtures = {"world": World(), "monkeypatch": monkeypatch, "path": Path(folder) / "index.sqlite"}
        function(**{name: fixtures[name] for name in inspect.signature(function).parameters})


def checks() -> Iterator[str]:
    """Every check, the cheap ones first."""
    for module in TESTS:
        for name, function in vars(importlib.import_module(module)).items():
            if name.startswith("test_") and set(inspect.signature(function).parameters) <= FIXTURES:
                yield f"test {module}::{name}"
    from .test_crash_points import KINDS, SCENARIOS, calls_of

    for seed in range(1, 41):
        yield f"schedule {seed}"
    points = [(name, number) for name in SCENARIOS for number in range(calls_of(SCENARIOS[name]))]
    # Every ninth call first: a bug that shows at all mostly shows at many of them.
    for start in range(9):
        for name, number in points[start::9]:
            yield f"crash-point {name} {number} {KINDS[number % 2]}"
    for seed in range(41, SCHEDULES + 1):
        yield f"schedule {seed}"


def find(mutation: Mutation, names: Iterable[str]) -> str | None:
    """The first check that fails with the bug planted."""
    with planted(mutation):
        for name in names:
            try:
                run_check(name)
            except BaseException:
                return name
    return None


def describe(check: str) -> str:
    kind, _, rest = check.partition(" ")
    if kind == "schedule":
        return f"seeded schedule {rest} (`python -m tests.simulation 1 {rest}`)"
    if kind == "crash-point":
        scenario, number, fault = rest.rsplit(" ", 2)
        return f"crash point: {scenario}, call {number}, {fault}"
    module, _, test = rest.partition("::")
    return f"`{module.replace('.', '/')}.py::{test}`"


def table(caught: dict[str, str]) -> str:
    lines = [
        "# Planted bugs",
        "",
        "Each line is a bug that is planted into the real code, and the check that catches it. Written by",
        "`python -m tests.simulation.mutations`; `tests/simulation/test_mutations.py` plants each of them again.",
        "",
        "| Planted bug | Row of the failure catalogue | Where | Caught by |",
        "|---|---|---|---|",
    ]
    for mutation in MUTATIONS:
        where = ", ".join(dict.fromkeys(f"`{module}`" for module, _, _ in mutation.changes))
        lines.append(f"| {mutation.name} | {mutation.row} | {where} | {describe(caught[mutation.name])} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    install(pytest.MonkeyPatch())
    caught: dict[str, str] = json.loads(CAUGHT.read_text()) if CAUGHT.exists() else {}
    missed = []
    names = list(checks())
    for mutation in MUTATIONS:
        known = caught.get(mutation.name)
        if known is not None and still_caught(mutation, known):
            continue
        found = find(mutation, names)
        print(f"{mutation.name}: {found}", flush=True)
        if found is None:
            caught.pop(mutation.name, None)
            missed.append(mutation.name)
        else:
            caught[mutation.name] = found
        kept = {known.name: caught[known.name] for known in MUTATIONS if known.name in caught}
        CAUGHT.write_text(json.dumps(kept, indent=1) + "\n")
    if missed:
        print(f"NOT CAUGHT: {missed}")
        return 1
    TABLE.write_text(table(caught))
    return 0


def still_caught(mutation: Mutation, check: str) -> bool:
    with planted(mutation):
        try:
            run_check(check)
        except BaseException:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
