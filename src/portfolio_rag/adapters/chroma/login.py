"""Who speaks to Chroma, and which of its databases is meant: Chroma Cloud, or a distributed Chroma behind a gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.domain.errors import VectorStoreUnavailable

TOKEN_HEADER = "x-chroma-token"  # noqa: S105 - the header's name

_DEFAULT = ("default_tenant", "default_database")
"""Those that every Chroma of one's own has."""

REFUSED = "Chroma refused the key, or its tenant and database: check CHROMA_API_KEY, CHROMA_TENANT and CHROMA_DATABASE"


@dataclass(frozen=True, slots=True)
class Login:
    """`tenant` and `database` may be empty: then those that the key opens, or without a key the default ones."""

    key: str = field(default="", repr=False)
    tenant: str = ""
    database: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {TOKEN_HEADER: self.key} if self.key else {}

    def place(self, identity: Callable[[], Mapping[str, Any]]) -> tuple[str, str]:
        """Tenant and database. `identity` asks the server whose key this is, and is called only where that is needed.

        Raises VectorStoreUnavailable where the key opens several: a setting then says which, and nothing else is wrong.
        """
        if self.tenant and self.database:
            return self.tenant, self.database
        if not self.key:
            return self.tenant or _DEFAULT[0], self.database or _DEFAULT[1]
        owner = identity()
        databases = set(owner.get("databases") or ())
        tenant = self.tenant or str(owner.get("tenant") or "*")
        database = self.database or (str(databases.pop()) if len(databases) == 1 else "*")
        for found, variable in ((tenant, "CHROMA_TENANT"), (database, "CHROMA_DATABASE")):
            if found == "*":
                raise VectorStoreUnavailable(f"CHROMA_API_KEY opens more than one database: set {variable}.")
        return tenant, database


NO_LOGIN = Login()
"""For a Chroma of one's own, which asks for none."""
