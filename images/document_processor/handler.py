"""document-processor: `portfolio-ingestion-queue`; turns documents into chunks and sends them on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from portfolio_rag.composition.lambda_events import handle_batch
from portfolio_rag.composition.process import once_per_process
from portfolio_rag.composition.processor import ProcessorParts
from portfolio_rag.domain.messages import IngestionMessage

parts = once_per_process(ProcessorParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One document at a time: a bad one fails alone, and a long one leaves the others to another invocation.

    Answers which messages must be delivered again.
    """
    built = parts()
    processor = built.processor
    end = built.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    begun = False

    def process(messages: Sequence[IngestionMessage]) -> None:
        nonlocal begun
        for message in messages:
            if begun and not processor.has_time_for(message, end):
                processor.requeue(message)
                continue
            begun = True
            processor.process(message, end)

    return handle_batch(
        event,
        parse=IngestionMessage.from_json,
        process=process,
        record_failure=processor.record_failure,
        max_receive_count=built.settings.max_receive_count,
        together=False,
    )
