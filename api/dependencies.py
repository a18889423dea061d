"""What routes ask for: the use cases, from the services that `main.create_app` put on the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from portfolio_rag.answering.feedback.feedback_service import FeedbackService
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.composition.operations import Operations
from portfolio_rag.costs.month import MonthlyCost
from portfolio_rag.pipeline.jobs.estimate import JobEstimator
from portfolio_rag.pipeline.jobs.service import JobService
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks

_Part = TypeVar("_Part")


def _part(choose: Callable[[ApiServices], _Part]) -> Callable[[Request], Awaitable[_Part]]:
    """The dependency of a route on one of the services."""

    # `async`, though nothing is awaited: FastAPI would send a plain function to the thread pool for one attribute.
    async def part(request: Request) -> _Part:
        return choose(request.app.state.services)

    return part


JobsDep = Annotated[JobService, Depends(_part(lambda services: services.jobs))]
JobEstimatorDep = Annotated[JobEstimator, Depends(_part(lambda services: services.job_estimator))]
MonthlyCostDep = Annotated[MonthlyCost, Depends(_part(lambda services: services.monthly_cost))]
HealthDep = Annotated[HealthChecks, Depends(_part(lambda services: services.health))]
OperationsDep = Annotated[Operations, Depends(_part(lambda services: services.operations))]
RetrievalDep = Annotated[PassageSearch, Depends(_part(lambda services: services.retrieval))]
ChatDep = Annotated[Chat, Depends(_part(lambda services: services.chat))]
ConversationsDep = Annotated[Conversations, Depends(_part(lambda services: services.conversations))]
FeedbackDep = Annotated[FeedbackService, Depends(_part(lambda services: services.feedback))]
