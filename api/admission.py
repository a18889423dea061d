"""How many questions are worked on at once: the next one is turned away at once, instead of making all of them late."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.paths import local_path
from api.problems import problem_response

QUESTION_PATHS: Final = frozenset({"/api/chat", "/api/search", "/v1/chat/completions"})
"""What embeds and searches. The rest (documents, jobs, health) is never turned away, so that it can be looked after."""

RETRY_AFTER_SECONDS: Final = 1
"""A slot is free again as soon as one answer ends."""


class Admission:
    """Answers 429 with Retry-After to a question beyond `limit` that are under way, streams until their last byte.

    Without it every question waits in the queue of the thread pool: under overload all of them get slower without
    bound, and clients that have given up are answered all the same.
    """

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._under_way = 0  # Changed on the event loop alone.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or (path := local_path(scope)) not in QUESTION_PATHS:
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._limit:
            refusal = problem_response(
                status=429,
                detail=f"The server is working on {self._limit} questions already, as many as it takes at once.",
                instance=path,
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
            await refusal(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
