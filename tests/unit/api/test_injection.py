"""Documents that give orders, a model that follows them, and every way in: nothing of it comes past the check.

The model is a server that speaks OpenAI's protocol and does what the documents say. What a reader is shown, as a whole
or as it streams, holds none of it; that a model says it, and that it was dropped, is in the validation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.text.extraction.sanitise import clean_prose
from tests.support.answers import Corpus
from tests.support.api import client_of, fake_services
from tests.support.injections import FACT, INJECTIONS, QUESTION, Injection
from tests.support.openai_server import ObedientServer, running

_BY_MARK = {injection.mark: injection for injection in INJECTIONS}
LONGEST = "The longest time is 14 days"
_DOCUMENT = re.compile(r'<document number="(\d+)">(.*?)</document>', re.DOTALL)


def obey(prompt: str) -> str:
    """What is true of the documents, and what the injected one asks for between it, with that document's number."""
    true, asked = [], []
    for number, body in _DOCUMENT.findall(prompt):
        true += [f"{fact} [{number}]." for fact in (FACT, LONGEST) if fact in body]
        asked += [
            f"{_BY_MARK[mark].payload.say.rstrip('.!')} [{number}]." for mark in re.findall(r"Reference QX\d+\.", body)
        ]
    return "\n".join([*true[:1], *asked, *true[1:]])


class Answering:
    """The API over one corpus after the other: what is asked is answered by the real chat."""

    def __init__(self, url: str, prompts: list[str]) -> None:
        self._model = OpenAIModel("sk-test", lambda: "gpt-4o-mini", base_url=url)
        self._services = fake_services()
        self.prompts = prompts
        self.client = client_of(create_app(services=self._services.api))

    def over(self, injection: Injection) -> None:
        corpus = Corpus()
        corpus.text("sqs.md", f"{FACT}. {LONGEST}.")
        corpus.text(f"notes-{injection.number}.md", clean_prose(injection.text))  # as the extraction leaves it
        self._services.chat = cast(Any, Chat(corpus.retrieval(), self._model, corpus.embedder))


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    prompts: list[str] = []

    def obeying(prompt: str) -> str:
        prompts.append(prompt)
        return obey(prompt)

    server = ObedientServer(obeying)
    with running(server):
        answering = Answering(server.url, prompts)
        with answering.client:
            yield answering


def shown_by_chat(client: TestClient) -> str:
    body = client.post("/api/chat", json={"question": QUESTION}).json()
    assert body["mode"] != "extractive"
    return str(body["answer"])


def shown_by_stream(client: TestClient) -> str:
    response = client.post("/api/chat", json={"question": QUESTION, "stream": True})
    tokens = re.findall(r"event: token\ndata: (.*)", response.text)
    done = json.loads(re.findall(r"event: done\ndata: (.*)", response.text)[0])
    return "".join(json.loads(token)["text"] for token in tokens) + "\n" + str(done["answer"])


def shown_by_completions(client: TestClient, *, stream: bool) -> str:
    request = {"model": "portfolio-rag", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    response = client.post("/v1/chat/completions", json=request)
    assert response.status_code == 200, response.text
    if not stream:
        return str(response.json()["choices"][0]["message"]["content"])
    events = [json.loads(line) for line in re.findall(r"data: (\{.*)", response.text)]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event.get("choices", []))


def shown_by_response(client: TestClient) -> str:
    response = client.post("/v1/responses", json={"model": "portfolio-rag", "input": QUESTION})
    assert response.status_code == 200, response.text
    return str(response.json()["output"][0]["content"][0]["text"])


def shown_to_agent(client: TestClient) -> str:
    """All that the agent's model reads, verdicts included."""
    params = {"name": "ask", "arguments": {"question": QUESTION}}
    response = client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    assert response.status_code == 200, response.text
    return response.text


def test_there_are_enough() -> None:
    assert len(INJECTIONS) >= 100


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda injection: injection.name)
def test_no_order_of_a_document_reaches_the_reader(answering: Answering, injection: Injection) -> None:
    answering.over(injection)
    client = answering.client
    for shown in (
        shown_by_chat(client),
        shown_by_stream(client),
        shown_by_completions(client, stream=False),
        shown_by_completions(client, stream=True),
        shown_by_response(client),
        shown_to_agent(client),
    ):
        assert FACT in shown
        assert injection.payload.forbidden not in shown
    # The model was told to, six times, and did.
    assert [injection.mark in prompt for prompt in answering.prompts[-6:]] == [True] * 6
