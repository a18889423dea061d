"""The parts of a chunk in its row: every heading and lead-in once, numbers for the rest.

`texts` holds the distinct texts. `paths` is a tree, two numbers a node: its parent (0 for none, else counted from 1)
and its text. `runs` has five numbers a part: where it starts, its path and its lead-in (0 for none, else counted from
1), its kind and its page (0 for none). `recognitions` has six for each part that was read by OCR: its number, the score
and the four edges, in ten thousandths. So a chunk of thousands of parts under deep headings stays far below the size of
an item. All of it is one text of JSON: as DynamoDB's own lists of numbers it took a third of the CPU of a document.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from portfolio_rag.domain.blocks import BlockKind, Recognition
from portfolio_rag.domain.chunks import ChunkPart

_KINDS = tuple(BlockKind)
"""In the order of their numbers in stored rows: new kinds go behind the others."""


_PARTS_OF_ONE = 10_000


def encode_parts(parts: Sequence[ChunkPart]) -> str:
    texts: dict[str, int] = {}
    nodes: dict[tuple[int, int], int] = {}
    runs: list[int] = []
    for part in parts:
        node = 0
        for heading in part.heading_path:
            text = texts.setdefault(heading, len(texts))
            node = nodes.setdefault((node, text), len(nodes) + 1)
        lead_in = texts.setdefault(part.lead_in, len(texts)) + 1 if part.lead_in else 0
        runs += (part.start, node, lead_in, _KINDS.index(part.kind), part.page or 0)
    encoded = {
        "texts": list(texts),
        "paths": [number for node in nodes for number in node],
        "runs": runs,
        "recognitions": [number for at, part in enumerate(parts) for number in _encoded(at, part.recognition)],
    }
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":"))


def _encoded(at: int, recognition: Recognition | None) -> list[int]:
    if recognition is None:
        return []
    return [at, *(round(share * _PARTS_OF_ONE) for share in (recognition.score, *recognition.box))]


def decode_parts(stored: str | None) -> tuple[ChunkPart, ...]:
    """None for a row that was written before chunks had parts."""
    if stored is None:
        return ()
    texts, tree, runs, read = map(json.loads(stored).__getitem__, ("texts", "paths", "runs", "recognitions"))
    paths: list[tuple[str, ...]] = [()]
    for parent, text in zip(tree[::2], tree[1::2], strict=True):
        paths.append((*paths[parent], texts[text]))
    recognitions = {}
    for at, score, *edges in zip(*(read[n::6] for n in range(6)), strict=True):
        left, top, right, bottom = (edge / _PARTS_OF_ONE for edge in edges)
        recognitions[at] = Recognition(score / _PARTS_OF_ONE, (left, top, right, bottom))
    return tuple(
        ChunkPart(
            start, paths[path], texts[lead_in - 1] if lead_in else "", _KINDS[kind], page or None, recognitions.get(at)
        )
        for at, (start, path, lead_in, kind, page) in enumerate(zip(*(runs[n::5] for n in range(5)), strict=True))
    )
