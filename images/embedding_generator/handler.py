"""embedding-generator: `portfolio-embedding-queue`; embeds chunks, stores and backs up their vectors."""

from __future__ import annotations

from typing import Any

from portfolio_rag.composition.embedding import EmbeddingParts
from portfolio_rag.composition.lambda_events import BatchConsumer
from portfolio_rag.composition.process import invocation, once_per_process
from portfolio_rag.domain.messages import EmbeddingMessage

parts = once_per_process(EmbeddingParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The whole batch in one run of the model and one upsert. Answers which messages must be delivered again."""
    built = parts()
    consumer = BatchConsumer(
        parse=EmbeddingMessage.from_json,
        process=built.embedding_generator.process,
        record_failure=built.embedding_generator.record_failure,
        redelivery=built.embedding_redelivery,
        together=True,
    )
    with invocation():
        return consumer.handle(event)
