"""Real Markdown documents to ingest: the AWS user guides of EVAL_DATA, or this project's samples where it is not."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import ROOT

Documents = Mapping[str, bytes]
"""Path -> content."""


def markdown(data: Path | None) -> dict[str, bytes]:
    """Every Markdown document that has a byte, by path."""
    if data is None:
        files = sorted((ROOT / "samples").rglob("*.md"))
        return {
            str(path.relative_to(ROOT / "samples")): path.read_bytes() for path in files if path.name != "README.md"
        }
    found: dict[str, bytes] = {}
    for archive in sorted((data / "aws_qa").glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            for member in opened:
                stream = opened.extractfile(member) if member.name.endswith(".md") and member.size else None
                if stream is not None:
                    found[member.name] = stream.read()
    return found


def slices(documents: Documents, number: int, size: int) -> list[dict[str, bytes]]:
    """`number` parts of at most `size` documents that have none in common, each from all over the collection."""
    names = sorted(documents)
    size = min(size, len(names) // number)
    step = len(names) // size
    return [{name: documents[name] for name in names[first::step][:size]} for first in range(number)]


def changed(documents: Documents, share: float) -> dict[str, bytes]:
    """The same documents, one sentence more in the middle of each of `share` of them (at least one)."""
    names = sorted(documents)
    wanted = set(names[:: max(1, round(1 / share))][: max(1, round(len(names) * share))])
    return {name: _with_a_sentence(body) if name in wanted else body for name, body in documents.items()}


def write(documents: Documents, folder: Path) -> Path:
    for name, body in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def _with_a_sentence(body: bytes) -> bytes:
    paragraphs: Sequence[str] = body.decode("utf-8", "replace").split("\n\n")
    middle = len(paragraphs) // 2
    added = "This paragraph was added when the guide was revised in the spring."
    return "\n\n".join([*paragraphs[:middle], added, *paragraphs[middle:]]).encode()
