"""Log lines of the handlers, sent to CloudWatch Logs in the background, so that `aws logs tail` works as on AWS."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_MAX_WAITING = 20_000
_BATCH_EVENTS = 1_000  # PutLogEvents takes 10,000 events and 1 MB
_BATCH_BYTES = 900_000
_EVENT_OVERHEAD_BYTES = 26  # what CloudWatch counts per event
_EVENT_BYTES = 250_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogLine:
    function: str
    stream: str
    timestamp_ms: int
    message: str


class CloudWatchShipper:
    """Never raises and never blocks a handler: what cannot be sent is dropped and counted in a warning."""

    def __init__(self, client: Any, interval_seconds: float = 1.0) -> None:
        self._client = client
        self._interval = interval_seconds
        self._lines: queue.Queue[LogLine | None] = queue.Queue(_MAX_WAITING)
        self._streams: set[tuple[str, str]] = set()
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="cloudwatch-logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, function: str, stream: str, message: str) -> None:
        message = message.encode()[:_EVENT_BYTES].decode(errors="ignore")
        try:
            self._lines.put_nowait(LogLine(function, stream, int(time.time() * 1000), message))
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Send what is waiting, within a few seconds."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=1)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        ending = False
        while not ending:
            batch, ending = self._collect()
            by_stream: dict[tuple[str, str], list[LogLine]] = defaultdict(list)
            for line in batch:
                by_stream[line.function, line.stream].append(line)
            for (function, stream), lines in by_stream.items():
                self._send(function, stream, lines)
            if self._dropped:
                _log.warning("%d log lines did not reach CloudWatch Logs", self._dropped)
                self._dropped = 0

    def _collect(self) -> tuple[list[LogLine], bool]:
        """What comes in during one interval, up to one batch; and whether the end was asked for."""
        batch: list[LogLine] = []
        size = 0
        until = time.monotonic() + self._interval
        while len(batch) < _BATCH_EVENTS and size < _BATCH_BYTES - _EVENT_BYTES:
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                return batch, True
            batch.append(line)
            size += len(line.message.encode()) + _EVENT_OVERHEAD_BYTES
        return batch, False

    def _send(self, function: str, stream: str, lines: list[LogLine]) -> None:
        group = f"/aws/lambda/{function}"
        try:
            self._ensure_stream(group, stream)
            self._client.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": line.timestamp_ms, "message": line.message} for line in lines],
            )
        except (BotoCoreError, ClientError) as error:
            self._streams.discard((group, stream))
            self._dropped += len(lines)
            _log.debug("CloudWatch Logs: %s", error)

    def _ensure_stream(self, group: str, stream: str) -> None:
        if (group, stream) in self._streams:
            return
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_stream(logGroupName=group, logStreamName=stream)
        self._streams.add((group, stream))
