"""A small HTTP server that speaks OpenAI's chat completions, with the replies a test scripts for it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One HTTP answer; `stall` seconds pass before it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0


def says(text: str | None, finish_reason: str | None = "stop") -> Reply:
    return Reply(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }
    )


def streams(*pieces: str, finish_reason: str | None = "stop", usage: bool = True, broken: bool = False) -> Reply:
    """The pieces as a stream; `broken` cuts it off in the middle of an event, and None for a reason between two."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini-2024-07-18"}
    choices = [[{"index": 0, "delta": {"content": piece}, "finish_reason": None}] for piece in pieces]
    events: list[dict[str, Any]] = [{**head, "choices": choice} for choice in choices]
    if pieces and finish_reason:
        events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]})
    if usage:
        tokens = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        events.append({**head, "choices": [], "usage": tokens})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    end = 'data: {"id": \n\n' if broken else "data: [DONE]\n\n"
    return Reply("".join([*lines, end]).encode(), headers={"content-type": "text/event-stream"})


def fails(status: int, code: str = "", **headers: str) -> Reply:
    return Reply(
        {"error": {"message": "secret detail", "type": "error", "code": code or None}},
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def reply_to(self, body: Any) -> Reply:
        """The next of the scripted replies; the last one is given for ever."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up on a stalled reply is part of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        reply = self.server.reply_to(body)
        time.sleep(reply.stall)
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        headers = {"content-type": "application/json", **reply.headers}
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class ObedientServer(Server):
    """A model without judgement: `obey` makes its answer of the prompt, documents' orders included."""

    def __init__(self, obey: Callable[[str], str]) -> None:
        super().__init__()
        self._obey = obey

    def reply_to(self, body: Any) -> Reply:
        text = self._obey("\n".join(message["content"] for message in body["messages"]))
        return streams(*re.findall(r"\S+\s*", text)) if body.get("stream") else says(text)


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """A server with these replies, while it runs."""
    server = Server()
    server.replies = list(replies)
    with running(server):
        yield server


@contextmanager
def running(server: Server) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
