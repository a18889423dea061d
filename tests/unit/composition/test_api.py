from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from portfolio_rag.adapters.chroma.client import ClientApi
from portfolio_rag.composition.api import ApiParts

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
