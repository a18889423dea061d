"""One id from the upload to the answer's document, on every log line of every function."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from portfolio_rag.adapters.process.json_logs import LogContextFilter, RedactingFormatter
from portfolio_rag.domain.jobs import JobType
from portfolio_rag.domain.log_context import log_context, valid_correlation_id
from tests.simulation.schedule import text_of
from tests.simulation.world import RAW, World

FUNCTIONS = {
    "document_intake": "portfolio_rag.pipeline.ingestion.registration",
    "document_processor": "portfolio_rag.pipeline.ingestion.processing",
    "embedding_generator": "portfolio_rag.pipeline.ingestion.embedding",
}


@pytest.fixture
def lines() -> Iterator[list[dict[str, str]]]:
    """What the functions write, as CloudWatch gets it."""
    output, written = io.StringIO(), []

    class Kept(logging.StreamHandler[io.StringIO]):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(self.format(record)))

    handler = Kept(output)
    handler.setFormatter(RedactingFormatter([]))
    handler.addFilter(LogContextFilter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def correlation_of(world: World, document_id: str, version: int = 1) -> str | None:
    return world.version(document_id, version).correlation_id


def test_a_document_that_goes_well_leaves_a_line_in_each_function(world: World, lines: list[dict[str, str]]) -> None:
    document_id = world.upload("a.md", text_of("a", 3))
    world.upload("b.md", text_of("b", 1))
    world.run()
    ids = {correlation_of(world, document_id)}
    assert None not in ids
    about = [line for line in lines if line.get("document_id") == document_id]
    assert {line["name"] for line in about} >= set(FUNCTIONS.values())
    assert {line["correlation_id"] for line in about} == ids


def test_every_line_of_the_pipeline_about_a_document_names_it(world: World, lines: list[dict[str, str]]) -> None:
    """Good ones, refused ones, replaced ones, deleted ones, those that came twice."""
    for text in ("one", "two"):
        world.upload("a.md", text_of(text, 1))
        world.run()
    world.upload("a.md", text_of("two", 1))
    world.upload("picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    world.upload("empty.md", "")
    world.run()
    world.rest()
    pipeline = [line for line in lines if line["name"].startswith("portfolio_rag.pipeline.ingestion")]
    assert len(pipeline) > 8
    assert not [line for line in pipeline if not line.get("document_id") or not line.get("correlation_id")]


def test_an_upload_through_the_api_keeps_the_request_s_id(world: World, lines: list[dict[str, str]]) -> None:
    with log_context(correlation_id="request-4711"):
        receipt = world.container.documents.upload("a.md", io.BytesIO(text_of("a", 1).encode()))
    world.notifications.clear()
    world.rest()  # Its event never came: check-health has found it.
    assert correlation_of(world, receipt.document_id) == "request-4711"
    about = [line for line in lines if line.get("document_id") == receipt.document_id]
    embedded = [line for line in about if line["name"] == FUNCTIONS["embedding_generator"]]
    assert {line["correlation_id"] for line in embedded} == {"request-4711"}


@pytest.mark.parametrize("sent", ["", "a b", 'x"; DROP', "é", "a" * 129, "line\nfeed"])
def test_an_id_that_is_none_is_not_taken_over(world: World, sent: str) -> None:
    assert valid_correlation_id(sent) is None
    world.s3.put_object(Bucket=RAW, Key="incoming/a.md", Body=b"# A\n\nText.\n", Metadata={"correlation-id": sent})
    world.run()
    (version,) = world.container.registry.list_by_status("COMPLETED", limit=1).items  # type: ignore[arg-type]
    assert version.correlation_id not in (None, sent)


def test_what_a_job_takes_in_again_goes_by_the_job_s_id(world: World) -> None:
    document_id = world.upload("a.md", text_of("a", 1))
    world.rest()
    job_id = world.start_job(JobType.BATCH)
    world.rest()
    assert correlation_of(world, document_id, 1) != job_id
    assert correlation_of(world, document_id, 2) == job_id


def test_a_message_that_is_sent_anew_keeps_its_id(world: World, lines: list[dict[str, str]]) -> None:
    document_id = world.upload("a.md", text_of("a", 1))
    world.chroma.down = True
    for _ in range(200):
        if not world.step():
            following = world.sqs.next_visible_at()
            if following is None:
                break
            world.clock.time = following
        if any("earlier_tries" in str(message.attributes) for q in world.sqs.queues.values() for message in q.messages):
            break
    world.chroma.down = False
    world.rest()
    about = [line for line in lines if line.get("document_id") == document_id]
    assert {line["correlation_id"] for line in about} == {correlation_of(world, document_id)}
