"""A server that speaks OpenAI's chat completions and thinks for a fixed time: the model's delay without the model.

    python -m bench.fake_openai PORT MILLISECONDS

It answers with the first sentence of the first document in the prompt and cites it, in pieces that come evenly over the
time given; whole replies take as long.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

PIECES = 20
_HEAD = {"id": "chatcmpl-bench", "created": 1, "model": "gpt-4o-mini"}
_SENTENCE = re.compile(r'<document number="1">\n.*?\n\n(?P<body>.*?)\n</document>', re.DOTALL)


def answer_of(messages: list[dict[str, Any]]) -> str:
    """The first full sentence of document 1, with its number."""
    found = _SENTENCE.search(messages[-1]["content"])
    body = " ".join(found["body"].split()) if found else ""
    sentence = re.search(r"[A-Z][^.]{20,200}\.(?= |$)", body)
    return f"{sentence.group()[:-1]} [1]." if sentence else "NOT_IN_DOCUMENTS"


def app(seconds: float) -> Starlette:
    async def completions(request: Request) -> Response:
        body = await request.json()
        text = answer_of(body["messages"])
        usage = {"prompt_tokens": 1000, "completion_tokens": PIECES, "total_tokens": 1000 + PIECES}
        if body.get("stream"):
            return StreamingResponse(_events(text, seconds, usage), media_type="text/event-stream")
        await asyncio.sleep(seconds)
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return JSONResponse({**_HEAD, "object": "chat.completion", "choices": choices, "usage": usage})

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": []})

    return Starlette(routes=[Route("/v1/chat/completions", completions, methods=["POST"]), Route("/v1/models", models)])


async def _events(text: str, seconds: float, usage: dict[str, int]) -> AsyncIterator[str]:
    size = -(-len(text) // PIECES)
    for start in range(0, len(text), size):
        await asyncio.sleep(seconds / PIECES)
        choice = {"index": 0, "delta": {"content": text[start : start + size]}, "finish_reason": None}
        yield _event({**_HEAD, "object": "chat.completion.chunk", "choices": [choice]})
    stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield _event({**_HEAD, "object": "chat.completion.chunk", "choices": [stop]})
    yield _event({**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"


if __name__ == "__main__":
    uvicorn.run(app(float(sys.argv[2]) / 1000), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
