"""An image holds what its lock names. Here all is installed, so what a lock lacks is kept from being imported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ROOT / "requirements"

# What the document-processor runs in its parser process, and where it cuts: every module, also those that only one
# kind of document needs.
PROCESSOR = """
import pkgutil
import portfolio_rag.text.chunking, portfolio_rag.text.extraction
found = []
for package in (portfolio_rag.text.extraction, portfolio_rag.text.chunking):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(module.name)
        found.append(module.name)
assert "portfolio_rag.text.extraction.formats.markdown.inline" in found
"""

WITHOUT = """
import importlib.metadata, re, sys
locked = set({locked!r})
hidden = {{
    module
    for module, names in importlib.metadata.packages_distributions().items()
    if not locked & {{re.sub(r"[-_.]+", "-", name).lower() for name in names}}
}} - {{"portfolio_rag", "api"}}

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {{name!r}} in this image", name=name)

sys.meta_path.insert(0, Hidden())
"""


def locked(lock: str) -> list[str]:
    """The names of the packages of a lock, as package indexes normalise them."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", (LOCKS / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[-_.]+", "-", name).lower() for name in names]


def run(lock: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run `program` in a process that can import only what `lock` names, and the project."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(locked=locked(lock)) + program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_the_processor_finds_all_that_it_parses_and_cuts_with() -> None:
    done = run("lambda-processor.txt", PROCESSOR)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "lock", ["lambda-processor.txt", "lambda-embedding.txt", "lambda.txt"], ids=lambda name: name.removesuffix(".txt")
)
def test_what_a_lock_lacks_cannot_be_imported(lock: str) -> None:
    done = run(lock, "import botocore\nimport snowballstemmer")
    assert "No module named 'snowballstemmer' in this image" in done.stderr
