from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import IndexState
from portfolio_rag.composition.api import ApiParts
from portfolio_rag.settings.environment import Settings
from tests.support.answers import chunk_of, document

_PROGRAM = """
from portfolio_rag.composition.answering import AnsweringParts
index = AnsweringParts.from_env().full_text_index
assert index.versions() == {}
"""


def test_a_full_text_file_that_nobody_named_ends_with_its_process(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "LEXICAL_INDEX_PATH"}
    environment["TMPDIR"] = str(tmp_path)
    subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, check=True)
    assert not list(tmp_path.iterdir())


def test_one_that_has_a_name_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "lexical.sqlite"
    path.parent.mkdir()
    subprocess.run([sys.executable, "-c", _PROGRAM], env={**os.environ, "LEXICAL_INDEX_PATH": str(path)}, check=True)
    assert path.exists()


def test_the_api_speaks_to_chroma_by_its_own_client() -> None:
    assert ApiParts.chroma_api is ClientApi


def test_a_second_process_of_the_same_path_keeps_a_temporary_index(tmp_path: Path) -> None:
    path = tmp_path / "lexical.sqlite"
    made = document("a.md")
    first = TantivyFullTextIndex(path)
    first.index([(made, [chunk_of(made, "elephants")])])
    environment = {**os.environ, "LEXICAL_INDEX_PATH": str(path), "TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    done = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, check=True, capture_output=True, text=True)
    assert "of its own" in done.stderr
    assert len(first.search("elephants", limit=5)) == 1


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        (IndexState(True, 7, 0, timedelta(seconds=1)), "7 documents, 0 waiting."),
        (IndexState(False, 3, 4, timedelta(seconds=60)), "Being built, searches go by vectors alone until then: 3"),
        (IndexState(True, 7, 40, timedelta(seconds=12)), "Lags 12 s behind the registry: 7 documents, 40 waiting."),
    ],
)
def test_the_health_says_when_the_search_index_lags(state: IndexState, detail: str) -> None:
    parts = ApiParts(Settings())
    parts.__dict__["full_text_follower"] = SimpleNamespace(state=lambda: state)
    assert parts._check_search_index().startswith(detail)


@pytest.mark.parametrize(
    ("mode", "detail"),
    [
        ("whole", "7 documents, 0 waiting."),
        ("words", "7 documents, 0 waiting, words, without vectors."),
        ("off", "None here (SEARCH_REPLICA=off): searches go by vectors alone, and filters are Chroma's."),
    ],
)
def test_the_health_says_what_of_the_index_is_kept(mode: str, detail: str) -> None:
    parts = ApiParts(Settings(search_replica=mode))
    if mode != "off":
        state = IndexState(True, 7, 0, timedelta(seconds=1))
        parts.__dict__["full_text_follower"] = SimpleNamespace(state=lambda: state)
    assert parts._check_search_index() == detail
