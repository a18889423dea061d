"""The API as OpenAI's own client calls it, over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest
from openai import OpenAI

from api.main import create_app
from portfolio_rag.domain.answers import ConversationTurn, Done, FinishReason, Retrieved, Token, Usage
from portfolio_rag.domain.errors import LanguageModelUnavailable
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.settings.environment import Settings
from tests.support.api import QUESTION, QUOTE, FakeServices, answer, fake_services
from tests.support.openai_client import MODEL, asks, assert_it_answers, client_of
from tests.support.serving import serving

KEY = "correct horse"


@pytest.fixture(autouse=True)
def _no_openai_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[str, FakeServices]]:
    services = fake_services(Settings(api_key=KEY))
    with serving(create_app(services=services.api)) as url:
        yield url, services


@pytest.fixture
def services(guarded: tuple[str, FakeServices]) -> FakeServices:
    chat = guarded[1].chat
    chat.error = chat.breaks = chat.script = None
    chat.calls.clear()
    return guarded[1]


@pytest.fixture
def client(guarded: tuple[str, FakeServices], services: FakeServices) -> Iterator[OpenAI]:
    with client_of(guarded[0], KEY) as made:
        yield made


def test_the_openai_client_gets_the_answer_and_its_citations(client: OpenAI) -> None:
    whole = assert_it_answers(client, QUESTION)
    assert whole.choices[0].message.content == f"{QUOTE}. [1]"
    assert whole.citations[0]["quote"] == QUOTE
    assert [sentence["verdict"] for sentence in whole.validation["sentences"]] == ["supported", "dropped"]
    assert whole.validation["supported"] == whole.validation["dropped"] == 1
    assert whole.usage.total_tokens == whole.usage.cost_usd == 0


@pytest.mark.parametrize("cost", [0.000375, None])
def test_tokens_and_cost_are_in_the_usage(client: OpenAI, services: FakeServices, cost: float | None) -> None:
    """`None` is a model of unknown price: the reply says null and not 0."""
    services.chat.script = [Retrieved([]), Done(replace(answer(), usage=Usage(500, 500, cost)))]
    *_, last = client.chat.completions.create(
        model=MODEL, messages=asks(QUESTION), stream=True, stream_options={"include_usage": True}
    )
    usage: Any = last.usage  # with a field that is not OpenAI's
    assert (usage.prompt_tokens, usage.total_tokens, usage.cost_usd) == (500, 1000, cost)


def test_parameters_are_passed_on(client: OpenAI, services: FakeServices) -> None:
    where = {"equals": {"key": "service", "value": "sqs"}}
    client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Speak like a pirate."},
            {"role": "user", "content": [{"type": "text", "text": f"  {QUESTION} "}]},
        ],
        temperature=1.5,
        max_tokens=5,
        user="me",
        extra_body={"top_k": 3, "filter": where},
    )
    assert services.chat.calls == [(QUESTION, 3, parse_filter(where), 1.0)]


def test_earlier_messages_are_the_history(client: OpenAI, services: FakeServices) -> None:
    client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "4 days [1]."},
            {"role": "user", "content": "And at most?"},
        ],
    )
    assert services.chat.calls == [("And at most?", None, None, None)]
    assert services.chat.history == [ConversationTurn(QUESTION, QUESTION, "4 days [1].")]


@pytest.mark.parametrize("last", [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "It"}])
def test_the_users_last_message_is_the_question_whatever_follows(
    client: OpenAI, services: FakeServices, last: Any
) -> None:
    first: list[Any] = [*asks("What is a queue?"), {"role": "assistant", "content": "A place for messages."}]
    client.chat.completions.create(model=MODEL, messages=[*first, *asks(QUESTION), last])
    assert services.chat.calls == [(QUESTION, None, None, None)]
    assert services.chat.history == [ConversationTurn("What is a queue?", "What is a queue?", "A place for messages.")]


def test_a_field_that_is_null_is_as_if_it_were_not_there(client: OpenAI, services: FakeServices) -> None:
    nothing: Any = None
    names = ("top_k", "filter", "temperature", "stop", "n", "stream_options", "response_format", "tools")
    client.chat.completions.create(
        model=MODEL, messages=asks(QUESTION), extra_body=dict.fromkeys(names, nothing), response_format={"type": "text"}
    )
    assert services.chat.calls == [(QUESTION, None, None, None)]


def test_a_model_is_looked_up_by_its_name(client: OpenAI) -> None:
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o'") as refusal:
        client.models.retrieve("gpt-4o")
    assert refusal.value.type == "invalid_request_error"


def test_a_refusal_is_the_text_of_the_stream(client: OpenAI, services: FakeServices) -> None:
    refused = replace(answer(), text="The answer is not in the documents.", answered=False, citations=[])
    services.chat.script = [Retrieved([]), Done(refused)]
    *spoken, last = client.chat.completions.create(model=MODEL, messages=asks(QUESTION), stream=True)
    assert [chunk.choices[0].delta.content for chunk in spoken] == [refused.text]
    assert last.model_extra is not None
    assert last.model_extra["answered"] is False
    assert last.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("reason", "finish_reason"),
    [
        (FinishReason.STOP, "stop"),
        (FinishReason.LENGTH, "length"),
        (FinishReason.CONTENT_FILTER, "content_filter"),
        (FinishReason.INCOMPLETE, "length"),
    ],
)
def test_how_the_draft_ended_is_the_finish_reason(
    client: OpenAI, services: FakeServices, reason: FinishReason, finish_reason: str
) -> None:
    cut = replace(answer(), finish_reason=reason)
    services.chat.script = [Retrieved([]), Token(cut.text), Done(cut)]
    whole: Any = client.chat.completions.create(model=MODEL, messages=asks(QUESTION))
    assert (whole.choices[0].finish_reason, whole.finish_reason) == (finish_reason, reason)
    chunks: list[Any] = list(
        client.chat.completions.create(
            model=MODEL, messages=asks(QUESTION), stream=True, stream_options={"include_usage": True}
        )
    )
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, finish_reason]
    assert chunks[-2].model_extra["finish_reason"] == reason
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 0)


@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_key_is_an_authentication_error(guarded: tuple[str, FakeServices], stream: bool) -> None:
    with client_of(guarded[0], "wrong") as client, pytest.raises(openai.AuthenticationError) as refusal:
        client.chat.completions.create(model=MODEL, messages=asks(QUESTION), stream=stream)
    assert (refusal.value.type, refusal.value.code) == ("authentication_error", "unauthorized")
    assert refusal.value.response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("change", "kind", "param"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, None),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, openai.BadRequestError, None),
        ({"messages": asks(" ")}, openai.BadRequestError, None),
        ({"messages": asks("x" * 4001)}, openai.BadRequestError, None),
        ({"messages": []}, openai.UnprocessableEntityError, "messages"),
        ({"temperature": 3}, openai.UnprocessableEntityError, "temperature"),
        ({"n": 2}, openai.UnprocessableEntityError, "n"),
        ({"response_format": {"type": "json_object"}}, openai.UnprocessableEntityError, "response_format.type"),
        ({"extra_body": {"filter": {"near": 1}}}, openai.BadRequestError, None),
    ],
)
def test_what_cannot_be_answered(
    client: OpenAI, services: FakeServices, change: dict[str, Any], kind: type[openai.APIStatusError], param: str | None
) -> None:
    with pytest.raises(kind) as refusal:
        client.chat.completions.create(**{"model": MODEL, "messages": asks(QUESTION), **change})
    assert refusal.value.type == "invalid_request_error"
    assert refusal.value.param == param
    assert refusal.value.message
    assert services.chat.calls == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_is_down(client: OpenAI, services: FakeServices, stream: bool) -> None:
    services.chat.error = LanguageModelUnavailable("It timed out.")
    with pytest.raises(openai.InternalServerError, match="It timed out") as refusal:
        client.chat.completions.create(model=MODEL, messages=asks(QUESTION), stream=stream)
    assert (refusal.value.status_code, refusal.value.type) == (503, "server_error")
    assert refusal.value.code == "language_model_unavailable"
    assert int(refusal.value.response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("error", [LanguageModelUnavailable("It broke off."), RuntimeError("secret")])
def test_a_stream_that_breaks_raises_in_the_client(client: OpenAI, services: FakeServices, error: Exception) -> None:
    services.chat.breaks = error
    with pytest.raises(openai.APIError) as refusal:
        list(client.chat.completions.create(model=MODEL, messages=asks(QUESTION), stream=True))
    assert "secret" not in str(refusal.value)
    assert refusal.value.type == "server_error"


def test_other_routes_do_not_take_a_bearer_token(guarded: tuple[str, FakeServices], client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refusal:
        client.get("/../api/jobs", cast_to=object)
    assert refusal.value.status_code == 401


def test_a_route_that_is_not_there(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no route /v1/embeddings"):
        client.embeddings.create(model=MODEL, input="x")
