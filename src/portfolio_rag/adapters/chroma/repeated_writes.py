"""What an earlier try has written need not be written again.

To replace windows costs Chroma (1.5.9) 10 to 27 times the processor time of new ones. So a write that its client gave
up waiting for, and that the server finished all the same, takes longer each time that it is tried again. Ids alone do
not say that a window is the same: a model that is changed while a version is embedded, another heading path or other
attributes come under the same ids. So what is there is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portfolio_rag.ports.vector_store import VectorRecord

_TOLERANCE = 1e-5
"""Of each number of a vector: Chroma may normalise it again. The same model in bfloat16 differs by more."""


def differing(records: Iterable[VectorRecord], stored: Mapping[str, VectorRecord]) -> list[VectorRecord]:
    """Those of the records that are not stored under their id with their vector and their attributes."""
    return [record for record in records if not _is_same(record, stored.get(record.id))]


def flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """As Chroma stores it, which refuses None and empty lists; what is not there is left out."""
    return {key: content for key, content in metadata.items() if content is not None and content != []}


def _is_same(record: VectorRecord, stored: VectorRecord | None) -> bool:
    import numpy as np  # not at the top: functions that ask for no vector start without it

    return (
        stored is not None
        and flat(stored.metadata) == flat(record.metadata)
        and record.vector.shape == stored.vector.shape
        and bool(np.allclose(record.vector, stored.vector, rtol=0.0, atol=_TOLERANCE))
    )
