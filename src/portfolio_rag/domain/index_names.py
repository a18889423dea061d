"""The names of an index and of its collections in the vector store.

An index is one collection, or several between which its documents are divided. Its name says how many: the alias that
moves from one index to the next then moves from one number to another, too, and every process that reads the alias
knows where a document is.

    portfolio_knowledge                     one collection: where a deployment begins
    portfolio_knowledge-1a2b3c4d            one collection, built by the job 1a2b3c4d…
    portfolio_knowledge-1a2b3c4d-of4        four collections: portfolio_knowledge-1a2b3c4d-of4-0 to -3

Behind each of these, `.history` makes the name of the index beside it that holds the versions that were replaced
(domain/versions.py). It is divided as the one that answers.
"""

from __future__ import annotations

import re

from portfolio_rag.domain.identifiers import sha256_hex

MAX_PARTITIONS = 100
"""500 million windows where a collection holds five million: every search asks all of them."""

MAX_SUFFIX = len("-1a2b3c4d-of100.history-99")
"""Characters that are added to the base name for a collection."""

_INDEX = re.compile(r"-.{8}-of([0-9]{1,3})(?:\.history)?\Z")
_PARTITION = re.compile(r"(.*-.{8}-of[0-9]{1,3}(?:\.history)?)-[0-9]{1,2}\Z")


def index_name(base: str, job_id: str, partitions: int) -> str:
    """Of the index that a job builds."""
    name = f"{base}-{job_id[:8]}"
    return name if partitions == 1 else f"{name}-of{partitions}"


def partitions_of(index: str) -> int:
    """How many collections the index has."""
    found = _INDEX.search(index)
    return int(found[1]) if found else 1


def partition_names(index: str) -> list[str]:
    """The collections of an index; of one that is not divided, its own name."""
    partitions = partitions_of(index)
    return [index] if partitions == 1 else [f"{index}-{n}" for n in range(partitions)]


def partition_name(index: str, document_id: str) -> str:
    """The collection that holds the windows of a document."""
    names = partition_names(index)
    return names[0] if len(names) == 1 else names[int(sha256_hex(document_id)[:15], 16) % len(names)]


def index_of(collection: str) -> str:
    """The index to which a collection belongs."""
    found = _PARTITION.match(collection)
    return found[1] if found else collection


def looks_divided(base: str) -> bool:
    """Whether a base name would be read as that of an index of several collections, or of one of these."""
    return partitions_of(base) > 1 or index_of(base) != base
