"""What a model is told when a call fails: what is wrong, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Final

from pydantic import ValidationError

from api.logs import current_request_id
from portfolio_rag.domain.errors import LimitReached, PortfolioRagError

logger = logging.getLogger("api.mcp")

_HINTS: Final[Mapping[int, str]] = {
    403: "Tell the user; another key may do it.",
    404: "search, ask and list_documents give the ids that exist.",
    413: "Split the document, or have it uploaded to POST /api/documents or by `rag upload`.",
    503: "Try again in a few seconds; if it persists, tell the user that the service is down.",
}


def explain(error: Exception, name: str, *, takes: Collection[str] = ()) -> str:
    """The words for the failure of `name`, which `takes` these arguments. The cause of an unexpected one is logged."""
    if isinstance(error, ValidationError):
        return _explain_arguments(error, name, takes)
    if isinstance(error, LimitReached):
        return f"{error} Try again in {error.retry_after_seconds} seconds."
    if isinstance(error, PortfolioRagError) and error.http_status != 500:
        if error.http_status > 500:
            logger.warning("dependency unavailable", exc_info=error, extra={"path": f"/mcp {name}"})
        return " ".join(filter(None, [str(error) or error.title, _HINTS.get(error.http_status)]))
    logger.error("unexpected error in %s", name, exc_info=error, extra={"path": f"/mcp {name}"})
    return (
        "Something unexpected happened, which the arguments are not to blame for. "
        f"The server's log holds the cause under the request id {current_request_id()}."
    )


def _explain_arguments(error: ValidationError, name: str, takes: Collection[str]) -> str:
    wrong = [f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors()]
    return f"Wrong arguments: {'; '.join(wrong)[:2000]}. {name} takes {', '.join(takes)}."
