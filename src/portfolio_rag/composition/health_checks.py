"""The smallest call to each dependency of ingestion that shows that it works."""

from __future__ import annotations

from functools import partial

from portfolio_rag.composition.clients import Clients
from portfolio_rag.domain.object_keys import INCOMING
from portfolio_rag.pipeline.maintenance.dependency_health import Check


def ingestion_checks(clients: Clients) -> dict[str, Check]:
    """What ingestion cannot do without."""
    return {
        "s3": partial(_check_s3, clients),
        "dynamodb": partial(_check_dynamodb, clients),
        "sqs": partial(_check_sqs, clients),
        "chromadb": partial(_check_chroma, clients),
    }


def _check_s3(clients: Clients) -> str:
    bucket = clients.settings.s3_raw_bucket
    next(clients.store.list(bucket, INCOMING), None)
    return f"Bucket {bucket} answers."


def _check_dynamodb(clients: Clients) -> str:
    clients.registry.head("health")
    return f"Table {clients.settings.dynamodb_document_table} answers."


def _check_sqs(clients: Clients) -> str:
    depths = {queue.name: queue.depth().visible for queue in (clients.ingestion_queue, clients.embedding_queue)}
    return ", ".join(f"{name}: {depth} waiting" for name, depth in depths.items())


def _check_chroma(clients: Clients) -> str:
    clients.vectors.ping()
    live = clients.index_aliases.current().live
    return f"Collection {live} holds {clients.vectors.count(live)} windows."
