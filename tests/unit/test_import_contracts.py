"""The contracts of `.importlinter`: this code keeps them, and they see an import that they forbid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code, and of the contracts."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignore)
    shutil.copytree(ROOT / "api", tmp_path / "api", ignore=ignore)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(copy: Path) -> tuple[int, str]:
    """Exit status and output, on one line: it is wrapped to the width of the terminal."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy / "src"), str(copy)])}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def plant(copy: Path, module: str, line: str) -> None:
    with (copy / "src" / "portfolio_rag" / module).open("a") as file:
        file.write(f"\n{line}\n")


def test_the_code_keeps_its_contracts(copy: Path) -> None:
    status, output = lint(copy)
    assert status == 0, output
    assert "5 kept, 0 broken" in output


@pytest.mark.parametrize(
    ("module", "line", "importer", "imported"),
    [
        (
            "answering/retrieval/fusion.py",
            "import portfolio_rag.pipeline.ingestion.intake",
            "portfolio_rag.answering.retrieval.fusion",
            "portfolio_rag.pipeline.ingestion.intake",
        ),
        (
            "pipeline/documents/purge.py",
            "import portfolio_rag.pipeline.jobs.service",
            "portfolio_rag.pipeline.documents.purge",
            "portfolio_rag.pipeline.jobs.service",
        ),
        ("domain/filters.py", "import sqlite3", "portfolio_rag.domain.filters", "sqlite3"),
    ],
)
def test_a_forbidden_import_is_reported(copy: Path, module: str, line: str, importer: str, imported: str) -> None:
    plant(copy, module, line)
    status, output = lint(copy)
    assert status == 1
    assert "1 broken" in output
    assert f"{importer} -> {imported}" in output
