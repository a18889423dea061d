"""Clients that ask one question after the other, in a process of their own: `bench.measure.Worker` drives it.

A request names `url`, `path`, `bodies` (JSON objects, asked in turn), `clients` (how many ask at once, each waiting for
its answer), `seconds`, and `stream`. A client that is turned away waits as long as Retry-After says. Beside them a
probe asks /api/live twenty times a second: what it waits is what the server's event loop was held up.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx

from bench.measure import serve

_PROBE_EVERY_S = 0.05
_TIMEOUT_S = 60.0
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used, and made once: a client makes one of its own otherwise, which takes longer than many a question."""


def load(request: dict[str, Any]) -> dict[str, Any]:
    """`latencies_ms` of what was answered, `first_ms` (streams: until the first sentence), counts by status."""
    return asyncio.run(_Load(request).run())


class _Load:
    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._bodies: Iterator[dict[str, Any]] = itertools.cycle(request["bodies"])
        self._latencies: list[float] = []
        self._first: list[float] = []
        self._probes: list[float] = []
        self._statuses: dict[str, int] = {}
        self._unanswered = 0

    async def run(self) -> dict[str, Any]:
        async with AsyncExitStack() as opened:
            # Each its own: one for all looks through all its connections for each request, and with 128 of them that
            # took the cores from the server that is measured.
            probing, *asking = [
                await opened.enter_async_context(
                    httpx.AsyncClient(base_url=self._request["url"], timeout=_TIMEOUT_S, verify=_TLS, trust_env=False)
                )
                for _ in range(self._request["clients"] + 1)
            ]
            started = time.perf_counter()
            self._until = started + self._request["seconds"]
            probe = asyncio.create_task(self._probe(probing))
            await asyncio.gather(*map(self._ask, asking))
            elapsed = time.perf_counter() - started
            probe.cancel()
        return {
            "elapsed_s": elapsed,
            "latencies_ms": self._latencies,
            "first_ms": self._first,
            "probes_ms": self._probes,
            "statuses": self._statuses,
            "unanswered": self._unanswered,
            "cpu_s": time.process_time(),
        }

    async def _ask(self, client: httpx.AsyncClient) -> None:
        while time.perf_counter() < self._until:
            started = time.perf_counter()
            async with client.stream("POST", self._request["path"], json=next(self._bodies)) as response:
                first, text = None, ""
                async for piece in response.aiter_text():
                    text += piece
                    if first is None and "event: token" in text:
                        first = _ms(started)
            status = str(response.status_code)
            self._statuses[status] = self._statuses.get(status, 0) + 1
            if response.is_success:
                self._latencies.append(_ms(started))
                self._first += [first] if first is not None else []
                self._unanswered += '"answered":false' in text.replace(" ", "")
            elif response.status_code == 429:
                await asyncio.sleep(float(response.headers["Retry-After"]))

    async def _probe(self, client: httpx.AsyncClient) -> None:
        while True:
            started = time.perf_counter()
            (await client.get("/api/live")).raise_for_status()
            self._probes.append(_ms(started))
            await asyncio.sleep(_PROBE_EVERY_S)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    serve(load)
