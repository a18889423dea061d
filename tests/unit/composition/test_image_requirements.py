"""An image holds what its lock names. Here all is installed, so what a lock lacks is kept from being imported."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "requirements"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "images").glob("*/handler.py"))

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

# What is hidden is not there for who only looks, either.
class Visible:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Visible(finder) for finder in sys.meta_path]
"""


def locked(lock: str) -> list[str]:
    """The names of the packages of a lock, as package indexes normalise them."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", (REQUIREMENTS / lock).read_text(encoding="utf-8"), re.MULTILINE)
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
    assert "No module named 'snowballstemmer'" in done.stderr


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_with_what_its_image_holds(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = ROOT / "scripts" / "containers"
    monkeypatch.syspath_prepend(scripts)
    built = runpy.run_path(str(scripts / "images.py"))
    lock = built["LOCKS"][built["FUNCTIONS"][function.replace("_", "-")]]
    done = run(lock, f"sys.path.insert(0, 'images/{function}')\nfrom handler import handler")
    assert done.returncode == 0, done.stderr
