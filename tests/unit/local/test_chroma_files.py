"""Folders that Chroma has left of dropped collections go, those of collections stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portfolio_rag.local.chroma_files import remove_leftovers

_FILL = """
import sys, chromadb
client = chromadb.PersistentClient(sys.argv[1])
hnsw = {"hnsw": {"batch_size": 2, "sync_threshold": 2}}
for name in ("dropped", "kept"):
    collection = client.create_collection(name, configuration=hnsw, embedding_function=None)
    collection.upsert(ids=[str(n) for n in range(10)], embeddings=[[float(n), 1.0] for n in range(10)])
    collection.query(query_embeddings=[[1.0, 1.0]], n_results=1)
client.delete_collection("dropped")
"""
_ASK = """
import sys, chromadb
collection = chromadb.PersistentClient(sys.argv[1]).get_collection("kept", embedding_function=None)
print(collection.query(query_embeddings=[[3.0, 1.0]], n_results=1)["ids"])
"""


def run(script: str, folder: Path) -> str:
    command = [sys.executable, "-W", "ignore", "-c", script, str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_what_dropped_collections_have_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "of-somebody-else").mkdir()
    run(_FILL, tmp_path)
    folders = {path for path in tmp_path.iterdir() if path.is_dir()}
    assert remove_leftovers(tmp_path) == 1
    left = {path for path in tmp_path.iterdir() if path.is_dir()}
    assert len(folders - left) == 1
    assert tmp_path / "of-somebody-else" in left
    assert remove_leftovers(tmp_path) == 0
    assert run(_ASK, tmp_path).strip() == "[['3']]"


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_volume_without_chroma_is_left_alone(tmp_path: Path, name: str) -> None:
    assert remove_leftovers(tmp_path / name) == 0
