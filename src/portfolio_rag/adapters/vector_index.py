"""`embedding_vectors` behind `ports.VectorIndex`: where in the backup the vectors of a text lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portfolio_rag.adapters.dynamodb import Table
from portfolio_rag.ports import VectorLocation


class DynamoVectorIndex:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, vector_ids: Iterable[str]) -> dict[str, VectorLocation]:
        return {
            stored["vector_id"]: VectorLocation(stored["s3_key"], stored["row"], stored["count"])
            for stored in self._table.get_many({"vector_id": address} for address in dict.fromkeys(vector_ids))
        }

    def remember(self, locations: Mapping[str, VectorLocation]) -> None:
        self._table.put_many(
            {"vector_id": address, "s3_key": place.s3_key, "row": place.row, "count": place.count}
            for address, place in locations.items()
        )

    def forget(self, vector_ids: Iterable[str], s3_key_prefix: str) -> None:
        ours = [address for address, place in self.find(vector_ids).items() if place.s3_key.startswith(s3_key_prefix)]
        self._table.delete_many({"vector_id": address} for address in ours)
