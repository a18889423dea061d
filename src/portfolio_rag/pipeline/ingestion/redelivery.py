"""When a message of a queue comes again: soon after a failure, soon after its worker has died, and not while it works.

Left to itself, a message comes back after the queue's visibility timeout: six times the function's limit, minutes. So
whoever works on it hides it himself. A message that failed comes back after seconds, twice as many each time; while a
worker is busy for longer than a moment it hides its messages again and again, each time for less than a minute, so that
they come back soon after it has died.

A queue delivers a message `max_receive_count` times, which is for defects. An outage would use that up in seconds: at
its last delivery a message that failed for a dependency is sent anew instead, with the count of its tries, until it has
been tried for about a quarter of an hour. Then it fails, and check-health tries its document again once the dependency
is back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager

from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.messages import Delivery
from portfolio_rag.ports.message_queue import MessageQueue
from portfolio_rag.ports.runtime import Repeating

LONGEST_WAIT = 20
"""Seconds between two tries, once they have grown: so soon after an outage everything goes on."""

MAX_TRIES = 48
"""Of a message that fails for a dependency: with waits of 1, 2, 4, 8, 16 and then 20 seconds, about 15 minutes."""

HIDDEN_SECONDS = 45
"""For so long the messages of a worker that may have died stay hidden."""

RENEWED_AFTER = 15
"""Seconds: most invocations are over by then and renew nothing; two renewals may be lost."""

_log = logging.getLogger(__name__)


def wait_after(tries: int) -> int:
    """Seconds until the next try after so many that failed."""
    return int(min(LONGEST_WAIT, 2 ** min(tries - 1, 10)))


class Redelivery:
    """Of one queue, for its consumer. `max_receive_count` is the queue's."""

    def __init__(self, queue: MessageQueue, repeating: Repeating, max_receive_count: int) -> None:
        self._queue = queue
        self._repeating = repeating
        self._max_receive_count = max_receive_count

    def while_working(self, deliveries: Sequence[Delivery]) -> AbstractContextManager[None]:
        """Inside, nobody else gets the messages; soon after the process has died, somebody does."""
        return self._repeating(lambda: self._hide(deliveries, HIDDEN_SECONDS), RENEWED_AFTER)

    def is_last(self, delivery: Delivery) -> bool:
        return delivery.receive_count >= self._max_receive_count

    def postpone(self, delivery: Delivery) -> None:
        """Let a message that failed, and is not on its last delivery, come again after its back-off."""
        self._hide([delivery], wait_after(delivery.tries))

    def send_anew(self, delivery: Delivery, error: Exception) -> bool:
        """At its last delivery: whether the message is on its way again because only a dependency has failed it.

        Then it is to be acknowledged. False too where it cannot be sent.
        """
        if not getattr(error, "retryable", False) or delivery.tries >= MAX_TRIES:
            return False
        try:
            self._queue.send_later(delivery.body, tries=delivery.tries, seconds=wait_after(delivery.tries))
        except PortfolioRagError:
            _log.exception("Message %s could not be sent anew.", delivery.message_id)
            return False
        return True

    def _hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        """As well as may be: a message that cannot be hidden comes back after the queue's own timeout."""
        try:
            self._queue.hide([delivery.receipt for delivery in deliveries], seconds)
        except PortfolioRagError:
            _log.warning("Messages could not be hidden for %s s.", seconds, exc_info=True)
