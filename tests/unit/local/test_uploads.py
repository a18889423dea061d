from __future__ import annotations

import json
from pathlib import Path

import pytest

from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.uploads import collect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "guides").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("hidden")
    (root / ".hidden.md").write_text("# hidden")
    (root / "readme.md").write_text("# Read me\n")
    (root / "guides" / "a b.txt").write_text("plain words\n")
    (root / "guides" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (root / "guides" / "empty.md").touch()
    (root / "readme.md.metadata.json").write_text('{"metadataAttributes": {"team": "docs", "year": 2025}}')
    return root


def test_a_folder_is_walked_hidden_files_and_unsupported_types_left_out(folder: Path) -> None:
    uploads, skipped = collect([folder])
    assert [upload.logical_key for upload in uploads] == ["guides/a b.txt", "readme.md"]
    assert {entry.path.name for entry in skipped} == {"picture.png", "empty.md"}
    assert all(entry.reason for entry in skipped)


def test_a_file_goes_by_its_name_under_the_prefix(folder: Path) -> None:
    uploads, _ = collect([folder / "guides" / "a b.txt"], prefix="/team/")
    assert [upload.logical_key for upload in uploads] == ["team/a b.txt"]


def test_a_sidecar_goes_along_and_attributes_win_over_it(folder: Path) -> None:
    uploads, _ = collect([folder / "readme.md"], attributes={"year": 2026, "public": True})
    assert uploads[0].metadata is not None
    assert json.loads(uploads[0].metadata) == {"metadataAttributes": {"team": "docs", "year": 2026, "public": True}}


def test_without_attributes_there_is_no_sidecar(folder: Path) -> None:
    uploads, _ = collect([folder / "guides" / "a b.txt"])
    assert uploads[0].metadata is None


def test_a_reserved_attribute_is_refused_before_anything_is_sent(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="'document_id' is reserved"):
        collect([folder], attributes={"document_id": "x"})


@pytest.mark.parametrize("content", ["{", "[]", '{"metadataAttributes": 5}'])
def test_a_broken_sidecar_is_named(folder: Path, content: str) -> None:
    (folder / "readme.md.metadata.json").write_text(content)
    with pytest.raises(InvalidRequest, match=r"readme\.md"):
        collect([folder])


def test_a_missing_path_and_two_files_with_one_key_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="does not exist"):
        collect([tmp_path / "nowhere"])
    other = tmp_path / "other"
    other.mkdir()
    (other / "readme.md").write_text("# another")
    with pytest.raises(InvalidRequest, match=r"both be incoming/readme\.md"):
        collect([folder, other])
