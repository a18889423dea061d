"""Under more load than the server takes: some are turned away at once, nobody waits without bound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from api.main import create_app
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings
from tests.support.api import QUESTION, FakeServices, fake_services
from tests.support.serving import serving
from tests.unit.api.test_problems import assert_problem

LIMIT = 32
PATIENCE = 60.0

BODIES: dict[str, dict[str, Any]] = {
    "/api/chat": {"question": QUESTION},
    "/api/search": {"query": QUESTION},
    "/v1/chat/completions": {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}]},
    "/v1/responses": {"model": "portfolio-rag", "input": QUESTION},
}


class Gate:
    """Holds every question that has reached the services until it is opened."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)
        self._opened = threading.Event()

    def hold(self) -> None:
        self._arrived.release()
        assert self._opened.wait(PATIENCE)

    def wait_for(self, questions: int) -> None:
        for _ in range(questions):
            assert self._arrived.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def services(gate: Gate) -> FakeServices:
    """Whose questions, as those on a slow model or a slow Chroma, block the thread that works on them."""
    services = fake_services()
    chat, retrieval = services.chat, services.retrieval
    answer, stream, search = chat.answer, chat.stream, retrieval.search

    def held_answer(*arguments: Any, **options: Any) -> Any:
        gate.hold()
        return answer(*arguments, **options)

    def held_stream(*arguments: Any, **options: Any) -> Iterator[Any]:
        gate.hold()
        yield from stream(*arguments, **options)

    def held_search(*arguments: Any, **options: Any) -> Any:
        gate.hold()
        return search(*arguments, **options)

    chat.answer, chat.stream, retrieval.search = held_answer, held_stream, held_search  # type: ignore[method-assign]
    return services


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", sorted(BODIES))
def test_beyond_the_limit_questions_are_turned_away_while_the_rest_of_the_api_answers(
    path: str, stream: bool, services: FakeServices, gate: Gate
) -> None:
    body = BODIES[path] | ({"stream": True} if stream and path != "/api/search" else {})
    with (
        serving(create_app(services=services.api)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE, limits=httpx.Limits(max_connections=100)) as client,
        ThreadPoolExecutor(LIMIT) as pool,
    ):
        try:
            under_way = [pool.submit(client.post, path, json=body) for _ in range(LIMIT)]
            gate.wait_for(LIMIT)
            # All are being worked on at once, and the event loop is free: it takes and answers what else comes.
            assert client.get("/api/live").status_code == 200
            assert client.get("/api/jobs").status_code == 200
            assert client.get("/api/health").status_code == 200
            refused = client.post(path, json=body)
        finally:
            gate.open()
        assert [one.result().status_code for one in under_way] == [200] * LIMIT
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "1"
        if path.startswith("/api/"):
            assert_problem(refused, 429, "too_many_requests")
        else:
            assert refused.json()["error"]["type"] == "rate_limit_error"
        # Each gave its slot back.
        assert client.post(path, json=body).status_code == 200


def test_openais_client_knows_the_refusal_and_asks_again(services: FakeServices, gate: Gate) -> None:
    app = create_app(services=services.api, settings=Settings(api_max_concurrent_questions=1))
    with serving(app) as url, ThreadPoolExecutor(2) as pool, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        messages: list[Any] = BODIES["/v1/chat/completions"]["messages"]
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as impatient:
            first = pool.submit(client.post, "/api/search", json=BODIES["/api/search"])
            gate.wait_for(1)
            with pytest.raises(openai.RateLimitError, match="already"):
                impatient.chat.completions.create(model="portfolio-rag", messages=messages)
            gate.open()
            assert first.result().status_code == 200
            assert impatient.chat.completions.create(model="portfolio-rag", messages=messages).choices


def test_a_question_that_fails_gives_its_slot_back(services: FakeServices, gate: Gate) -> None:
    gate.open()
    services.retrieval.error = RuntimeError("broken")
    app = create_app(services=services.api, settings=Settings(api_max_concurrent_questions=1))
    with serving(app) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        for _ in range(3):
            assert client.post("/api/search", json=BODIES["/api/search"]).status_code == 500


@pytest.mark.parametrize("value", ["0", "41"])
def test_the_limit_leaves_threads_to_the_rest(value: str) -> None:
    with pytest.raises(ConfigurationError, match="API_MAX_CONCURRENT_QUESTIONS must be between 1 and 40"):
        Settings.from_env({"API_MAX_CONCURRENT_QUESTIONS": value})
