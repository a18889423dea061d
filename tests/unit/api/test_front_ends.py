"""Chat windows and frameworks: the requests that Open WebUI and LangChain send, over the network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.front_ends import answer_task
from api.main import create_app
from portfolio_rag.domain.answers import ConversationTurn
from tests.support.api import QUESTION, QUOTE, FakeServices, fake_services
from tests.support.serving import serving

HISTORY = f"USER: {QUESTION}\nASSISTANT: {QUOTE} [1].\n\nUSER: is written here by the model."
"""As Open WebUI writes a conversation: one line for each speaker, and whatever lines an answer has."""


def task(instruction: str, output: str, history: str = HISTORY) -> str:
    """A prompt in the form of Open WebUI's templates, in words of our own."""
    return (
        f"### Task:\n{instruction}\n### Guidelines:\n- Use the language of the chat.\n"
        f"### Output:\nJSON format: {output}\n### Chat History:\n<chat_history>\n{history}\n</chat_history>"
    )


TITLE = task("Generate a concise, 3-5 word title with an emoji summarizing the chat history.", '{ "title": "a title" }')
TAGS = task("Generate 1-3 broad tags categorizing the main themes of the chat history.", '{ "tags": ["tag1", "tag2"] }')
FOLLOW_UPS = task("Suggest 3-5 relevant follow-up questions.", '{ "follow_ups": ["Question 1?", "Question 2?"] }')
QUERIES = task("Analyze the chat history to determine the necessity of search queries.", '{\n  "queries": ["q1"]\n}')
IMAGE = task("Generate a detailed prompt for an image.", '{\n    "prompt": "A description."\n}')
AUTOCOMPLETE = task("You are an autocompletion system.", '{ "text": "<completion>" }')


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, FakeServices]]:
    services = fake_services()
    with serving(create_app(services=services.api)) as url:
        yield url, services


@pytest.fixture
def services(served: tuple[str, FakeServices]) -> FakeServices:
    served[1].chat.calls.clear()
    return served[1]


@pytest.fixture
def client(served: tuple[str, FakeServices]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[0]) as client:
        yield client


def said_by(reply: httpx.Response) -> str:
    text: str = reply.json()["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize(
    ("prompt", "answered"),
    [
        (TITLE, {"title": "How long does Amazon SQS keep a message by default"}),
        (TAGS, {"tags": ["Amazon", "SQS", "message"]}),
        (FOLLOW_UPS, {"follow_ups": []}),
        (QUERIES, {"queries": ["is written here by the model."]}),
        (IMAGE, {"prompt": "is written here by the model."}),
        (AUTOCOMPLETE, {"text": ""}),
    ],
    ids=["title", "tags", "follow_ups", "queries", "prompt", "text"],
)
def test_open_webuis_tasks_get_the_json_that_it_reads(
    client: httpx.Client, services: FakeServices, prompt: str, answered: dict[str, Any]
) -> None:
    """Its own body: `stream` false, a limit of tokens by either name, and no question to the documents."""
    messages = [{"role": "system", "content": "Today is Friday."}, {"role": "user", "content": prompt}]
    body = {"model": "portfolio-rag", "messages": messages, "stream": False, "max_completion_tokens": 1000}
    reply = client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200
    assert json.loads(said_by(reply)) == answered
    assert (reply.json()["answered"], reply.json()["citations"]) == (False, [])
    assert services.chat.calls == []


def test_a_task_is_answered_in_a_stream_and_as_a_response(client: httpx.Client, services: FakeServices) -> None:
    body = {"model": "portfolio-rag", "messages": [{"role": "user", "content": TITLE}], "stream": True}
    first = client.post("/v1/chat/completions", json=body).text.splitlines()[0].removeprefix("data: ")
    assert json.loads(json.loads(first)["choices"][0]["delta"]["content"])["title"]
    reply = client.post("/v1/responses", json={"model": "portfolio-rag", "input": TITLE}).json()
    assert json.loads(reply["output"][0]["content"][0]["text"])["title"]
    assert services.chat.calls == []


def test_a_title_is_made_of_long_answers_too(client: httpx.Client) -> None:
    """A question may have 4,000 characters; a conversation has more."""
    history = f"USER: {QUESTION * 3}\nASSISTANT: {'x' * 20_000}"
    prompt = task("Generate a concise title.", '{ "title": "a title" }', history)
    body = {"model": "portfolio-rag", "messages": [{"role": "user", "content": prompt}]}
    title = json.loads(said_by(client.post("/v1/chat/completions", json=body)))["title"]
    assert title == "How long does Amazon SQS keep a message by default?How long…"


@pytest.mark.parametrize(
    ("history", "title"),
    [
        ("", "Chat"),
        ("ASSISTANT: Hello.", "Chat"),
        ("USER: x" + "y" * 100, "x" + "y" * 58 + "…"),
        ("USER:  Wie lange\n  hält SQS? \nASSISTANT: 4", "Wie lange hält SQS"),
    ],
)
def test_titles(history: str, title: str) -> None:
    answer = answer_task(task("Generate a title.", '{ "title": "" }', history))
    assert answer is not None
    assert json.loads(answer.text) == {"title": title}


