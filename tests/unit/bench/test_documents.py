"""The documents of the benchmark: parts that share nothing, and changes that change what they say."""

from __future__ import annotations

from pathlib import Path

from bench.documents import changed, markdown, slices, write

GUIDES = {f"guide-{n:03}.md": f"# Guide {n}\n\nOne.\n\nTwo.\n\nThree.".encode() for n in range(103)}


def test_the_samples_stand_in_without_the_evaluation_data() -> None:
    found = markdown(None)
    assert len(found) >= 5
    assert all(name.endswith(".md") and body for name, body in found.items())
    assert "README.md" not in found


def test_parts_have_no_document_in_common() -> None:
    parts = slices(GUIDES, 3, 30)
    assert [len(part) for part in parts] == [30, 30, 30]
    assert len({name for part in parts for name in part}) == 90
    assert [len(part) for part in slices(GUIDES, 3, 1000)] == [34, 34, 34]


def test_a_share_of_the_documents_gets_a_sentence_more() -> None:
    revised = changed(GUIDES, 0.05)
    different = [name for name in GUIDES if revised[name] != GUIDES[name]]
    assert len(different) == 5
    assert all(len(revised[name].split(b"\n\n")) == len(GUIDES[name].split(b"\n\n")) + 1 for name in different)
    few = dict(list(GUIDES.items())[:3])
    assert sum(changed(few, 0.01)[name] != few[name] for name in few) == 1


def test_written_files_are_the_documents(tmp_path: Path) -> None:
    write({"a/b.md": b"text"}, tmp_path)
    assert (tmp_path / "a" / "b.md").read_bytes() == b"text"
