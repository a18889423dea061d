"""document-processor: `portfolio-ingestion-queue`; turns documents into chunks and sends them on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from portfolio_rag.composition.lambda_events import BatchConsumer
from portfolio_rag.composition.process import invocation, once_per_process
from portfolio_rag.composition.processor import ProcessorParts
from portfolio_rag.domain.messages import IngestionMessage

parts = once_per_process(ProcessorParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One document an invocation (terraform/locals.tf): none waits for a slow one.

    Answers whether its message must be delivered again.
    """
    built = parts()
    processor = built.processor
    end = built.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())

    consumer = BatchConsumer(
        parse=IngestionMessage.from_json,
        process=lambda messages: processor.process(messages[0], end),
        record_failure=processor.record_failure,
        redelivery=built.ingestion_redelivery,
        together=False,
    )
    with invocation():
        return consumer.handle(event)
