"""document-intake: S3 notifications of the raw bucket; registers uploads, purges what was deleted."""

from __future__ import annotations

from typing import Any

from portfolio_rag.composition.intake import IntakeParts
from portfolio_rag.composition.process import invocation, once_per_process
from portfolio_rag.domain.storage_events import s3_events

parts = once_per_process(IntakeParts)


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Raises what is retryable: Lambda repeats an asynchronous invocation twice, then keeps it in its DLQ."""
    intake = parts().intake
    handled = 0
    for record in s3_events(event):
        with invocation(record.request_id or context.aws_request_id):
            if record.created:
                intake.object_created(record.ref)
            elif record.removed:
                intake.object_removed(record.ref)
        handled += 1
    return {"records": handled}
