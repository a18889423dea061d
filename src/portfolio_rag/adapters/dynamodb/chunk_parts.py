"""The parts of a chunk in its row: every heading and lead-in once, numbers for the rest.

`texts` holds the distinct texts. `paths` is a tree, two numbers a node: its parent (0 for none, else counted from 1)
and its text. `runs` has four numbers a part: where it starts, its path and its lead-in (0 for none, else counted from
1), and its kind. So a chunk of thousands of parts under deep headings stays far below the size of an item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portfolio_rag.domain.chunks import BlockKind, ChunkPart

_KINDS = tuple(BlockKind)
"""In the order of their numbers in stored rows: new kinds go behind the others."""


def encode_parts(parts: Sequence[ChunkPart]) -> dict[str, list[Any]]:
    texts: dict[str, int] = {}
    nodes: dict[tuple[int, int], int] = {}
    runs: list[int] = []
    for part in parts:
        node = 0
        for heading in part.heading_path:
            text = texts.setdefault(heading, len(texts))
            node = nodes.setdefault((node, text), len(nodes) + 1)
        lead_in = texts.setdefault(part.lead_in, len(texts)) + 1 if part.lead_in else 0
        runs += (part.start, node, lead_in, _KINDS.index(part.kind))
    return {"texts": list(texts), "paths": [number for node in nodes for number in node], "runs": runs}


def decode_parts(stored: Mapping[str, list[Any]] | None) -> tuple[ChunkPart, ...]:
    """None for a row that was written before chunks had parts."""
    if stored is None:
        return ()
    texts, tree, runs = stored["texts"], stored["paths"], stored["runs"]
    paths: list[tuple[str, ...]] = [()]
    for parent, text in zip(tree[::2], tree[1::2], strict=True):
        paths.append((*paths[parent], texts[text]))
    return tuple(
        ChunkPart(start, paths[path], texts[lead_in - 1] if lead_in else "", _KINDS[kind])
        for start, path, lead_in, kind in zip(*(runs[n::4] for n in range(4)), strict=True)
    )
