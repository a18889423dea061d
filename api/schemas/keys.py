"""What a key may do."""

from __future__ import annotations

from pydantic import BaseModel, Field

from portfolio_rag.domain.access import Viewer
from portfolio_rag.domain.api_keys import Caller, Scope, permits


class KeyOut(BaseModel):
    """Whom the API takes the caller for. While there is no key at all, whoever is answered may do everything."""

    name: str = Field(description="The name of the key.", examples=["reports"])
    scopes: list[Scope] = Field(
        description="What it may do, all that `admin` stands for included.", examples=[["read", "write"]]
    )
    tenant: str | None = Field(description="The folder that it is held to.", examples=[None])
    sees_everything: bool = Field(
        description="Whether all documents are shown to it, and with them what the deployment does as a whole.",
        examples=[True],
    )

    @classmethod
    def of(cls, caller: Caller, viewer: Viewer) -> KeyOut:
        return cls(
            name=caller.name,
            scopes=[scope for scope in Scope if permits(caller.scopes, scope)],
            tenant=caller.tenant,
            sees_everything=viewer.sees_everything,
        )
