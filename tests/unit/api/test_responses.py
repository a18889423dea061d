"""`/v1/responses` as OpenAI's own client calls it, its stream helper too, over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from api.main import create_app
from portfolio_rag.domain.answers import ConversationTurn, Done, FinishReason, Retrieved, Token, Usage
from portfolio_rag.domain.errors import LanguageModelUnavailable
from portfolio_rag.domain.filters import parse_filter
from portfolio_rag.settings.environment import Settings
from tests.support.api import DOCUMENT_ID, QUESTION, QUOTE, FakeServices, answer, fake_services
from tests.support.openai_client import MODEL, client_of
from tests.support.serving import serving

KEY = "correct horse"


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


def test_the_client_gets_the_answer_and_its_sources(client: OpenAI) -> None:
    reply: Any = client.responses.create(model=MODEL, input=QUESTION, metadata={"chat": "7"})
    assert reply.output_text == f"{QUOTE}. [1]"
    assert (reply.status, reply.error, reply.incomplete_details, reply.metadata) == (
        "completed",
        None,
        None,
        {"chat": "7"},
    )
    (source,) = reply.output[0].content[0].annotations
    assert (source.type, source.file_id, source.filename) == ("file_citation", DOCUMENT_ID, "sqs-queues.md")
    assert reply.output_text[source.index :] == "[1]"
    assert reply.citations[0]["quote"] == QUOTE
    assert (reply.answered, reply.validation["supported"]) == (True, 1)


def test_the_stream_helper_gets_the_same(client: OpenAI) -> None:
    whole: Any = client.responses.create(model=MODEL, input=QUESTION)
    with client.responses.stream(model=MODEL, input=QUESTION) as stream:
        events = list(stream)
        final: Any = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert final.output_text == whole.output_text
    assert final.output[0].content[0].annotations == whole.output[0].content[0].annotations
    assert final.citations == whole.citations


def test_a_plain_stream_has_a_delta_for_each_sentence(client: OpenAI, services: FakeServices) -> None:
    services.chat.script = [
        Retrieved([]),
        Token("One. [1]"),
        Token(" Two. [1]"),
        Done(replace(answer(), text="One. [1] Two. [1]")),
    ]
    events: list[Any] = list(client.responses.create(model=MODEL, input=QUESTION, stream=True))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert deltas == ["One. [1]", " Two. [1]"]
    assert events[-1].response.output_text == "".join(deltas)


@pytest.mark.parametrize("cost", [0.000375, None])
def test_tokens_and_cost_are_in_the_usage(client: OpenAI, services: FakeServices, cost: float | None) -> None:
    services.chat.script = [Retrieved([]), Done(replace(answer(), usage=Usage(500, 400, cost)))]
    usage: Any = client.responses.create(model=MODEL, input=QUESTION).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.cost_usd) == (500, 400, 900, cost)


def test_the_conversation_is_in_the_input(client: OpenAI, services: FakeServices) -> None:
    where = {"equals": {"key": "service", "value": "sqs"}}
    conversation: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": f" {QUESTION}"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "4 days [1].", "annotations": []}],
        },
        {"role": "user", "content": "And at most?"},
    ]
    client.responses.create(
        model=MODEL,
        input=conversation,
        instructions="Speak like a pirate.",
        temperature=1.5,
        max_output_tokens=5,
        extra_body={"top_k": 3, "filter": where},
    )
    assert services.chat.calls == [("And at most?", 3, parse_filter(where), 1.0)]
    assert services.chat.history == [ConversationTurn(QUESTION, QUESTION, "4 days [1].")]


def test_a_field_that_is_null_is_as_if_it_were_not_there(client: OpenAI, services: FakeServices) -> None:
    names = (
        "top_k",
        "filter",
        "temperature",
        "tools",
        "text",
        "metadata",
        "previous_response_id",
        "background",
        "prompt",
    )
    client.responses.create(model=MODEL, input=QUESTION, extra_body=dict.fromkeys(names))
    assert services.chat.calls == [(QUESTION, None, None, None)]


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        (FinishReason.LENGTH, "incomplete", "max_output_tokens"),
        (FinishReason.CONTENT_FILTER, "incomplete", "content_filter"),
        (FinishReason.INCOMPLETE, "incomplete", "max_output_tokens"),
    ],
)
def test_a_draft_that_was_cut_is_incomplete(
    client: OpenAI, services: FakeServices, reason: FinishReason, status: str, details: str
) -> None:
    cut = replace(answer(), finish_reason=reason)
    services.chat.script = [Retrieved([]), Token(cut.text), Done(cut)]
    whole = client.responses.create(model=MODEL, input=QUESTION)
    *_, last = client.responses.create(model=MODEL, input=QUESTION, stream=True)
    assert last.type == "response.incomplete"
    for reply in (whole, last.response):
        assert reply.status == status
        assert reply.incomplete_details
        assert reply.incomplete_details.reason == details
        assert reply.output_text == cut.text


def test_a_refusal_is_the_text_of_the_stream(client: OpenAI, services: FakeServices) -> None:
    refused = replace(answer(), text="The answer is not in the documents.", answered=False, citations=[])
    services.chat.script = [Retrieved([]), Done(refused)]
    with client.responses.stream(model=MODEL, input=QUESTION) as stream:
        final: Any = stream.get_final_response()
    assert (final.output_text, final.answered, final.output[0].content[0].annotations) == (refused.text, False, [])


_TOOL: Any = {"type": "function", "name": "now", "parameters": {}, "strict": False}


@pytest.mark.parametrize(
    ("change", "kind", "param", "told"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, None, "no model"),
        ({"input": " "}, openai.BadRequestError, None, "must be the question"),
        ({"input": [{"role": "assistant", "content": "Hello"}]}, openai.BadRequestError, None, "must be the question"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]},
            openai.BadRequestError,
            None,
            "Only text can be asked, not input_image",
        ),
        ({"tools": [_TOOL]}, openai.UnprocessableEntityError, "tools", "cannot be called"),
        (
            {"tools": [_TOOL], "tool_choice": "required"},
            openai.UnprocessableEntityError,
            "tool_choice",
            "cannot be called",
        ),
        (
            {"text": {"format": {"type": "json_object"}}},
            openai.UnprocessableEntityError,
            "text.format.type",
            "json_object",
        ),
        ({"previous_response_id": "resp_1"}, openai.UnprocessableEntityError, "previous_response_id", "stored"),
        ({"conversation": "conv_1"}, openai.UnprocessableEntityError, "conversation", "stored"),
        ({"prompt": {"id": "p"}}, openai.UnprocessableEntityError, "prompt", "stored"),
        ({"previous_response_id": False}, openai.UnprocessableEntityError, "previous_response_id", "stored"),
        ({"background": True}, openai.UnprocessableEntityError, "background", "stored"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_refused_with_a_reason(
    client: OpenAI,
    services: FakeServices,
    change: dict[str, Any],
    kind: type[openai.APIStatusError],
    param: str | None,
    told: str,
    stream: bool,
) -> None:
    with pytest.raises(kind, match=told) as refusal:
        client.responses.create(**{"model": MODEL, "input": QUESTION, "stream": stream, **change})
    assert (refusal.value.type, refusal.value.param) == ("invalid_request_error", param)
    assert services.chat.calls == []


def test_tools_that_may_not_be_called_do_no_harm(client: OpenAI) -> None:
    assert client.responses.create(model=MODEL, input=QUESTION, tools=[_TOOL], tool_choice="none").output_text


@pytest.mark.parametrize("error", [LanguageModelUnavailable("It broke off."), RuntimeError("secret")])
def test_a_stream_that_breaks_raises_in_the_client(client: OpenAI, services: FakeServices, error: Exception) -> None:
    services.chat.breaks = error
    with pytest.raises(openai.APIError) as refusal:
        list(client.responses.create(model=MODEL, input=QUESTION, stream=True))
    assert "secret" not in str(refusal.value)
    assert refusal.value.type == "server_error"
    with pytest.raises(openai.APIError), client.responses.stream(model=MODEL, input=QUESTION) as stream:
        stream.until_done()


def test_a_model_that_is_down_has_a_status(client: OpenAI, services: FakeServices) -> None:
    services.chat.error = LanguageModelUnavailable("It timed out.")
    for stream in (False, True):
        with pytest.raises(openai.InternalServerError, match="It timed out"):
            client.responses.create(model=MODEL, input=QUESTION, stream=stream)


def test_nothing_is_stored(guarded: tuple[str, FakeServices], client: OpenAI) -> None:
    reply: Any = client.responses.create(model=MODEL, input=QUESTION, store=True)
    assert reply.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)
    assert httpx.post(f"{guarded[0]}/v1/responses", json={"model": MODEL, "input": QUESTION}).status_code == 401
