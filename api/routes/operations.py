"""/api/queues, /api/dead-letters, /api/alarms, /api/metrics, /api/index: how the deployment does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.authentication import needs
from api.dependencies import OperationsDep
from api.problem_docs import documented
from api.schemas.operations import (
    AlarmsOut,
    DeadLettersOut,
    IndexOut,
    MetricsOut,
    QueuesOut,
    RedrivenOut,
    RedriveOut,
)
from api.visibility import seeing_everything
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.pipeline.maintenance.metric_history import Window

router = APIRouter(prefix="/api", tags=["operations"])

MessageId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Id of a message.",
        examples=["6c0f1c1e-6f6c-4b9a-8a39-9d1c1f7a2b10"],
    ),
]
_looking = [*needs(Scope.READ), Depends(seeing_everything)]
"""What counts documents of everybody is for keys that see all of them."""


@router.get(
    "/queues",
    dependencies=_looking,
    operation_id="list_queues",
    summary="Count what waits in the queues",
    response_description="Each queue with its messages.",
    responses=documented(500, 503),
)
def list_queues(operations: OperationsDep) -> QueuesOut:
    """The queues of the pipeline and those of what failed for good."""
    return QueuesOut.of(operations.queues())


@router.get(
    "/dead-letters",
    dependencies=needs(Scope.ADMIN),
    operation_id="list_dead_letters",
    summary="List what failed for good",
    response_description="Dead letters, oldest first.",
    responses=documented(500, 503),
)
def list_dead_letters(operations: OperationsDep) -> DeadLettersOut:
    """Each with its document, why it lies there, since when, and what a redrive would do about it.

    To be read, messages are received: for a moment nobody else sees them.
    """
    return DeadLettersOut.of(operations.dead_letters.listed())


@router.post(
    "/dead-letters/{message_id}/redrive",
    dependencies=needs(Scope.ADMIN),
    operation_id="redrive_dead_letter",
    summary="Drive a dead letter again",
    response_description="What was done.",
    responses=documented(404, 409, 422, 500, 503),
)
def redrive_dead_letter(message_id: MessageId, operations: OperationsDep) -> RedrivenOut:
    """Do what its `remedy` says. With a document that is taken in again, all its dead letters go."""
    return RedrivenOut.of(operations.dead_letters.redrive(message_id))


@router.post(
    "/dead-letters/redrive",
    dependencies=needs(Scope.ADMIN),
    operation_id="redrive_dead_letters",
    summary="Drive all dead letters again",
    response_description="What was done about each.",
    responses=documented(500, 503),
)
def redrive_dead_letters(operations: OperationsDep) -> RedriveOut:
    """Do for each that is listed what its `remedy` says. Those beyond a hundred of a queue wait for another call."""
    return RedriveOut.of(operations.dead_letters.redrive_all())


@router.get(
    "/alarms",
    dependencies=_looking,
    operation_id="list_alarms",
    summary="List the alarms",
    response_description="Each alarm and its state.",
    responses=documented(500, 503),
)
def list_alarms(operations: OperationsDep) -> AlarmsOut:
    """The alarms of this deployment in CloudWatch. 503 where CloudWatch does not answer."""
    return AlarmsOut.of(operations.alarms())


@router.get(
    "/metrics",
    dependencies=_looking,
    operation_id="get_metrics",
    summary="Show metrics over time",
    response_description="Throughput, failures, durations and backlogs.",
    responses=documented(422, 500, 503),
)
def get_metrics(
    operations: OperationsDep,
    last: Annotated[Window, Query(description="How far back.", examples=["24h"])] = Window.HOURS,
) -> MetricsOut:
    """The metrics that the pipeline publishes in CloudWatch. 503 where CloudWatch does not answer."""
    return MetricsOut.of(operations.metrics.last(last))


@router.get(
    "/index",
    dependencies=_looking,
    operation_id="get_index",
    summary="Measure the index",
    response_description="How much it holds.",
    responses=documented(500, 503),
)
def get_index(operations: OperationsDep) -> IndexOut:
    """Vectors and documents that can be found, and how far behind the registry they are."""
    return IndexOut.of(operations.index.size())
