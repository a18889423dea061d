"""How many questions are worked on at once: the next one is turned away at once, instead of making all of them late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.paths import local_path
from api.problems import problem_response
from portfolio_rag.domain.errors import LimitReached

QUESTION_PATHS: Final = frozenset({"/api/chat", "/api/search", "/v1/chat/completions", "/v1/responses"})
"""What embeds and searches; the tools of /mcp take their slots themselves.

The rest (documents, jobs, health) is never turned away, so that it can be looked after."""

RETRY_AFTER_SECONDS: Final = 1
"""A slot is free again as soon as one answer ends."""


SEND_SECONDS = 30.0
"""So long a client may let a part of its answer wait; then the connection is given up, and with it the slot."""


class QuestionSlots:
    """As many as questions are worked on at once, over all ways in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way = 0  # Changed on the event loop alone.

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a slot. Raises LimitReached when there is none."""
        if self._under_way >= self._limit:
            raise LimitReached(
                f"The server is working on {self._limit} questions already, as many as it takes at once.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


class Admission:
    """Answers 429 with Retry-After to a question for which there is no slot; a stream holds its slot to its last byte.

    Without it every question waits in the queue of the thread pool: under overload all of them get slower without
    bound, and clients that have given up are answered all the same. What counts is work and not connections: a question
    is under way once its body is there, and one whose answer nobody takes is over.
    """

    def __init__(self, app: ASGIApp, *, slots: QuestionSlots) -> None:
        self._app = app
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or (path := local_path(scope)) not in QUESTION_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            body = await _whole_body(receive)
        except HTTPException as error:
            refusal = problem_response(
                status=error.status_code, detail=error.detail, instance=path, headers=error.headers
            )
            await refusal(scope, receive, send)
            return
        if body is None:
            return
        with ExitStack() as slot:
            try:
                slot.enter_context(self._slots.one())
            except LimitReached as full:
                refusal = problem_response(
                    status=429,
                    detail=str(full),
                    instance=path,
                    hint="Wait for the seconds of Retry-After and try again; "
                    "API_MAX_CONCURRENT_QUESTIONS sets the limit.",
                    headers={"Retry-After": str(full.retry_after_seconds)},
                )
                await refusal(scope, receive, send)
                return
            await self._answer(scope, _again(body, receive), send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        stalled = False

        async def send_in_time(message: Message) -> None:
            nonlocal stalled
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await send(message)
            except TimeoutError:
                stalled = True
                raise OSError("The client does not take its answer.") from None

        try:
            await self._app(scope, receive, send_in_time)
        except Exception:
            # Half an answer is no error of ours: the server cuts the connection.
            if not stalled:
                raise


async def _whole_body(receive: Receive) -> list[Message] | None:
    """The messages of the body, None where the client has gone. Raises HTTPException as `receive` does."""
    messages: list[Message] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        messages.append(message)
        if not message.get("more_body", False):
            return messages


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """Receives the messages once more, and then what comes behind them."""
    waiting = iter(messages)

    async def received() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return received
