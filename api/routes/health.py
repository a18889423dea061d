"""/api/health for people and monitors, /api/live for whoever restarts the process."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.authentication import needs
from api.dependencies import HealthDep
from api.openapi import VERSION
from api.problem_docs import documented
from api.schemas.health import Health, HealthOut, LiveOut
from portfolio_rag.domain.api_keys import Scope

router = APIRouter(prefix="/api", tags=["health"])
public = APIRouter(prefix="/api", tags=["health"])


@router.get(
    "/health",
    dependencies=needs(Scope.READ),
    operation_id="health",
    summary="Check every dependency",
    response_description="Everything works.",
    responses={
        503: {"model": HealthOut, "description": "Something does not; the same body says what."},
        **documented(500),
    },
)
def health(response: Response, checks: HealthDep) -> HealthOut:
    """S3, DynamoDB, SQS, Chroma, the search index, the model and OpenAI, each apart. 503 when one of them fails."""
    result = HealthOut.of(VERSION, checks.run())
    if result.status is Health.UNHEALTHY:
        response.status_code = 503
    return result


@public.get(
    "/live",
    operation_id="live",
    summary="Check the process",
    response_description="The process answers.",
    responses=documented(500),
)
async def live() -> LiveOut:
    """Touches nothing but the process, and needs no key."""
    return LiveOut()
