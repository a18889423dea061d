"""What goes wrong between a function and the services: crashes, lost answers, throttles, partial answers, outages."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from portfolio_rag.domain.errors import VectorStoreUnavailable


class Crash(BaseException):
    """The process is gone. Not an Exception: no handler of ours may run on it."""


Call = Callable[..., Any]


class Faults:
    """Decides, call by call, whether one fails and how; `trace` holds every call in order.

    `plan` maps the number of a call to the kind of its fault; with an `rng`, faults come at `rate` while the budget
    lasts.
    """

    def __init__(self, rng: random.Random | None = None, *, rate: float = 0.0, budget: int = 0) -> None:
        self.plan: dict[int, str] = {}
        self.calls = 0
        self.injected: list[str] = []
        self.trace: list[str] = []
        self._rng = rng
        self._rate = rate
        self.budget = budget
        self._quiet = False
        self._invocation = threading.local()
        self.gate: Callable[[], None] | None = None
        """Where a worker hands over to another one before its call (interleaving.py)."""

    def note(self, line: str) -> None:
        self.trace.append(line)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """For those who only look: their calls neither fail nor count."""
        self._quiet, before = True, self._quiet
        try:
            yield
        finally:
            self._quiet = before

    @contextmanager
    def until(self, over: Callable[[], bool]) -> Iterator[None]:
        """Kill the invocation of this thread at its first call after its time is over."""
        before = getattr(self._invocation, "over", None)
        self._invocation.over = over
        try:
            yield
        finally:
            self._invocation.over = before

    def around(self, service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
        if self._quiet:
            return call(**arguments)
        if self.gate is not None:
            self.gate()
        over = getattr(self._invocation, "over", None)
        if over is not None and over():
            raise Crash(f"out of time before {service}.{operation}")
        number = self.calls
        self.calls += 1
        kind = self._choose(number, service, operation)
        about = _subject(arguments) if service == "s3" else ""
        self.trace.append(f"  {number:5d} {service}.{operation}{about}" + (f"  <-- {kind}" if kind else ""))
        if kind is None:
            return call(**arguments)
        self.injected.append(f"{number} {service}.{operation} {kind}")
        return _KINDS[kind](service, operation, call, arguments)

    def _choose(self, number: int, service: str, operation: str) -> str | None:
        if number in self.plan:
            return self.plan[number]
        if self._rng is None or self.budget <= 0 or self._rng.random() >= self._rate:
            return None
        self.budget -= 1
        return self._rng.choice(kinds_of(service, operation))


def kinds_of(service: str, operation: str) -> list[str]:
    kinds = ["crash-before", "crash-after", "fails", "answer-lost"]
    if operation in ("send_message_batch", "batch_write_item", "batch_get_item"):
        kinds.append("partial")
    if operation == "transact_write_items":
        kinds.append("conflict")
    return kinds


class Faulty:
    """A client whose every call goes through `faults`."""

    def __init__(self, service: str, client: Any, faults: Faults) -> None:
        self._service = service
        self._client = client
        self._faults = faults

    def __getattr__(self, operation: str) -> Any:
        target = getattr(self._client, operation)
        if not callable(target):
            return target
        if operation == "get_paginator":
            return lambda name: _FaultyPaginator(self, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._faults.around(self._service, operation, lambda **k: target(*args, **k), kwargs)

        return call


class _FaultyPaginator:
    def __init__(self, client: Faulty, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, **arguments: Any) -> Any:
        yield getattr(self._client, self._operation)(**arguments)


def _subject(arguments: dict[str, Any]) -> str:
    """What a call to S3 is about, for the reader of a trace: key and version, and where it is copied from."""
    source = arguments.get("CopySource")
    return "".join(
        f" {one.get('Key') or one.get('Prefix', '')}" + (f"@{one['VersionId']}" if one.get("VersionId") else "")
        for one in ([source] if isinstance(source, dict) else []) + [arguments]
    )


def _error(service: str) -> Exception:
    if service == "chroma":
        return VectorStoreUnavailable("simulated outage")
    code = "ThrottlingException" if service == "dynamodb" else "SlowDown"
    refused: Exception = ClientError({"Error": {"Code": code, "Message": "simulated"}}, "Call")
    return refused


def _crash_before(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    raise Crash(f"before {service}.{operation}")


def _crash_after(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    call(**arguments)
    raise Crash(f"after {service}.{operation}")


def _fails(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    raise _error(service)


def _answer_lost(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    """The call is done, but its answer never arrives."""
    call(**arguments)
    if service == "chroma":
        raise VectorStoreUnavailable("simulated timeout after the commit")
    raise ReadTimeoutError(endpoint_url="sim://")


def _partial(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    """A 200 that has not done all: the service does the first half and hands the rest back."""
    if operation == "send_message_batch":
        entries = arguments["Entries"]
        half = len(entries) // 2
        done = call(**{**arguments, "Entries": entries[:half]}) if half else {"Successful": []}
        return {
            "Successful": done["Successful"],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in entries[half:]],
        }
    ((table, request),) = arguments["RequestItems"].items()
    keys = request["Keys"] if operation == "batch_get_item" else request
    half = len(keys) // 2
    if operation == "batch_get_item":
        asked = {table: {**request, "Keys": keys[:half]}}
        done = call(RequestItems=asked) if half else {"Responses": {table: []}}
        return {**done, "UnprocessedKeys": {table: {**request, "Keys": keys[half:]}}}
    if half:
        call(RequestItems={table: keys[:half]})
    return {"UnprocessedItems": {table: keys[half:]}}


def _conflict(service: str, operation: str, call: Call, arguments: dict[str, Any]) -> Any:
    raise ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        },
        "TransactWriteItems",
    )


_KINDS: dict[str, Callable[[str, str, Call, dict[str, Any]], Any]] = {
    "crash-before": _crash_before,
    "crash-after": _crash_after,
    "fails": _fails,
    "answer-lost": _answer_lost,
    "partial": _partial,
    "conflict": _conflict,
}
