"""What OpenAI's own client must be able to do with this API, wherever it runs."""

from __future__ import annotations

from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletionUserMessageParam

MODEL = "portfolio-rag"


def client_of(url: str, api_key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0)


def asks(question: str) -> list[ChatCompletionUserMessageParam]:
    return [{"role": "user", "content": question}]


def assert_it_answers(client: OpenAI, question: str) -> Any:
    """A question that the documents answer, whole and as a stream: the same answer, with its citations."""
    assert [model.id for model in client.models.list()] == [MODEL]
    whole = client.chat.completions.create(model=MODEL, messages=asks(question))
    assert whole.object == "chat.completion"
    (choice,) = whole.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    extra = whole.model_extra
    assert extra is not None
    assert extra["answered"] is True
    assert extra["citations"]
    for citation in extra["citations"]:
        assert f"[{citation['number']}]" in (choice.message.content or "")
        assert citation["quote"]
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=asks(question), stream=True, stream_options={"include_usage": True}
        )
    )
    *spoken, last, usage = chunks
    assert spoken[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in spoken) == choice.message.content
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra is not None
    assert last.model_extra["citations"] == extra["citations"]
    assert (usage.choices, usage.usage) == ([], whole.usage)
    assert len({chunk.id for chunk in chunks}) == 1
    return whole
