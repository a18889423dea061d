"""`embedding_vectors` behind `ports.EmbeddingLocations`: where in the backup the vectors of a text lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from portfolio_rag.adapters.dynamodb.table import Item, Table
from portfolio_rag.ports.embedding_locations import VectorLocation


class DynamoEmbeddingLocations:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, vector_ids: Iterable[str]) -> dict[str, VectorLocation]:
        stored = self._table.get_many({"vector_id": address} for address in dict.fromkeys(vector_ids))
        return {row["vector_id"]: _location(row) for row in stored}

    def add(self, locations: Mapping[str, VectorLocation]) -> None:
        self._table.put_many(
            {"vector_id": address, "s3_key": place.s3_key, "row": place.row, "count": place.count}
            for address, place in locations.items()
        )

    def remove(self, vector_ids: Iterable[str], s3_key_prefix: str) -> None:
        ours = [address for address, place in self.find(vector_ids).items() if place.s3_key.startswith(s3_key_prefix)]
        self._table.delete_many({"vector_id": address} for address in ours)

    def all(self) -> Iterator[tuple[str, VectorLocation]]:
        for row in self._table.scan():
            yield row["vector_id"], _location(row)


def _location(row: Item) -> VectorLocation:
    return VectorLocation(row["s3_key"], row["row"], row["count"])
