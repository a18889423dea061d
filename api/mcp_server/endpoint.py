"""The route `/mcp`. What it takes is loaded with its first request, so that servers without agents do without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus
from anyio.to_thread import run_sync
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.admission import QuestionSlots
from api.paths import MCP_PATH

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class McpEndpoint:
    """An ASGI application; answers while `running`."""

    def __init__(self, slots: QuestionSlots) -> None:
        self._slots = slots
        self._starting = anyio.Lock()
        self._tasks: TaskGroup | None = None
        self._manager: StreamableHTTPSessionManager | None = None

    def route(self) -> Route:
        """POST alone: without sessions there is nothing to listen to (GET) or to end (DELETE)."""
        return Route(MCP_PATH, self, methods=["POST"], include_in_schema=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as self._tasks:
            try:
                yield
            finally:
                self._tasks.cancel_scope.cancel()
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = self._manager or await self._started()
        await manager.handle_request(scope, receive, send)

    async def _started(self) -> StreamableHTTPSessionManager:
        async with self._starting:
            if self._manager is None:
                assert self._tasks is not None, "the application's lifespan has not begun"
                self._manager = await self._tasks.start(self._serve)
            return self._manager

    async def _serve(self, *, task_status: TaskStatus[StreamableHTTPSessionManager]) -> None:
        """In a task of its own: the manager must be left where it was entered, and outlives the first request."""
        manager = await run_sync(_load, self._slots)
        async with manager.run():
            task_status.started(manager)
            await anyio.sleep_forever()


def _load(slots: QuestionSlots) -> StreamableHTTPSessionManager:
    from api.mcp_server.server import build_manager

    return build_manager(slots)
