"""The failure catalogue over real sockets: a fault proxy before a real Chroma server and an OpenAI-compatible one.

The pipeline's handlers run on the models of S3, SQS and DynamoDB, whose clock is moved by hand: the ten minutes of an
outage pass in as many steps as they take, and the queues' own timers with them.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.main import create_app
from portfolio_rag.adapters.chroma.vector_store import ChromaVectorStore
from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.local.isolation import free_ports
from tests.simulation.fast import install
from tests.simulation.faults import Faulty
from tests.simulation.schedule import TEXTS
from tests.simulation.world import COLLECTION, World
from tests.support.api import client_of, fake_services
from tests.support.faultproxy import FaultProxy
from tests.support.openai_server import Server, says

# chromadb's own start-up warns about deprecations of its dependencies.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def chroma_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    [port] = free_ports(1)
    folder = tmp_path_factory.mktemp("chroma")
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def proxy(chroma_port: int) -> Iterator[FaultProxy]:
    ChromaVectorStore(f"http://127.0.0.1:{chroma_port}").drop(COLLECTION)
    with FaultProxy(chroma_port) as running:
        yield running


@pytest.fixture
def world(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> World:
    """The pipeline with a real Chroma behind the proxy; a stalled call is given up after one second, not thirty."""
    install(monkeypatch)
    world = World()
    world.container.vectors = Faulty("chroma", ChromaVectorStore(proxy.url, timeout=1.0), world.faults)
    return world


def windows(world: World) -> set[str]:
    return {id_ for id_, _ in world.container.vectors.page(COLLECTION, offset=0, limit=1000)}


def expected(world: World, document_id: str) -> set[str]:
    return {id_ for chunk in world.chunks(document_id) for id_ in chunk.window_ids}


@pytest.mark.failure(21)
def test_chroma_down_for_ten_minutes_loses_nothing(world: World, proxy: FaultProxy) -> None:
    document_id = world.upload("a.md", TEXTS["long"])
    world.step()
    world.step()
    proxy.set("down")
    ended = world.clock.time + timedelta(minutes=10)
    while world.clock.time < ended:
        while world.step():
            pass
        world.clock.advance(timedelta(minutes=1))
    assert world.live(document_id) == 0
    assert world.metrics.total("ChromaDBErrors") >= 1
    proxy.set("pass")
    world.run()
    assert world.version(document_id, 1).status is DocumentStatus.COMPLETED
    assert windows(world) == expected(world, document_id)
    assert max(world.embedder.embedded.values()) <= 2


@pytest.mark.failure(22)
@pytest.mark.parametrize("mode", ["lose", "stall", "cut", "reset"])
def test_an_answer_that_is_lost_after_the_commit_makes_no_duplicate(world: World, proxy: FaultProxy, mode: str) -> None:
    document_id = world.upload("a.md", TEXTS["long"])
    world.step()
    world.step()
    world.container.vectors.ensure(COLLECTION)
    proxy.set(mode, times=1, only=b"/upsert")
    world.run()
    assert proxy.faults == 1
    version = world.version(document_id, 1)
    assert (version.status, version.embedded_count) == (DocumentStatus.COMPLETED, version.chunk_count)
    assert windows(world) == expected(world, document_id)
    assert world.container.vectors.count(COLLECTION) == len(expected(world, document_id))


@pytest.mark.failure(39)
@pytest.mark.parametrize("mode", ["stall", "reset", "cut", "down"])
def test_a_language_model_that_does_not_answer_is_a_503_with_retry_after(world: World, mode: str) -> None:
    world.upload("a.md", TEXTS["long"])
    world.run()
    server = Server()
    server.replies = [says("An answer without any source [1].")] * 20
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with FaultProxy(server.server_address[1]) as proxy:
            model = OpenAIModel(
                "key", lambda: "gpt-4o-mini", base_url=f"{proxy.url}/v1", timeout_seconds=1.0, deadline_seconds=3.0
            )
            chat = Chat(world.container.retrieval, model, world.embedder, answerability_threshold=-1.0)
            proxy.set(mode)
            with client_of(create_app(services=replace(fake_services().api, chat=chat))) as client:
                response = client.post("/api/chat", json={"question": "Who keeps its messages?"})
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0
            assert "answer" not in response.json()
    finally:
        server.shutdown()
        server.server_close()
