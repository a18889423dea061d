"""Queues between the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class QueueDepth:
    visible: int
    in_flight: int
    delayed: int = 0


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that nobody works on. `attributes` are the texts that its sender has put beside the body."""

    message_id: str
    body: str
    sent_at: datetime
    receive_count: int
    attributes: Mapping[str, str]


class MessageQueue(Protocol):
    """One SQS queue. Raises StorageUnavailable when a message could not be sent."""

    def send(self, bodies: Sequence[str]) -> None:
        """Send all, ten a call; partial failures are sent again, and what stays unsent raises."""

    def send_later(self, body: str, *, tries: int, seconds: int) -> None:
        """Send a message that can be received in so many seconds; its deliveries tell of the `tries` before it."""

    def hide(self, receipts: Sequence[str], seconds: int) -> None:
        """Let messages that were received, ten at most, be received again in so many seconds, whatever was said before.

        One that has been acknowledged meanwhile is left alone.
        """

    def depth(self) -> QueueDepth: ...

    @property
    def name(self) -> str: ...

    def peek(self, limit: int) -> list[WaitingMessage]:
        """Waiting messages, `limit` at most, in no order; they go on waiting.

        For queues without a consumer: while they are looked at, nobody else receives them.
        """

    def remove(self, matches: Callable[[str], bool]) -> int:
        """Delete the waiting messages whose body matches; the others stay. Returns how many were deleted."""
