"""What `as_of` and `document_id` of a request mean for a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends

from api.schemas.filters import parse_where
from api.visibility import VisibleDocuments, VisibleDocumentsDep
from portfolio_rag.answering.retrieval.as_of import AsOf, resolve


@dataclass(frozen=True, slots=True)
class Searchable:
    """What a caller may search, as a request narrows it down."""

    documents: VisibleDocuments

    def of(self, filter_: Mapping[str, Any] | None, as_of: str | int | None, document_id: UUID | None) -> AsOf:
        """The moment, and the filter with what the caller may see. Raises InvalidRequest and NotFound."""
        named = str(document_id) if document_id is not None else None
        publications = self.documents.publications(named) if named is not None and isinstance(as_of, int) else ()
        wanted = resolve(as_of, named, publications, parse_where(filter_), datetime.now(UTC))
        return AsOf(wanted.moment, self.documents.viewer.restrict(wanted.where))


async def _searchable(documents: VisibleDocumentsDep) -> Searchable:
    return Searchable(documents)


SearchableDep = Annotated[Searchable, Depends(_searchable)]
