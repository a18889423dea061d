"""Documents that take the processor several invocations end as those do that take one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion, Progress
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.messages import IngestionMessage
from portfolio_rag.pipeline.documents.staging import STAGING
from portfolio_rag.pipeline.ingestion import processing
from portfolio_rag.pipeline.ingestion.processing import MAX_STEPS
from portfolio_rag.text.extraction.worker import Pages
from tests.simulation.fast import install
from tests.simulation.faults import Crash
from tests.simulation.schedule import text_of
from tests.simulation.test_crash_points import KINDS
from tests.simulation.world import CONFIG, EMBEDDING, EMBEDDINGS, INGESTION, RAW, World

KEY = "book.md"
DOCUMENT = document_id_for(RAW, KEY)
TEXT = text_of("book", 60) + "\n\n## More\n\n" + text_of("more", 30) + "\n\n## Least\n\nThe end.\n"
REPORT = document_id_for(RAW, "report.pdf")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def pdf() -> bytes:
    """Five pages without a library: each its own content stream, and a font that needs no file."""
    pages = [[f"Page {n} line {row} tells of queue {row} and its messages." for row in range(12)] for n in range(1, 6)]
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for rows in pages:
        lines = "".join(f"BT /F1 11 Tf 72 {700 - 14 * n} Td ({row}) Tj ET\n" for n, row in enumerate(rows))
        objects.append(f"<</Length {len(lines)}>>stream\n{lines}\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    )
    return out.encode()


def fan_out(world: World, key: str, body: bytes | str) -> int:
    """Upload, and let the processor work until it has sent all; how many invocations that took."""
    world.upload(key, body)
    world.step()
    invocations = 0
    while world.sqs.visible(INGESTION):
        world._deliver_batch(INGESTION)
        invocations += 1
        assert invocations < 1000
    return invocations


def chunks_of(world: World, document_id: str) -> list[tuple[object, ...]]:
    return [
        (chunk.chunk_id, chunk.span, chunk.windows, chunk.heading_path, chunk.page_start, chunk.page_end)
        for chunk in world.chunks(document_id)
    ]


def staged(world: World) -> list[str]:
    return [info.ref.key for info in world.container.store.list(EMBEDDINGS, STAGING)]


@pytest.mark.parametrize(("key", "body"), [(KEY, TEXT.encode()), ("report.pdf", pdf())])
def test_the_chunks_are_those_of_a_document_in_one_go(key: str, body: bytes) -> None:
    whole, hurried = World(), World(hurried=True)
    for world in (whole, hurried):
        world.upload(key, body)
        world.run()
        world.check()
    document_id = document_id_for(RAW, key)
    assert hurried.version(document_id, 1).steps > 4
    assert whole.version(document_id, 1).progress is None
    assert chunks_of(hurried, document_id) == chunks_of(whole, document_id)
    assert not staged(hurried)


def test_more_invocations_than_a_message_has_attempts_are_no_failure() -> None:
    world = World(hurried=True)
    assert fan_out(world, KEY, TEXT) > 3
    world.run()
    assert world.version(DOCUMENT, 1).status is DocumentStatus.COMPLETED
    assert not world.sqs.queues["portfolio-ingestion-dlq"].messages
    assert not staged(world)


def test_a_part_of_a_section_is_not_sent_twice() -> None:
    world = World(hurried=True)
    fan_out(world, KEY, TEXT)
    world.run()
    indexes = [chunk.chunk_index for chunk in world.chunks(DOCUMENT)]
    assert indexes == list(range(len(indexes)))
    assert len(indexes) > 20
    starts = [chunk.span[0] for chunk in world.chunks(DOCUMENT)]
    assert starts == sorted(set(starts))


@pytest.mark.failure(8, 9)
def test_nothing_is_complete_before_the_last_chunk_is_cut() -> None:
    world = World(hurried=True)
    world.upload(KEY, TEXT)
    world.step()
    counts = set()
    while world.sqs.visible(INGESTION):
        world._deliver_batch(INGESTION)
        waiting = [*world.sqs.visible(INGESTION)]
        while world.sqs.visible(EMBEDDING):
            world._deliver_batch(EMBEDDING)
        version = world.version(DOCUMENT, 1)
        assert (version.status is DocumentStatus.COMPLETED) == (not waiting)
        assert (version.chunk_count is None) == bool(waiting)
        counts.add(version.embedded_count)
    assert len(counts) > 3
    world.run()
    world.check()
    assert world.live(DOCUMENT) == 1


@pytest.mark.failure(34, 37)
def test_a_message_of_an_earlier_step_does_nothing() -> None:
    world = World(hurried=True)
    world.upload(KEY, TEXT)
    world.step()
    world._deliver_batch(INGESTION)
    world._deliver_batch(INGESTION)
    late = world.sqs.queues[INGESTION].messages[0].body
    world._deliver_batch(INGESTION)
    waiting = len(world.sqs.queues[INGESTION].messages), len(world.sqs.queues[EMBEDDING].messages)
    world.container.ingestion_queue.send([late])
    message = world.sqs.queues[INGESTION].messages.pop()
    world.sqs.queues[INGESTION].messages.insert(0, message)
    event = world.sqs.receive(INGESTION, [message])
    world.sqs.acknowledge(INGESTION, [message], world.invoke("document_processor", event))
    assert (len(world.sqs.queues[INGESTION].messages), len(world.sqs.queues[EMBEDDING].messages)) == waiting
    world.run()
    world.check()


@pytest.mark.failure(1, 37)
def test_doubled_messages_neither_lose_nor_multiply() -> None:
    once, doubled = World(hurried=True), World(hurried=True)
    steps = fan_out(once, KEY, TEXT)
    doubled.upload(KEY, TEXT)
    doubled.step()
    deliveries = 0
    while doubled.sqs.visible(INGESTION):
        queue = doubled.sqs.queues[INGESTION]
        doubled.container.ingestion_queue.send([message.body for message in queue.messages[:2]])
        for message in list(queue.messages):
            event = doubled.sqs.receive(INGESTION, [message])
            doubled.sqs.acknowledge(INGESTION, [message], doubled.invoke("document_processor", event))
        deliveries += 1
        assert deliveries < 50
    assert doubled.version(DOCUMENT, 1).steps == steps - 1
    doubled.run()
    doubled.check()


@pytest.mark.failure(7, 9, 34)
def test_a_pdf_survives_a_failure_of_every_call_without_help() -> None:
    """check-health never runs here: the queue alone brings the document on its way."""
    whole = World()
    whole.upload("report.pdf", pdf())
    whole.run()
    total = calls_of_pdf(World(hurried=True))
    for number in range(total):
        kind = KINDS[number % len(KINDS)]
        world = World(hurried=True)
        world.faults.plan = {number: kind}
        calls_of_pdf(world)
        version = world.version(REPORT, 1)
        assert version.status is DocumentStatus.COMPLETED, f"{kind} {number}"
        assert chunks_of(world, REPORT) == chunks_of(whole, REPORT), f"{kind} {number}"


def calls_of_pdf(world: World) -> int:
    world.upload("report.pdf", pdf())
    world.run()
    return world.faults.calls


def test_a_step_without_progress_ends_the_document_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    world = World(hurried=True)
    monkeypatch.setattr(processing, "extract_in_ranges", lambda *args, first_page, seconds: Pages(b"", 2, False))
    world.upload("report.pdf", pdf())
    world.run(max_steps=50)
    version = world.version(REPORT, 1)
    assert (version.status, version.error_code) == (DocumentStatus.FAILED, FailureReason.LIMIT_EXCEEDED)
    assert "Split it into parts" in (version.error_message or "")
    assert not staged(world)


def test_steps_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    world = World(hurried=True)
    monkeypatch.setattr(
        processing, "extract_in_ranges", lambda *args, first_page, seconds: Pages(b"", first_page + 1, False)
    )
    world.upload("report.pdf", pdf())
    world.run(max_steps=2 * MAX_STEPS)
    version = world.version(REPORT, 1)
    assert (version.error_code, version.steps) == (FailureReason.LIMIT_EXCEEDED, MAX_STEPS)
    assert not staged(world)


@pytest.mark.failure(3, 4)
@pytest.mark.parametrize("ending", ["deleted", "replaced", "failed"])
def test_what_is_staged_goes_with_the_version(ending: str) -> None:
    world = World(hurried=True)
    world.upload(KEY, TEXT)
    for _ in range(4):
        world.step()
    assert staged(world)
    if ending == "deleted":
        world.container.documents.delete(DOCUMENT)
    elif ending == "replaced":
        world.upload(KEY, "# Another\n\nShort text.")
    else:
        version = world.version(DOCUMENT, 1)
        world.container.processor.record_failure(IngestionMessage.of(version), RuntimeError("gone"))
    world.run()
    assert not staged(world)
    world.rest()
    world.check()


def test_what_a_late_worker_stages_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    world = World(hurried=True)
    world.upload(KEY, TEXT)
    world.run()
    world.s3.put_object(Bucket=EMBEDDINGS, Key=f"{STAGING}{DOCUMENT}/1/text", Body=b"late")
    world.rest()
    world.check()


def test_rules_that_change_meanwhile_wait_for_the_next_document() -> None:
    whole, world = World(), World(hurried=True)
    whole.upload(KEY, TEXT)
    whole.run()
    world.upload(KEY, TEXT)
    for _ in range(4):
        world.step()
    rules = {"chunk_size_tokens": 100, "chunk_overlap_tokens": 0}
    world.s3.put_object(Bucket=CONFIG, Key="ingestion-rules/default.json", Body=json.dumps(rules).encode())
    world.container.config._cache.clear()
    world.run()
    world.check()
    assert chunks_of(world, DOCUMENT) == chunks_of(whole, DOCUMENT)


@pytest.mark.failure(30)
def test_a_document_whose_message_is_lost_goes_on_where_it_was() -> None:
    world = World(hurried=True)
    world.upload("report.pdf", pdf())
    for _ in range(4):
        world.step()
    reached = world.version(REPORT, 1).progress
    assert reached is not None
    world.sqs.queues[INGESTION].messages.clear()
    world.run()
    world.clock.advance(timedelta(minutes=31))
    world.attempt("check_health", {})
    (message,) = world.sqs.queues[INGESTION].messages
    assert IngestionMessage.from_json(message.body).progress == reached
    world.run()
    world.check()
    assert world.live(REPORT) == 1


def test_a_crash_after_a_step_is_counted_costs_no_wait() -> None:
    """No minute of check-health's: whatever is counted has sent its message."""
    world = World(hurried=True)
    world.upload(KEY, TEXT)
    world.step()
    advance = world.container.registry.record_progress

    def crash(version: DocumentVersion, progress: Progress, now: str) -> None:
        advance(version, progress, now)
        raise Crash("the step is counted")

    world.container.registry.record_progress = crash  # type: ignore[method-assign]
    event = world.sqs.receive(INGESTION, world.sqs.queues[INGESTION].messages)
    with pytest.raises(Crash):
        world.invoke("document_processor", event)
    world.run()
    assert world.live(DOCUMENT) == 1


def test_a_message_carries_its_progress() -> None:
    progress = Progress(3, (120, 300), True, (7, 1234), 40)
    message = IngestionMessage("d", 1, 1, "b", "incoming/k", "v", progress)
    assert IngestionMessage.from_json(message.to_json()) == message
    assert "progress" not in IngestionMessage("d", 1, 1, "b", "incoming/k", "v").to_json()
