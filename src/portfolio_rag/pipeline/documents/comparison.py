"""Two versions of a document compared, by the text of their chunks: by section, and in it by sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from portfolio_rag.domain.blocks import BlockKind
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.comparison import (
    Comparison,
    HeadingPath,
    SectionChange,
    SectionDifference,
    TextChange,
)
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.versions import known_versions
from portfolio_rag.ports.chunk_store import ChunkStore
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.text.language.sentences import sentences

MAX_SECTIONS = 200
"""Differences told, …"""
MAX_CHARACTERS = 200_000
"""… and characters of their texts: some 50 pages."""
MAX_UNITS = 2000
"""Sentences of one section in both versions that are matched with each other, which takes the square of them: a second.
In a longer one all that is not the same at its beginning and its end counts as changed."""


class VersionComparison:
    def __init__(self, registry: DocumentRegistry, chunks: ChunkStore) -> None:
        self._registry = registry
        self._chunks = chunks

    def compare(self, document_id: str, from_version: int, to_version: int) -> Comparison:
        """Raises NotFound for an unknown or deleted document and for a version that is not kept, InvalidRequest for
        one version named twice."""
        if from_version == to_version:
            raise InvalidRequest("Name two different versions: what is the same has not changed.")
        head = self._registry.head(document_id)
        if head is None or head.deleted_at is not None:
            raise NotFound(f"There is no document {document_id}.")
        kept = known_versions(head.publications) | {head.live_version}
        for number in (from_version, to_version):
            if not number or number not in kept:
                raise NotFound(f"Version {number} of {document_id} has never answered, or is not kept any more.")
        before, after = (
            sections_of(self._chunks.of_document(document_id, version=number)) for number in (from_version, to_version)
        )
        differences = list(_differences(before, after))
        told = tuple(_bounded(differences))
        return Comparison(
            document_id,
            from_version,
            to_version,
            told,
            unchanged=sum(before.get(path) == text for path, text in after.items()),
            truncated=list(told) != differences,
        )


def sections_of(chunks: Iterable[Chunk]) -> dict[HeadingPath, str]:
    """The text below each heading path, in order; what chunks repeat of each other is left out."""
    sections: dict[HeadingPath, list[str]] = {}
    end = 0
    for chunk in chunks:
        first = max(0, min(end - chunk.span[0], len(chunk.content)))
        starts = [first, *(part.start for part in chunk.parts if first < part.start < len(chunk.content))]
        for start, stop in zip(starts, [*starts[1:], len(chunk.content)], strict=True):
            part, text = chunk.part_at(start), chunk.content[start:stop].strip()
            if text and part.kind is not BlockKind.HEADING:
                sections.setdefault(part.heading_path, []).append(text)
        end = max(end, chunk.span[1])
    return {path: "\n\n".join(texts) for path, texts in sections.items()}


def _differences(before: Mapping[HeadingPath, str], after: Mapping[HeadingPath, str]) -> Iterator[SectionDifference]:
    paths = SequenceMatcher(None, list(before), list(after), autojunk=False)
    old, new = list(before), list(after)
    for _, old_start, old_end, new_start, new_end in paths.get_opcodes():
        for path in old[old_start:old_end]:
            if path not in after:
                yield SectionDifference(path, SectionChange.REMOVED, (TextChange(_units(before[path]), ()),))
        for path in new[new_start:new_end]:
            if path not in before:
                yield SectionDifference(path, SectionChange.ADDED, (TextChange((), _units(after[path])),))
            elif before[path] != after[path] and (changes := _changes(_units(before[path]), _units(after[path]))):
                yield SectionDifference(path, SectionChange.CHANGED, changes)


def _units(text: str) -> tuple[str, ...]:
    """Its sentences; lines that stand alone, as in lists, tables and code, for themselves."""
    return tuple(" ".join(line[start:end].split()) for line in text.split("\n") for start, end in sentences(line))


def _changes(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[TextChange, ...]:
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if len(old) + len(new) > MAX_UNITS:
        return (TextChange(old, new),)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        TextChange(old[old_start:old_end], new[new_start:new_end])
        for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes()
        if kind != "equal"
    )


def _bounded(differences: Iterable[SectionDifference]) -> Iterator[SectionDifference]:
    """As many as there is room for; the first one that there is not is cut."""
    room = MAX_CHARACTERS
    for told, difference in enumerate(differences):
        if told == MAX_SECTIONS or room <= 0:
            return
        changes = []
        for change in difference.changes:
            removed, room = _fitting(change.removed, room)
            added, room = _fitting(change.added, room)
            if removed or added:
                changes.append(TextChange(removed, added))
        yield SectionDifference(difference.heading_path, difference.change, tuple(changes))


def _fitting(units: tuple[str, ...], room: int) -> tuple[tuple[str, ...], int]:
    kept = []
    for unit in units:
        if room <= 0:
            break
        kept.append(unit[:room])
        room -= len(unit)
    return tuple(kept), room
