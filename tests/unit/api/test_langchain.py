"""LangChain's own client over the network: whole answers, streams, conversations, and what is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from api.main import create_app
from portfolio_rag.domain.answers import ConversationTurn
from portfolio_rag.settings.environment import Settings
from tests.support.api import QUESTION, QUOTE, FakeServices, fake_services
from tests.support.openai_client import MODEL
from tests.support.serving import serving

KEY = "correct horse"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, FakeServices]]:
    services = fake_services(Settings(api_key=KEY))
    with serving(create_app(services=services.api)) as url:
        yield url, services


@pytest.fixture
def services(served: tuple[str, FakeServices]) -> FakeServices:
    served[1].chat.calls.clear()
    return served[1]


def chat_model(url: str, *, responses: bool = False, key: str = KEY) -> ChatOpenAI:
    return ChatOpenAI(
        model=MODEL,
        base_url=f"{url}/v1",
        api_key=SecretStr(key),
        max_retries=0,
        temperature=0,
        use_responses_api=responses,
    )


@pytest.fixture(params=[False, True], ids=["chat_completions", "responses"])
def model(request: pytest.FixtureRequest, served: tuple[str, FakeServices]) -> ChatOpenAI:
    return chat_model(served[0], responses=request.param)


@tool
def now() -> str:
    """The time."""
    return "noon"


class Days(BaseModel):
    """How many days."""

    days: int


def test_an_answer_with_its_marks(model: ChatOpenAI, services: FakeServices) -> None:
    reply = model.invoke(QUESTION)
    assert isinstance(reply, AIMessage)
    assert reply.text == f"{QUOTE}. [1]"


def test_a_stream_adds_up_to_the_answer(model: ChatOpenAI, services: FakeServices) -> None:
    pieces = list(model.stream(QUESTION))
    assert "".join(piece.text for piece in pieces) == f"{QUOTE}. [1]"


def test_a_batch_is_answered_in_its_order(model: ChatOpenAI, services: FakeServices) -> None:
    replies = model.batch([QUESTION, "And at most?"])
    assert [reply.text for reply in replies] == [f"{QUOTE}. [1]"] * 2
    assert {call[0] for call in services.chat.calls} == {QUESTION, "And at most?"}


def test_a_conversation_comes_with_the_question(model: ChatOpenAI, services: FakeServices) -> None:
    said: list[BaseMessage] = [
        SystemMessage("Be short."),
        HumanMessage(QUESTION),
        AIMessage("4 days [1]."),
        HumanMessage("And at most?"),
    ]
    model.invoke(said)
    assert services.chat.calls[0][0] == "And at most?"
    assert services.chat.history == [ConversationTurn(QUESTION, QUESTION, "4 days [1].")]


def test_tools_are_refused_with_a_reason(model: ChatOpenAI, services: FakeServices) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="Tools cannot be called"):
        model.bind_tools([now]).invoke(QUESTION)
    assert services.chat.calls == []


def test_structured_output_is_refused_with_a_reason(model: ChatOpenAI, services: FakeServices) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="checked sentences"):
        model.with_structured_output(Days, method="json_schema").invoke(QUESTION)
    assert services.chat.calls == []


def test_a_wrong_key_is_an_authentication_error(served: tuple[str, FakeServices]) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat_model(served[0], key="wrong").invoke(QUESTION)
