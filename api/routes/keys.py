"""/api/keys/me: what the caller may do."""

from __future__ import annotations

from fastapi import APIRouter

from api.authentication import CallerDep, needs
from api.problem_docs import documented
from api.schemas.keys import KeyOut
from api.visibility import ViewerDep

router = APIRouter(prefix="/api", tags=["health"])


@router.get(
    "/keys/me",
    dependencies=needs(),
    operation_id="get_own_key",
    summary="Show what the key may do",
    response_description="The key's name and scopes.",
    responses=documented(500, 503),
)
async def get_own_key(caller: CallerDep, viewer: ViewerDep) -> KeyOut:
    """For any key. The key itself is not repeated."""
    return KeyOut.of(caller, viewer)
