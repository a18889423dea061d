"""GET /api/cost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.authentication import needs
from api.dependencies import MonthlyCostDep
from api.problem_docs import documented
from api.schemas.cost import CostOut
from portfolio_rag.domain.api_keys import Scope

router = APIRouter(prefix="/api", tags=["cost"])


@router.get(
    "/cost",
    dependencies=needs(Scope.ADMIN),
    operation_id="cost",
    summary="Price the month",
    response_description="The month so far, and a forecast.",
    responses=documented(422, 500, 503),
)
def cost(
    monthly_cost: MonthlyCostDep,
    tasks: Annotated[int, Query(ge=1, le=100, description="How many tasks of the API run.", examples=[1])] = 1,
) -> CostOut:
    """What the deployment costs on AWS since the month began (UTC), and for the whole month if it goes on like this.

    Documents, questions and tokens are counted, as are invocations and messages where CloudWatch tells of them; what
    else a document or a question takes is estimated, and machines are assumed to stand since the month began. On-demand
    prices of one region and one date, without the free tier. A local stack is billed nothing: it gets the same figures.
    """
    return CostOut.of(monthly_cost.report(tasks=tasks))
