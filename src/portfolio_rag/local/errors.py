"""What can go wrong on the user's machine."""

from __future__ import annotations

from portfolio_rag.domain.errors import PortfolioRagError


class StackError(PortfolioRagError):
    """The local stack cannot start or has failed; the message says what to do about it."""

    title = "Local stack"
