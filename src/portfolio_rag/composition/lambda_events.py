"""What SQS hands to the functions: batches, parsed; partial batch answers, built."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from portfolio_rag.adapters.aws.sqs import CORRELATION_ID, EARLIER_TRIES
from portfolio_rag.domain import tracing
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.domain.log_context import log_context
from portfolio_rag.domain.messages import Delivery
from portfolio_rag.pipeline.ingestion.redelivery import Redelivery

_log = logging.getLogger(__name__)

_Body = TypeVar("_Body")


def queue_records(event: Mapping[str, Any]) -> list[Delivery]:
    return [
        Delivery(
            record["messageId"],
            record["receiptHandle"],
            record["body"],
            int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            int(_attribute(record, EARLIER_TRIES) or 0),
            _attribute(record, CORRELATION_ID),
            _attribute(record, tracing.TRACEPARENT),
        )
        for record in event.get("Records", [])
    ]


def _attribute(record: Mapping[str, Any], name: str) -> str | None:
    text = record.get("messageAttributes", {}).get(name, {}).get("stringValue")
    return None if text is None else str(text)


def batch_response(failed: Sequence[Delivery]) -> dict[str, Any]:
    """The partial batch answer: only what is listed is delivered again.

    Lambda takes an empty, null or unknown id as failure of the whole batch, so ids are only ever those received.
    """
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}


def _about(delivery: Delivery, body: object = None) -> AbstractContextManager[None]:
    """Log lines inside tell of the message's work, and of the document that it is about."""
    return log_context(correlation_id=delivery.correlation_id, document_id=_document_of(body))


def _document_of(body: object) -> str | None:
    return getattr(body, "document_id", None)


class BatchConsumer(Generic[_Body]):
    """Works on the batches of one queue and answers which of their messages failed.

    `together` hands all messages of a batch to `process` at once (and, if that fails, one by one, so that one bad
    message cannot hold up its batch-mates); otherwise one at a time. A message that fails comes again after its
    back-off. One that fails on its last delivery is sent anew where only a dependency has failed it
    (pipeline/ingestion/redelivery.py); else it is given up, which records the reason, and goes to the dead-letter queue
    all the same.
    """

    def __init__(
        self,
        *,
        parse: Callable[[str], _Body],
        process: Callable[[Sequence[_Body]], None],
        record_failure: Callable[[_Body, Exception], None],
        redelivery: Redelivery,
        together: bool,
    ) -> None:
        self._parse = parse
        self._process = process
        self._record_failure = record_failure
        self._redelivery = redelivery
        self._together = together

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to Lambda."""
        deliveries = queue_records(event)
        if not deliveries:
            return batch_response([])
        with self._redelivery.while_working(deliveries):
            failures = self._run(deliveries)
        failed = []
        for delivery, body, error in failures:
            with _about(delivery, body), tracing.span("failed message", [delivery.traceparent]):
                if self._fails(delivery, body, error):
                    failed.append(delivery)
        return batch_response(failed)

    def _run(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, _Body | None, Exception]]:
        """What has failed, with its error; without a body what cannot be read."""
        failures: list[tuple[Delivery, _Body | None, Exception]] = []
        parsed: list[tuple[Delivery, _Body]] = []
        for delivery in deliveries:
            try:
                parsed.append((delivery, self._parse(delivery.body)))
            except PortfolioRagError as error:
                with _about(delivery):
                    _log.exception("Message %s cannot be read.", delivery.message_id)
                failures.append((delivery, None, error))
        if self._together and len(parsed) > 1:
            try:
                with tracing.span("batch", [delivery.traceparent for delivery, _ in parsed], messages=len(parsed)):
                    self._process([body for _, body in parsed])
            except Exception as error:
                if isinstance(error, PortfolioRagError) and error.retryable:
                    # A dependency is down: it would be down for each of them.
                    _log.warning("The batch failed for a dependency: %s", error)
                    return failures + [(delivery, body, error) for delivery, body in parsed]
                _log.exception("The batch failed; its messages are handled one by one.")
            else:
                return failures
        for delivery, body in parsed:
            with _about(delivery, body):
                try:
                    with tracing.span("message", [delivery.traceparent], document_id=_document_of(body) or ""):
                        self._process([body])
                except Exception as error:
                    _log.exception("Message %s failed.", delivery.message_id)
                    failures.append((delivery, body, error))
        return failures

    def _fails(self, delivery: Delivery, body: _Body | None, error: Exception) -> bool:
        """Whether a message that failed is to be listed as such; its next delivery, or its end, is seen to."""
        if not self._redelivery.is_last(delivery):
            self._redelivery.postpone(delivery)
            return True
        if self._redelivery.send_anew(delivery, error):
            return False
        if body is not None:
            try:
                self._record_failure(body, error)
            except Exception:
                # check-health finds what ends in the dead-letter queue without a reason.
                _log.exception("The failure of message %s could not be recorded.", delivery.message_id)
        return True
