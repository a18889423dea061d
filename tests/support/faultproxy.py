"""A TCP proxy that misbehaves on command, between a client and a real server.

    pass      forward everything
    down      refuse connections: nobody listens
    reset     accept, then reset at once (with `only`: forward the request, then reset instead of an answer)
    stall     accept, forward the request, never answer
    lose      forward the request, wait for the server's answer, and cut before the client gets any of it
    cut       forward half of the answer, then cut
    slow      forward the answer after `delay` seconds

It runs its event loop in a thread of its own, so that clients may block.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from types import TracebackType

_CHUNK = 65536
_METHODS = (b"GET", b"POST", b"PUT", b"DELETE")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on with 0 seconds: close() sends RST


class FaultProxy:
    """Use as a context manager; `mode` may change at any time and holds for connections and answers from then on.

    `times` limits a mode to so many answers, after which the proxy passes everything again; `only` limits it to the
    answers of requests that hold those bytes.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.mode = "pass"
        self.times: int | None = None
        self.only = b""
        self.delay = 0.0
        self.faults = 0
        with socket.socket() as probe:
            probe.bind((host, 0))
            self.port = int(probe.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def set(self, mode: str, *, times: int | None = None, only: bytes = b"", delay: float = 0.0) -> None:
        self.mode, self.times, self.only, self.delay = mode, times, only, delay
        # A client keeps its connections: what is set holds for them too.
        self._call(self._drop_all())
        self._call(self._close_listener() if mode == "down" else self._listen())

    def _call(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _close(self) -> None:
        await self._close_listener()
        await self._drop_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drop_all(self) -> None:
        for writer in list(self._writers):
            writer.close()
        self._writers.clear()

    def _fault(self) -> str:
        """The mode for this answer, counted."""
        if self.mode == "pass":
            return "pass"
        mode = self.mode
        self.faults += 1
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.mode, self.times = "pass", None
        return mode

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "reset" and not self.only:
            self._fault()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
            return
        upstream_reader, upstream = await asyncio.open_connection(*self._target)
        self._writers |= {writer, upstream}
        try:
            asked = [b""]
            await asyncio.gather(
                self._requests(reader, upstream, asked), self._answers(upstream_reader, writer, upstream, asked)
            )
        finally:
            for end in (writer, upstream):
                self._writers.discard(end)
                end.close()

    async def _requests(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, asked: list[bytes]) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                # Clients send the next request when they have the answer to the last one.
                asked[0] = data if data[:8].split(b" ")[0] in _METHODS else asked[0]
                upstream.write(data)
                await upstream.drain()
        upstream.close()

    async def _answers(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamWriter,
        asked: list[bytes],
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                mode = self._fault() if self.only in asked[0] else "pass"
                if mode == "stall":
                    continue
                if mode == "slow":
                    await asyncio.sleep(self.delay)
                if mode == "cut":
                    data = data[: len(data) // 2]
                if mode not in ("lose", "reset"):
                    writer.write(data)
                    await writer.drain()
                if mode == "reset":
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    writer.transport.abort()
                if mode in ("cut", "lose", "reset"):
                    break
        writer.close()
        upstream.close()