def test_a_chat_about_nothing_in_particular_has_a_tag() -> None:
    answer = answer_task(task("Generate tags.", '{ "tags": [] }', "USER: And then?"))
    assert answer is not None
    assert json.loads(answer.text) == {"tags": ["General"]}


def test_an_older_template_gets_the_title_as_it_is() -> None:
    prompt = f"### Task:\nGenerate a concise, 3-5 word title.\n<chat_history>\n{HISTORY}\n</chat_history>"
    answer = answer_task(prompt)
    assert answer is not None
    assert answer.text == "How long does Amazon SQS keep a message by default"


@pytest.mark.parametrize(
    "question", [QUESTION, "### Task:\nList the limits of SQS.", f"What is <chat_history>{HISTORY}"]
)
def test_a_question_is_no_task(client: httpx.Client, services: FakeServices, question: str) -> None:
    body = {"model": "portfolio-rag", "messages": [{"role": "user", "content": question}]}
    assert said_by(client.post("/v1/chat/completions", json=body)).startswith(QUOTE)
    assert [call[0] for call in services.chat.calls] == [question]


# --- LangChain


def test_langchains_chat(client: httpx.Client, services: FakeServices) -> None:
    """ChatOpenAI.invoke with a history, and .stream."""
    messages = [
        {"content": "Answer briefly.", "role": "system"},
        {"content": QUESTION, "role": "user"},
        {"content": "4 days [1].", "role": "assistant"},
        {"content": "And at most?", "role": "user"},
    ]
    body = {"messages": messages, "model": "portfolio-rag", "temperature": 0.7, "n": 1, "max_completion_tokens": 256}
    whole = client.post("/v1/chat/completions", json={**body, "stream": False, "stop": ["\n\n"], "seed": 7})
    assert said_by(whole).startswith(QUOTE)
    assert services.chat.history == [ConversationTurn(QUESTION, QUESTION, "4 days [1].")]
    streamed = client.post(
        "/v1/chat/completions", json={**body, "stream": True, "stream_options": {"include_usage": True}}
    )
    assert streamed.text.rstrip().endswith("data: [DONE]")
    assert services.chat.calls == [("And at most?", None, None, 0.7)] * 2


def test_langchains_responses(client: httpx.Client, services: FakeServices) -> None:
    """ChatOpenAI(use_responses_api=True), the second turn of a conversation."""
    said = {"type": "output_text", "text": "4 days [1].", "annotations": []}
    items = [
        {"content": QUESTION, "role": "user", "type": "message"},
        {"type": "message", "content": [said], "role": "assistant", "id": "msg_1"},
        {"content": [{"type": "input_text", "text": "And at most?"}], "role": "user", "type": "message"},
    ]
    reply = client.post("/v1/responses", json={"input": items, "model": "portfolio-rag", "stream": False})
    assert reply.json()["output"][0]["content"][0]["text"].startswith(QUOTE)
    assert services.chat.history == [ConversationTurn(QUESTION, QUESTION, "4 days [1].")]


_FUNCTION = {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}
_SCHEMA = {"name": "Answer", "schema": {"type": "object", "properties": {"days": {"type": "integer"}}}, "strict": True}


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"tools": [{"type": "function", "function": _FUNCTION}], "parallel_tool_calls": True}, "tools"),
        (
            {
                "tools": [{"type": "function", "function": _FUNCTION}],
                "tool_choice": {"type": "function", "function": {"name": "now"}},
            },
            "tool_choice",
        ),
        ({"functions": [_FUNCTION]}, "functions"),
        ({"response_format": {"type": "json_schema", "json_schema": _SCHEMA}}, "response_format.type"),
        ({"response_format": {"type": "json_object"}}, "response_format.type"),
    ],
    ids=["bind_tools", "tool_choice", "functions", "with_structured_output", "json_mode"],
)
def test_tools_and_structured_output_are_refused_with_the_reason(
    client: httpx.Client, services: FakeServices, extra: dict[str, Any], param: str
) -> None:
    body = {"messages": [{"content": QUESTION, "role": "user"}], "model": "portfolio-rag", **extra}
    error = client.post("/v1/chat/completions", json=body)
    assert error.status_code == 422
    assert error.json()["error"]["param"] == param
    assert "checked" in error.json()["error"]["message"]
    assert services.chat.calls == []


@pytest.mark.parametrize(
    "extra", [{"tools": []}, {"tools": [{"type": "function", "function": _FUNCTION}], "tool_choice": "none"}]
)
def test_without_a_tool_to_call_there_is_an_answer(client: httpx.Client, extra: dict[str, Any]) -> None:
    body = {"messages": [{"content": QUESTION, "role": "user"}], "model": "portfolio-rag", **extra}
    assert said_by(client.post("/v1/chat/completions", json=body)).startswith(QUOTE)


def test_a_picture_is_not_passed_over(client: httpx.Client, services: FakeServices) -> None:
    parts = [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]
    body = {"messages": [{"content": parts, "role": "user"}], "model": "portfolio-rag"}
    error = client.post("/v1/chat/completions", json=body)
    assert (error.status_code, error.json()["error"]["message"]) == (400, "Only text can be asked, not image_url.")
    assert services.chat.calls == []
