"""Where a new topic begins, by what the embedding model makes of neighbouring sentences.

After Kamradt's semantic chunking, which LlamaIndex's `SemanticSplitterNodeParser` and Bedrock's semantic chunking use
too: a topic begins where the distance between neighbours is beyond a percentile of all such distances in the document.
There each sentence is embedded together with its neighbours; here each is embedded once and neighbours' vectors are
averaged, which costs a third for one sentence on each side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from portfolio_rag.domain.chunks import Span
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.text.extraction.document import Block, BlockKind, ExtractedDocument
from portfolio_rag.text.language.sentences import sentences

Embed = Callable[[Sequence[str]], Vectors]


def units_of(document: ExtractedDocument) -> list[Span]:
    """[start, end) in the document's text of what a topic may begin with, in order.

    A sentence of a paragraph; a list, table or code block as a whole; a heading with what is directly below it, since
    a topic that begins there begins with its heading.
    """
    units: list[Span] = []
    heading: Block | None = None
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            heading = heading or block
            continue
        spans = _spans(document.text, block)
        if heading is not None and spans:
            spans[0] = (heading.start, spans[0][1])
            heading = None
        units += spans
    if heading is not None:
        units.append((heading.start, document.blocks[-1].end))
    return units


def _spans(text: str, block: Block) -> list[Span]:
    if block.kind is not BlockKind.PARAGRAPH:
        return [(block.start, block.end)]
    return [(block.start + start, block.start + end) for start, end in sentences(text[block.start : block.end])]


def topic_starts(
    document: ExtractedDocument, embed: Embed, units: list[Span], *, percentile: int, buffer: int
) -> list[int]:
    """Positions in the document's text, in order, where a topic begins; the document's own start is none.

    `units` are those of `units_of`; `percentile`, 0 to 100, is of the distances (1 - cosine) between neighbours;
    `buffer` is how many units before and behind each side of a place are averaged with the unit that touches it.
    """
    if len(units) < 3:
        return []
    distances = _distances(embed([document.text[start:end] for start, end in units]), buffer)
    # Not below the percentile and not equal to it: a document that is all alike has no topics.
    limit = np.percentile(distances, percentile)
    return [units[place + 1][0] for place in np.flatnonzero(distances > limit)]


def _distances(vectors: Vectors, buffer: int) -> Vectors:
    """Shape (n - 1,): how far apart are the units up to i and those from i + 1 on.

    The averages on both sides of a place share no unit: with windows that overlap, each distance would say less.
    """
    sums = np.concatenate([np.zeros((1, vectors.shape[1]), np.float64), np.cumsum(vectors, axis=0, dtype=np.float64)])
    places = np.arange(1, len(vectors))
    before = sums[places] - sums[np.maximum(places - 1 - buffer, 0)]
    behind = sums[np.minimum(places + 1 + buffer, len(vectors))] - sums[places]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(behind, axis=1)
    cosines = np.einsum("ij,ij->i", before, behind) / np.maximum(lengths, np.finfo(np.float64).tiny)
    # Rounded, so that another processor's last bits do not move a topic.
    distances: Vectors = np.round(1 - cosines, 4).astype(np.float32)
    return distances
