"""What routes ask for: the use cases, from the services that `main.create_app` put on the application."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.conversations import Conversations
from portfolio_rag.answering.retrieval.search import Retrieval
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.pipeline.ingestion.cited_chunks import CitedChunks
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.jobs.service import Jobs
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks

# `async`, though nothing is awaited: FastAPI would send a plain function to the thread pool for one attribute.


async def _services(request: Request) -> ApiServices:
    return cast(ApiServices, request.app.state.services)


ServicesDep = Annotated[ApiServices, Depends(_services)]


async def _documents(services: ServicesDep) -> Documents:
    return services.documents


async def _cited(services: ServicesDep) -> CitedChunks:
    return services.cited


async def _jobs(services: ServicesDep) -> Jobs:
    return services.jobs


async def _health(services: ServicesDep) -> HealthChecks:
    return services.health


async def _retrieval(services: ServicesDep) -> Retrieval:
    return services.retrieval


async def _chat(services: ServicesDep) -> Chat:
    return services.chat


async def _conversations(services: ServicesDep) -> Conversations:
    return services.conversations


async def _redrive(services: ServicesDep) -> Redrive:
    return services.redrive


DocumentsDep = Annotated[Documents, Depends(_documents)]
CitedDep = Annotated[CitedChunks, Depends(_cited)]
RedriveDep = Annotated[Redrive, Depends(_redrive)]
JobsDep = Annotated[Jobs, Depends(_jobs)]
HealthDep = Annotated[HealthChecks, Depends(_health)]
RetrievalDep = Annotated[Retrieval, Depends(_retrieval)]
ChatDep = Annotated[Chat, Depends(_chat)]
ConversationsDep = Annotated[Conversations, Depends(_conversations)]
