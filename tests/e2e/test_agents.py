"""An agent and OpenAI's client on the running stack: a document put in by a tool answers by every protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from mcp.client import Client

from tests.e2e.live import LiveStack
from tests.support.openai_client import MODEL, client_of

TEXT = """\
# Lighthouse of Vardholm

## Visits

The lighthouse of Vardholm opens to visitors at 9:40 from May to September. A guide is needed above the third floor.
"""
QUESTION = "When does the lighthouse of Vardholm open to visitors?"
WHERE = {"equals": {"key": "topic", "value": "visits"}}
PATIENCE = 60.0


@pytest.fixture(scope="module")
def uploaded(stack: LiveStack) -> Any:
    """Put in by an agent, which looks until it answers."""

    async def put() -> Any:
        async with agent(stack) as client:
            given = {"filename": "vardholm.md", "content": TEXT, "prefix": "agents/", "metadata": {"topic": "visits"}}
            receipt = structure(await client.call_tool("upload_document", given))
            with anyio.fail_after(PATIENCE):
                while True:
                    wanted = {"status": "COMPLETED", "name": "agents/vard", "attributes": ["topic:visits"]}
                    page = structure(await client.call_tool("list_documents", wanted))
                    if [listed["document_id"] for listed in page["documents"]] == [receipt["document_id"]]:
                        break
                    await anyio.sleep(0.5)
                # A document is found within seconds of its completion.
                while not structure(await client.call_tool("search", {"query": "visits", "filter": WHERE}))["passages"]:
                    await anyio.sleep(0.5)
                return receipt

    receipt = anyio.run(put)
    yield receipt
    stack.api.delete(f"/api/documents/{receipt['document_id']}").raise_for_status()


@asynccontextmanager
async def agent(stack: LiveStack) -> AsyncIterator[Client]:
    async with Client(f"{stack.config.api_url}/mcp") as client:
        yield client


def structure(result: Any) -> Any:
    assert not result.is_error, result.content
    return result.structured_content


def test_an_agent_goes_from_a_question_to_the_words_that_hold_the_answer(stack: LiveStack, uploaded: Any) -> None:
    async def ask() -> tuple[Any, Any, Any, Any]:
        async with agent(stack) as client:
            found = structure(await client.call_tool("search", {"query": "lighthouse visits", "filter": WHERE}))
            answer = structure(await client.call_tool("ask", {"question": QUESTION}))
            cited = {name: answer["citations"][0][name] for name in ("document_id", "chunk_id", "version")}
            around = structure(await client.call_tool("get_passage", cited))
            text = await client.read_resource(f"rag://documents/{uploaded['document_id']}")
            return found, answer, around, text

    found, answer, around, text = anyio.run(ask)
    assert [passage["document_id"] for passage in found["passages"]] == [uploaded["document_id"]]
    assert answer["answered"]
    assert "9:40" in answer["answer"]
    (citation, *_) = answer["citations"]
    assert citation["document_id"] == uploaded["document_id"]
    assert citation["quote"] in around["text"]
    assert {sentence["verdict"] for sentence in answer["sentences"]} == {"supported"}
    assert "A guide is needed above the third floor." in text.contents[0].text


def test_a_response_streams_the_same_answer(stack: LiveStack, uploaded: Any) -> None:
    with client_of(stack.config.api_url) as client:
        whole = client.responses.create(model=MODEL, input=QUESTION)
        with client.responses.stream(model=MODEL, input=QUESTION) as stream:
            streamed: Any = stream.get_final_response()
    assert "9:40" in whole.output_text
    assert streamed.output_text == whole.output_text
    (source, *_) = streamed.output[0].content[0].annotations
    assert source.file_id == uploaded["document_id"]
