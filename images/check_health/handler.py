"""check-health: the rule `process-monitoring`; checks, mends, publishes metrics."""

from __future__ import annotations

from typing import Any

from portfolio_rag.composition.maintenance import MaintenanceParts
from portfolio_rag.composition.process import invocation, once_per_process

parts = once_per_process(MaintenanceParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers the report. A dependency that is down is a finding, not a failure of this function."""
    built = parts()
    with invocation(context.aws_request_id):
        return built.monitor.run().as_dict()
