"""document-processor: `portfolio-ingestion-queue`; turns documents into chunks and sends them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfolio_rag.bootstrap import function_container
from portfolio_rag.lambda_events import handle_batch
from portfolio_rag.messages import IngestionMessage


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One document at a time: a bad one fails alone. Answers which messages must be delivered again."""
    processing = function_container().processing

    def process(messages: Sequence[IngestionMessage]) -> None:
        for message in messages:
            processing.process(message)

    return handle_batch(
        event,
        parse=IngestionMessage.from_json,
        process=process,
        give_up=processing.give_up,
        max_receive_count=function_container().settings.max_receive_count,
        together=False,
    )
