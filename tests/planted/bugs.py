"""The bugs: what stands in a file of the project, and what stands there with the bug in it.

Those of the pipeline are in tests/simulation/mutations.py, those of Terraform in tests/terraform/plants.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """`module` below the root or src; `old` stands in it once. `tests` are to notice it: a file or one test."""

    name: str
    module: str
    old: str
    new: str
    tests: str


def _api(name: str, module: str, old: str, new: str, tests: str = "") -> Bug:
    return Bug(name, f"api.{module}", old, new, f"tests/unit/api/test_{tests or module}.py")


def _package(name: str, module: str, old: str, new: str, tests: str) -> Bug:
    return Bug(name, f"portfolio_rag.{module}", old, new, f"tests/unit/{tests}.py")


def _at(name: str, module: str, old: str, new: str, test: str) -> Bug:
    """With the very test that is to notice it."""
    return Bug(name, f"portfolio_rag.{module}", old, new, f"tests/{test}")


BUGS = [
    # Who is let in.
    _api(
        "a wrong key of the environment opens",
        "authentication",
        "caller = await run_sync(keyring.authenticate, given, limiter=self._lookups) if given else None",
        "caller = await run_sync(keyring.authenticate, given, limiter=self._lookups) or KEYLESS if given else None",
    ),
    _api(
        "other machines are answered while there is no key",
        "authentication",
        "return any(address in network for network in self._keyless_networks)",
        "return True",
    ),
    _api(
        "an address of IPv4 in IPv6 counts as near",
        "authentication",
        "address = address.ipv4_mapped\n",
        "return True\n",
    ),
    _api(
        "a bearer token is taken on every path",
        "authentication",
        "return path == MCP_PATH or path.startswith(OPENAI_PREFIX)",
        "return True",
    ),
    _api(
        "a password of the browser is taken on every path",
        "authentication",
        'if _is_docs(path) and kind.lower() == "basic":',
        'if kind.lower() == "basic":',
    ),
    _api(
        "the page of the API is open to all", "authentication", "(self._docs_open and _is_docs(path))", "_is_docs(path)"
    ),
    _api(
        "a path that begins as a public one is public",
        "authentication",
        "return path in PUBLIC_PATHS or",
        "return path.startswith(tuple(PUBLIC_PATHS)) or",
    ),
    _api(
        "a scope is not asked for",
        "authentication",
        "if not api_keys.permits(caller.scopes, api_keys.Scope(scope)):",
        "if False:",
    ),
    _api(
        "a rate is told and not held",
        "authentication",
        "return _too_fast(caller, wait, path) if wait else caller",
        "return caller",
    ),
    _api(
        "Retry-After of a rate is in milliseconds",
        "authentication",
        'headers={"Retry-After": str(wait)}',
        'headers={"Retry-After": str(wait * 1000)}',
    ),
    _package(
        "a revoked key opens",
        "domain.api_keys",
        "return self.revoked_at is None and (",
        "return (",
        "access/test_keyring",
    ),
    _package(
        "an expired key opens",
        "domain.api_keys",
        "(self.expires_at is None or now < self.expires_at)",
        "True",
        "api/test_authentication",
    ),
    _package(
        "any secret opens a key",
        "domain.api_keys",
        "return hmac.compare_digest(_hash(self.salt, secret), self.secret_hash)",
        "return True",
        "access/test_keyring",
    ),
    _package(
        "the salt of a key is not used",
        "domain.api_keys",
        'f"{salt}:{secret}".encode()',
        "secret.encode()",
        "access/test_keyring",
    ),
    _package(
        "write stands for read",
        "domain.api_keys",
        "return needed in held or Scope.ADMIN in held",
        "return needed in held or Scope.ADMIN in held or Scope.WRITE in held",
        "api/test_authentication",
    ),
    _package(
        "the last key that is revoked opens the API",
        "adapters.dynamodb.api_key_store",
        'FilterExpression="attribute_exists(secret_hash)", ConsistentRead=True)\n        with',
        'FilterExpression="attribute_exists(secret_hash) AND attribute_not_exists(revoked_at)",'
        " ConsistentRead=True)\n        with",
        "access/test_keyring",
    ),
    _package(
        "a rate is counted by each process",
        "access.limits",
        "free_at = self._store.take_turn(\n                caller.key_id,",
        "free_at = self._store.take_turn(\n                caller.key_id + str(id(self)),",
        "access/test_limits",
    ),
    _package(
        "a rate saves up over the minute",
        "adapters.dynamodb.api_key_store",
        '(":next", "attribute_not_exists(free_at) OR free_at <= :now", {":next": now + share, ":now": now})',
        '(":next", "attribute_not_exists(free_at)", {":next": now + share})',
        "access/test_limits",
    ),
    _package(
        "tokens of a day are never reset",
        "access.limits",
        "return now.date().isoformat()",
        'return "2026"',
        "api/test_authentication",
    ),
    _package(
        "a budget that is used up answers once more",
        "access.limits",
        "if used >= caller.tokens_per_day:",
        "if used > 2 * caller.tokens_per_day:",
        "api/test_authentication",
    ),
    _api("a stream that its client leaves is free", "metering", "if not counted:", "if False:", "authentication"),
    # What is seen.
    _package(
        "a tenant sees the folders of others",
        "domain.access",
        "if self.tenant is not None and tenant_of(logical_key) != self.tenant:",
        "if False:",
        "api/test_access_lists",
    ),
    _package(
        "an entry that allows goes before one that denies",
        "domain.access",
        "return mine == {Access.ALLOW}",
        "return Access.ALLOW in mine",
        "api/test_access_lists",
    ),
    _package(
        "without an entry a document is seen",
        "domain.access",
        "return mine == {Access.ALLOW}",
        "return Access.DENY not in mine",
        "api/test_access_lists",
    ),
    _package(
        "a tenant is no part of the filter",
        "domain.access",
        'members.append(Condition("equals", TENANT, self.tenant))',
        "pass",
        "domain/test_access",
    ),
    _package(
        "who is denied is no part of the filter",
        "domain.access",
        'members += [Condition("listNotContains", DENIED, one) for one in mine]',
        "pass",
        "domain/test_access",
    ),
    _api(
        "a chunk is shown of a document that is not seen",
        "visibility",
        "if not self.viewer.sees(found.document):",
        "if False:",
        "access_lists",
    ),
    _api(
        "a document that is not seen can be deleted",
        "visibility",
        "self._history(document_id)\n        self.services.documents.delete(document_id)",
        "pass\n        self.services.documents.delete(document_id)",
        "access_lists",
    ),
    _api(
        "a document that is not seen can be tried again",
        "visibility",
        "self._history(document_id)\n        return self.services.redrive.document(document_id)",
        "pass\n        return self.services.redrive.document(document_id)",
        "access_lists",
    ),
    _api(
        "an upload replaces a document that is not seen",
        "visibility",
        "if history.head.deleted_at is None and self._seen(history) is None:",
        "if False:",
        "access_lists",
    ),
    _api(
        "the file of a document that is not seen is given",
        "visibility",
        "history = self._history(document_id)\n        wanted",
        "history = self.services.documents.history(document_id)\n        wanted",
        "access_lists",
    ),
    _api("a page that was uploaded is shown as one", "files", "attachment; filename", "inline; filename"),
    _api(
        "an upload says itself what the browser takes it for",
        "files",
        'if version.file_type == "pdf" else OTHER_MEDIA_TYPE',
        'if version.file_type == "pdf" else f"text/{version.file_type}"',
    ),
    # The web page next door.
    _api("any host name is the API's", "origins", "return len(hosts) == 1 and (ANY in", "return True or (ANY in"),
    _api("two Host headers are fine", "origins", "return len(hosts) == 1 and (", "return bool(hosts) and ("),
    _api(
        "pages of the same site may change things",
        "origins",
        '_OWN_SITES: Final = ("same-origin", "none")',
        '_OWN_SITES: Final = ("same-origin", "same-site", "none")',
    ),
    _api(
        "a foreign Origin alone is no reason",
        "origins",
        "return origin is not None and not (hosts and _is_same_host(origin, hosts[0]))",
        "return False",
    ),
    _api(
        "another port of the same host is the same origin",
        "origins",
        "(given.hostname, given.port or default) == (own.hostname, own.port or default)",
        "given.hostname == own.hostname",
    ),
    _api("pages may send credentials", "main", "allow_credentials=False", "allow_credentials=True", "origins"),
    _package(
        "a foreign page reaches the emulator",
        "local.emulator_guard",
        "elif origin is not None and origin not in self._origins:",
        "elif False:",
        "local/test_emulator_guard",
    ),
    _package(
        "a page may read the emulator's buckets",
        "local.emulator_guard",
        'return method == "POST" and',
        "return",
        "local/test_emulator_guard",
    ),
    _package(
        "a name that ends as ours is the emulator's",
        "local.emulator_guard",
        'name.endswith(f".{known}")',
        "name.endswith(known)",
        "local/test_emulator_guard",
    ),
    # What a client may send and is told.
    _api(
        "a body that does not say its length may be of any size",
        "bodies",
        "if received > limit:",
        "if False:",
        "middleware",
    ),
    _api(
        "the largest upload is a gigabyte larger",
        "bodies",
        "FORM_OVERHEAD_BYTES: Final = 1024 * 1024",
        "FORM_OVERHEAD_BYTES: Final = 1024 * 1024 * 1024",
        "middleware",
    ),
    _api("a question holds its slot for ever", "admission", "self._under_way -= 1", "pass"),
    _api(
        "Retry-After of a full server is 5,000 s",
        "admission",
        "RETRY_AFTER_SECONDS: Final = 1\n",
        "RETRY_AFTER_SECONDS: Final = 5000\n",
    ),
    _api(
        "503 does not say when to come again",
        "problems",
        'headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))',
        "pass",
    ),
    _api(
        "an unexpected error tells its cause",
        "problems",
        'detail="Something unexpected happened. The log holds the cause under the request id."',
        "detail=repr(__import__('sys').exc_info()[1])",
    ),
    _api(
        "a request id of any form reaches the log",
        "middleware",
        "if _REQUEST_ID.fullmatch(given) else",
        "if given else",
    ),
    _api(
        "a path that was asked for stands in the log with its query",
        "middleware",
        '"path": path,\n                    "status"',
        '"path": path + "?" + scope["query_string"].decode("latin-1"),\n                    "status"',
    ),
    _api("types of files are guessed by browsers", "middleware", '    "X-Content-Type-Options": "nosniff",\n', ""),
    _api("answers may be kept by caches", "middleware", 'headers.setdefault("Cache-Control", "no-store")', "pass"),
    # What the stores are asked for.
    _package(
        "a presigned upload may be of any size",
        "adapters.aws.s3",
        '[["content-length-range", 1, max_bytes], *(',
        "[*(",
        "adapters/aws/test_presigned_uploads",
    ),
    _package(
        "a presigned upload may be empty",
        "adapters.aws.s3",
        '["content-length-range", 1, max_bytes]',
        '["content-length-range", 0, max_bytes]',
        "adapters/aws/test_presigned_uploads",
    ),
    _package(
        "health never asks Chroma",
        "composition.health_checks",
        "clients.vectors.ping()\n    live = clients.index_aliases.current().live\n"
        '    return f"Collection {live} holds {clients.vectors.count(live)} windows."',
        'return "Collection windows."',
        "composition/test_health_checks",
    ),
    _package(
        "a dependency that stalls stalls the health check",
        "pipeline.maintenance.dependency_health",
        "wait(running.values(), timeout=self._deadline_seconds)",
        "wait(running.values(), timeout=60)",
        "pipeline/maintenance/test_dependency_health",
    ),
    # Operations.
    _api(
        "a tenant is told what everybody does",
        "visibility",
        '    if not viewer.sees_everything:\n        raise Forbidden(f"The key {caller.name!r} sees some',
        '    if False:\n        raise Forbidden(f"The key {caller.name!r} sees some',
        "operations",
    ),
    _api(
        "whoever reads drives dead letters again",
        "routes.operations",
        'dependencies=needs(Scope.ADMIN),\n    operation_id="redrive_dead_letter",',
        'dependencies=needs(Scope.READ),\n    operation_id="redrive_dead_letter",',
        "authentication",
    ),
    _package(
        "a dead letter that is refused is removed all the same",
        "pipeline.maintenance.dead_letters",
        "                results.append(Redriven(letter, refusal=str(error)))\n                continue",
        "                results.append(Redriven(letter, refusal=str(error)))\n"
        "                done.append((found, letter))\n                continue",
        "pipeline/maintenance/test_dead_letters",
    ),
    _package(
        "a message of a version that is replaced is sent again",
        "pipeline.maintenance.dead_letters",
        "    if head.replaces(version.version):",
        "    if head.deleted_at is not None:",
        "pipeline/maintenance/test_dead_letters",
    ),
    _package(
        "what was looked at stays hidden",
        "adapters.aws.sqs",
        "            self._let_go(list(messages.values()))",
        "            pass",
        "adapters/aws/test_sqs",
    ),
    # What is kept of an answer, and for whom.
    _api(
        "a key rates and lists what another has asked",
        "routes.answers",
        "return None if Scope.ADMIN in caller.scopes else caller.key_id",
        "return None",
        "feedback",
    ),
    _api(
        "a stream ends without the id of its answer",
        "recording",
        "yield Done(self.record(event.answer)) if isinstance(event, Done) else event",
        "yield event",
        "feedback",
    ),
    _package(
        "a store that fails ends the log of answers",
        "answering.feedback.answer_log",
        "except Exception as error:",
        "except KeyError as error:",
        "answering/feedback/test_answer_log",
    ),
    _package(
        "an answer that has expired is listed until it is deleted",
        "adapters.dynamodb.answer_store",
        'FilterExpression=f"expires_at > :now{own}"',
        'FilterExpression=f"expires_at <> :now{own}"',
        "answering/feedback/test_answer_log",
    ),
    # What it costs.
    _at(
        "a month's first hours are taken for the whole of it",
        "costs.month",
        "max(self.elapsed, _RATE_HOURS)",
        "self.elapsed",
        "unit/costs/test_month.py::test_the_first_hours_of_a_month_are_taken_for_a_day",
    ),
    _at(
        "what AWS has counted is estimated all the same",
        "costs.month",
        "if line.price in billed:",
        "if False:",
        "unit/costs/test_month.py::test_the_sheet_made_by_hand",
    ),
    _at(
        "failed versions are left out of what is held",
        "costs.month",
        "            held_bytes += version.file_size\n            of_version",
        "            held_bytes += version.file_size if version.chunk_count else 0\n            of_version",
        "unit/costs/test_month.py::test_the_counts_are_those_of_the_registry",
    ),
    _at(
        "what was replaced counts among what answers",
        "costs.month",
        "if status is DocumentStatus.COMPLETED and not version.retired:",
        "if status is DocumentStatus.COMPLETED:",
        "unit/costs/test_month.py::test_the_counts_are_those_of_the_registry",
    ),
    _at(
        "counts of last month stand in the new one",
        "costs.month",
        "or _beginning(self._counted[0]) != _beginning(now)",
        "or False",
        "unit/costs/test_month.py::test_counts_of_a_month_s_last_minutes_do_not_stand_in_the_next",
    ),
    _at(
        "tokens of an unknown price are passed over in silence",
        "costs.month",
        "if used.prompt_tokens + used.completion_tokens and not self._price_of(model)",
        "if False",
        "unit/costs/test_month.py::test_the_notes_say_what_the_figures_lack",
    ),
    _at(
        "Chroma Cloud is billed as a machine of one's own",
        "domain.cost_lines",
        'if activity.own_chroma or not line.item.startswith("Chroma")',
        "",
        "unit/costs/test_month.py::test_the_notes_say_what_the_figures_lack",
    ),
    _at(
        "a large index is priced on the small machine",
        "domain.cost_lines",
        "self.windows <= 3 * WINDOWS_PER_CHROMA_GB",
        "True",
        "unit/costs/test_month.py::test_the_sheet_made_by_hand",
    ),
    _at(
        "a second task of the API costs nothing",
        "domain.cost_lines",
        "activity.tasks * hours * 2",
        "hours * 2",
        "unit/costs/test_month.py::test_the_sheet_made_by_hand",
    ),
    _at(
        "counts that cannot be written are lost",
        "costs.usage_recorder",
        "self._counts[month, model] = self._counts.get((month, model), ModelUsage()) + count",
        "pass",
        "unit/costs/test_usage_recorder.py::test_what_cannot_be_written_is_kept",
    ),
    _at(
        "the end of a process forgets what it has counted",
        "costs.usage_recorder",
        "self._writing.stop()\n        self.flush()",
        "self._writing.stop()",
        "unit/costs/test_usage_recorder.py::test_it_writes_by_itself_and_at_the_end",
    ),
    _at(
        "a duration in milliseconds is billed in seconds",
        "adapters.aws.cloudwatch",
        "total / 1000 * self._memory_gb[name]",
        "total * self._memory_gb[name]",
        "unit/adapters/aws/test_cloudwatch.py::test_what_aws_bills_is_summed_by_price",
    ),
    _at(
        "an estimate takes a job that was paused for a whole one",
        "pipeline.jobs.estimate",
        "and count(job) and job.budget_usd is None",
        "and count(job)",
        "unit/pipeline/jobs/test_estimate.py::test_the_time_is_that_of_the_last_jobs",
    ),
    _at(
        "an estimate forgets that some must be embedded",
        "pipeline.jobs.estimate",
        "                embedded += windows",
        "                copied += windows",
        "unit/pipeline/jobs/test_estimate.py::test_a_reindex_embeds_what_the_backup_lacks",
    ),
    _at(
        "an estimate takes sidecars for documents",
        "pipeline.jobs.estimate",
        "not keys.is_folder_marker(info.ref.key) and not keys.is_sidecar(info.ref.key)",
        "not keys.is_folder_marker(info.ref.key)",
        "unit/pipeline/jobs/test_estimate.py::test_an_incremental_counts_what_waits",
    ),
    _at(
        "a job does not stop at its budget",
        "pipeline.jobs.claim",
        "self._spent() >= self.job.budget_usd",
        "self.job.spent_usd >= 2 * self.job.budget_usd",
        "simulation/test_job_budgets.py::test_a_batch_stops_at_its_budget_and_goes_on_from_there",
    ),
    _at(
        "a job is resumed with a budget that is spent already",
        "pipeline.jobs.service",
        "if budget_usd is not None and budget_usd <= job.spent_usd:",
        "if False:",
        "simulation/test_job_budgets.py::test_only_a_paused_job_is_resumed_and_only_with_more",
    ),
    # What alarms watch.
    _at(
        "the alarm on waiting messages looks at the emptier queue",
        "pipeline.maintenance.monitor",
        "max(depth.visible for depth",
        "min(depth.visible for depth",
        "unit/pipeline/maintenance/test_monitor.py::test_the_queue_that_is_fullest_counts_with_what_waits_in_it",
    ),
    _at(
        "messages in work count as waiting",
        "pipeline.maintenance.monitor",
        "max(depth.visible for depth",
        "max(depth.visible + depth.in_flight for depth",
        "unit/pipeline/maintenance/test_monitor.py::test_in_peace_everything_is_nought",
    ),
    _at(
        "the failure rate is a share and no percentage",
        "pipeline.maintenance.monitor",
        "return 100.0 * ended",
        "return 1.0 * ended",
        "unit/pipeline/maintenance/test_monitor.py::test_the_failure_rate_is_a_percentage_of_what_has_ended",
    ),
    _at(
        "what was deleted on its way rings the alarm on failures",
        "pipeline.maintenance.monitor",
        "_NOT_A_FAILURE = {FailureReason.SUPERSEDED, FailureReason.DELETED}",
        "_NOT_A_FAILURE = {FailureReason.SUPERSEDED}",
        "unit/pipeline/maintenance/test_monitor.py::test_what_was_replaced_or_deleted_on_its_way_is_no_failure",
    ),
    _at(
        "an old failure keeps the alarm ringing",
        "pipeline.maintenance.monitor",
        '(version.processing_completed_at or "") >= since and',
        "",
        "unit/pipeline/maintenance/test_monitor.py::test_a_failure_of_an_earlier_period_does_not_keep_the_alarm_ringing",
    ),
    _at(
        "whatever is down rings the alarm on Chroma",
        "pipeline.maintenance.monitor",
        'if dependency.name == "chromadb"',
        'if dependency.name == "chromadb" or not dependency.healthy',
        "unit/pipeline/maintenance/test_monitor.py::test_only_chroma_that_is_down_counts_as_an_error_of_chroma",
    ),
    _at(
        "stuck documents are told of by how many were driven again",
        "pipeline.maintenance.monitor",
        "stuck=results[StuckDocuments.name].found",
        "stuck=results[StuckDocuments.name].repaired",
        "unit/pipeline/maintenance/test_monitor.py::test_dead_letters_and_stuck_documents_are_counted",
    ),
    _at(
        "a point that cannot be published fails the work",
        "adapters.aws.cloudwatch",
        "except (BotoCoreError, ClientError):\n            names",
        "except BotoCoreError:\n            names",
        "unit/adapters/aws/test_cloudwatch.py::test_a_point_that_is_lost_fails_nothing_and_is_named",
    ),
    # Traces, and one id from the upload to the vector.
    _at(
        "a message's work begins a trace of its own",
        "composition.lambda_events",
        'tracing.span("message", [delivery.traceparent],',
        'tracing.span("message", [],',
        "simulation/test_traces.py::test_one_trace_from_the_upload_to_the_vectors",
    ),
    _at(
        "a batch is linked with its first message alone",
        "adapters.process.tracing",
        "for parent in parents[1:] if",
        "for parent in parents[1:2] if",
        "simulation/test_traces.py::test_each_document_has_a_trace_of_its_own_and_a_batch_links_them",
    ),
    _at(
        "a registration forgets the trace of its upload",
        "pipeline.ingestion.registration",
        '"register", [_traced_by(found.current)],',
        '"register", [],',
        "simulation/test_traces.py::test_one_trace_from_the_upload_to_the_vectors",
    ),
    _at(
        "a search goes on in the index that a reindex has left",
        "answering.retrieval.search",
        "if answering != collection:\n                collection = self._checked(answering)\n            elif stale",
        "if stale",
        "unit/answering/retrieval/test_search.py",
    ),
    _at(
        "the question's text leaves in a span",
        "answering.retrieval.search",
        'tracing.span("retrieval", top_k=top_k,',
        'tracing.span("retrieval", query=query, top_k=top_k,',
        "simulation/test_traces.py::test_no_text_leaves_in_a_span",
    ),
    _at(
        "an upload by a presigned form has another id than its request",
        "adapters.aws.s3",
        'fields = {f"x-amz-meta-{name}": text for name, text in _metadata().items()}',
        "fields: dict[str, str] = {}",
        "simulation/test_correlation.py::test_an_upload_by_a_presigned_form_keeps_the_id_of_the_request_that_made_the_form",
    ),
    _at(
        "S3 refuses a presigned form, as its policy does not know the id",
        "adapters.aws.s3",
        "*({name: text} for name, text in fields.items())",
        "",
        "unit/adapters/aws/test_presigned_uploads.py::test_the_form_carries_the_id_of_its_request_and_no_other",
    ),
    _at(
        "an upload's id may be any text",
        "adapters.aws.s3",
        "sent_with = valid_correlation_id(metadata.get(CORRELATION_ID))",
        "sent_with = metadata.get(CORRELATION_ID)",
        "simulation/test_correlation.py::test_an_id_that_is_none_is_not_taken_over",
    ),
    _at(
        "a message loses the id of its document's request",
        "adapters.aws.sqs",
        "CORRELATION_ID: correlation_id(), ",
        "",
        "unit/adapters/aws/test_sqs.py::test_a_message_goes_by_the_id_of_the_work_that_sends_it",
    ),
    # Feedback.
    _at(
        "a write that comes late takes the feedback away",
        "adapters.dynamodb.answer_store",
        'self._table.create(_stored(record), "answer_id")',
        "self._table.put_many([_stored(record)])",
        "unit/answering/feedback/test_answer_log.py::test_a_write_that_comes_twice_leaves_the_feedback",
    ),
    _at(
        "an answer cannot be rated before it is written",
        "answering.feedback.feedback_service",
        "if not self._log.drain(_DRAIN_SECONDS):",
        "if True:",
        "unit/answering/feedback/test_answer_log.py::test_an_answer_is_rated_before_it_is_written",
    ),
    _at(
        "answers wait without end for a store that does not keep up",
        "answering.feedback.answer_log",
        "len(self._waiting) >= _MAX_WAITING or",
        "",
        "unit/answering/feedback/test_answer_log.py::test_what_cannot_be_written_in_time_is_let_go",
    ),
    _at(
        "a comment may be of any length",
        "answering.feedback.feedback_service",
        "if len(comment) > MAX_COMMENT_CHARACTERS:",
        "if False:",
        "unit/answering/feedback/test_answer_log.py::test_a_comment_has_its_bound",
    ),
    _at(
        "a page of one's own ends with the first of others",
        "adapters.dynamodb.answer_store",
        "if not last or len(records) == limit:",
        "if True:",
        "unit/answering/feedback/test_answer_log.py::test_a_page_of_one_s_own_is_filled_over_those_of_others",
    ),
    _at(
        "a refusal that was liked is exported as a question to be answered",
        "cli.feedback",
        'entry["expect"] = "refusal"',
        'entry["expect"] = "answer"',
        "unit/cli/test_feedback.py::test_what_is_known_of_an_answer_becomes_what_is_expected_of_it",
    ),
    _at(
        "the first word on a question counts, and not the last",
        "cli.feedback",
        "decisive = max(rated,",
        "decisive = min(rated,",
        "unit/cli/test_feedback.py::test_a_question_is_exported_once_by_the_last_word_on_it",
    ),
    # Questions as of a time.
    _at(
        "a question as of a time leaves out what the replica has not read yet",
        "answering.retrieval.vector_search",
        "if where is None or matches(where, metadata):",
        "if where is None:",
        "unit/answering/retrieval/test_history_search.py::test_of_a_document_that_the_replica_has_not_read_yet_chroma_tells_when_it_was_uploaded",
    ),
    _at(
        "a window counts although a nearer one may be unknown",
        "answering.retrieval.history_search",
        "floor = max(live.floor, replaced.floor)",
        "floor = min(live.floor, replaced.floor)",
        "unit/answering/retrieval/test_history_search.py::test_what_is_found_is_what_brute_force_finds",
    ),
    _at(
        "what was replaced is not asked further",
        "answering.retrieval.history_search",
        "elif replaced.floor > NO_MORE and asked < MOST:",
        "elif False:",
        "unit/answering/retrieval/test_history_search.py::test_what_is_found_is_what_brute_force_finds",
    ),
    _at(
        "a filter is not asked of what was replaced",
        "answering.retrieval.history_search",
        "and matches(question.where, attributes[window.id])",
        "",
        "unit/answering/retrieval/test_history_search.py::test_what_is_found_is_what_brute_force_finds",
    ),
    Bug(
        "a question by OpenAI's protocol is answered from now whatever time it names",
        "api.openai_answers",
        "asked.filter, asked.as_of, asked.document_id",
        "asked.filter, None, asked.document_id",
        "tests/unit/api/test_versions.py::test_as_of_of_openais_clients",
    ),
    Bug(
        "an answer by OpenAI's protocol does not say when it is from",
        "api.schemas.completions",
        "as_of=answer.as_of",
        'as_of=""',
        "tests/unit/api/test_versions.py::test_an_answer_to_openais_clients_says_with_which_time_it_is_asked_again",
    ),
]
