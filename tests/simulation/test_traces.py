"""From upload to vector, and from question to answer, in one trace each, as a collector gets it by OTLP."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from portfolio_rag.adapters.process.tracing import configure_tracing
from portfolio_rag.domain import tracing
from tests.simulation.schedule import text_of
from tests.simulation.world import World
from tests.support.api import QUESTION, FakeServices, client_of, fake_services
from tests.support.collector import Collector, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        configure_tracing(f"{collector.url}/", "the-service")
        yield collector
        tracing.install(None)


def upload(world: World, name: str, text: str) -> str:
    return world.container.documents.upload(name, io.BytesIO(text.encode())).document_id


def test_one_trace_from_the_upload_to_the_vectors(world: World, collector: Collector) -> None:
    document_id = upload(world, "a.md", text_of("a", 3))
    world.run()
    tracing.flush()
    assert collector.paths == {"/v1/traces"}
    (stored,) = collector.named("store vectors")
    path = collector.ancestors(stored)
    assert path == ["upload", "register", "message", "chunk", "message", "store vectors"]
    trace = [span for span in collector.spans if span.trace == stored.trace]
    assert {span.name for span in trace} >= {"extract", "embed", "back up vectors"}
    assert {span.service for span in trace} == {"the-service"}
    assert {span.attributes.get("document_id") for span in trace if span.name != "batch"} <= {document_id, None}


def test_each_document_has_a_trace_of_its_own_and_a_batch_links_them(world: World, collector: Collector) -> None:
    for name in ("a", "b", "c"):
        upload(world, f"{name}.md", text_of(name, 1))
    for _ in range(30):
        world.step()
    world.run()
    tracing.flush()
    uploads = collector.named("upload")
    assert len({span.trace for span in uploads}) == 3
    assert {collector.ancestors(span)[0] for span in collector.named("extract")} == {"upload"}
    known = {span.id for span in collector.spans}
    for batch in collector.named("batch"):
        assert len(batch.linked) == int(batch.attributes["messages"]) - 1
        assert set(batch.linked) <= known


def test_what_comes_past_the_api_begins_its_trace_with_the_registration(world: World, collector: Collector) -> None:
    world.upload("a.md", text_of("a", 1))
    world.run()
    tracing.flush()
    (stored,) = collector.named("store vectors")
    assert collector.ancestors(stored) == ["register", "message", "chunk", "message", "store vectors"]


def test_one_trace_from_the_question_to_the_answer(world: World, collector: Collector) -> None:
    world.upload("a.md", "# Queues\n\nAmazon SQS keeps a message for four days by default.\n")
    world.run()
    with tracing.span("request"):
        world.container.chat.answer("How long does Amazon SQS keep a message by default?")
    tracing.flush()
    (retrieval,) = collector.named("retrieval")
    names = {span.name for span in collector.spans if span.trace == retrieval.trace}
    assert names >= {"request", "retrieval", "embed question", "candidates", "live passages"}
    assert collector.ancestors(collector.named("embed question")[0]) == ["request", "retrieval", "embed question"]


def test_no_text_leaves_in_a_span(world: World, collector: Collector) -> None:
    upload(world, "a.md", "# Queues\n\nThe word xylophone-4711 is in this document.\n")
    world.run()
    with tracing.span("request"):
        world.container.chat.answer("Who knows the word xylophone-4711?")
    tracing.flush()
    assert "xylophone" not in str(collector.spans)


@pytest.fixture
def services() -> FakeServices:
    return fake_services()


@pytest.fixture
def client(services: FakeServices) -> Iterator[TestClient]:
    with client_of(create_app(services=services.api)) as client:
        yield client


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_goes_on_with_its_caller_s_trace(client: TestClient, collector: Collector, stream: bool) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    sent = {"traceparent": f"00-{trace}-{parent}-01"}
    assert client.post("/api/chat", json={"question": QUESTION, "stream": stream}, headers=sent).is_success
    assert client.get("/api/live", headers={"traceparent": "nonsense"}).is_success
    tracing.flush()
    asked, live = collector.named("request")
    assert (asked.trace, asked.parent) == (trace, parent)
    assert asked.attributes == {"method": "POST", "path": "/api/chat"}
    assert live.parent == ""
    assert live.trace != trace


def test_a_stream_s_span_ends_with_the_model_s_last_word(collector: Collector) -> None:
    def words() -> Iterator[str]:
        with tracing.ending(tracing.begin("language model", model="m")):
            yield "one"
            yield "two"

    with tracing.span("request"):
        assert list(words()) == ["one", "two"]
    tracing.flush()
    assert collector.ancestors(collector.named("language model")[0]) == ["request", "language model"]


def test_off_there_is_nothing(world: World) -> None:
    configure_tracing("", "the-service")
    assert tracing.traceparent() is None
    with tracing.span("anything", ["00-x"], number=1), tracing.ending(tracing.begin("more")):
        upload(world, "a.md", text_of("a", 1))
    tracing.flush()
    assert all("traceparent" not in version.metadata for versions in world.s3.objects["portfolio-raw"].values()
               for version in versions)  # fmt: skip


def test_a_process_without_opentelemetry_says_so_and_works(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING):
        configure_tracing("http://127.0.0.1:9", "the-service")
    assert "portfolio-rag[tracing]" in caplog.text
    assert tracing.traceparent() is None


def test_a_collector_that_is_away_costs_no_document(world: World) -> None:
    configure_tracing("http://127.0.0.1:9", "the-service")
    try:
        document_id = upload(world, "a.md", text_of("a", 1))
        world.run()
        assert world.live(document_id) == 1
    finally:
        tracing.install(None)
