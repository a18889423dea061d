"""Runs one test with a bug in the code: in a process of its own, in which the module is read with the bug in it.

The processes are forked from one that has imported the libraries and nothing of the project.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.planted.bugs import Bug

ROOT = Path(__file__).parents[2]
CAUGHT = Path(__file__).parent / "caught.json"
_LIBRARIES = [
    *(
        "pytest",
        "fastapi",
        "fastapi.testclient",
        "openai",
        "boto3",
        "numpy",
        "tantivy",
        "snowballstemmer",
        "markdown_it",
    ),
    # What pytest would read of its plugins anew in each process takes longer than most of the tests.
    *(plugin.module for plugin in entry_points(group="pytest11")),
    "tests.planted.running",
]


def path_of(module: str) -> Path:
    """The file of a module."""
    base = ROOT / "src" if module.startswith("portfolio_rag") else ROOT
    return base / f"{module.replace('.', '/')}.py"


def with_bug(bug: Bug) -> str:
    """The source of the module with the bug in it. Raises AssertionError where the text is not there exactly once."""
    source = path_of(bug.module).read_text(encoding="utf-8")
    assert source.count(bug.old) == 1, f"{bug.name}: {source.count(bug.old)} times in {bug.module}: {bug.old}"
    return source.replace(bug.old, bug.new)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, module: str, source: str) -> None:
        super().__init__(module, str(path_of(module)))
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


class _Finder:
    """First on `sys.meta_path`: finds the one module with the bug in it."""

    def __init__(self, bug: Bug) -> None:
        self._module, self._source = bug.module, with_bug(bug)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        return importlib.util.spec_from_loader(name, _Loader(name, self._source))


class _FirstFailure:
    """A pytest plugin: the node id of the first test that failed."""

    node = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.node:
            self.node = report.nodeid


def _run(bug: Bug, node: str, result: str) -> None:
    os.chdir(ROOT)
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    assert bug.module not in sys.modules, "the process that all are forked from has read the module"
    sys.meta_path.insert(0, _Finder(bug))
    failure = _FirstFailure()
    # The libraries of its plugins are there already.
    quiet = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    status = pytest.main(["-x", "-q", *quiet, node], plugins=[failure])
    Path(result).write_text(json.dumps([int(status), failure.node]))


@contextmanager
def processes() -> Iterator[multiprocessing.context.ForkServerContext]:
    """Where the processes come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    yield context


def first_failure(context: multiprocessing.context.ForkServerContext, bug: Bug, node: str, seconds: float = 120) -> str:
    """The first test of `node` that fails with the bug in the code; empty where all pass.

    Raises AssertionError where they could not be run: a bug that keeps a module from being read is none.
    """
    with tempfile.NamedTemporaryFile() as result:
        process = context.Process(target=_run, args=(bug, node, result.name))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError(f"{bug.name}: {node} has not ended after {seconds} s")
        written = Path(result.name).read_text()
    assert written, f"{bug.name}: {node} ended with {process.exitcode}"
    status, failed = json.loads(written)
    assert status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), f"{bug.name}: pytest ended with {status}"
    return str(failed)


def table(bugs: Sequence[Bug], caught: Mapping[str, str]) -> str:
    """docs/mutations-api.md."""
    lines = [
        "# Planted bugs of the API",
        "",
        "Each line is a bug that is planted into the code that lets in, shows, limits, answers, counts and rings,",
        "and the test that catches it. Written by `python -m tests.planted`; `tests/planted/test_bugs.py` plants",
        "each of them again. Those of the pipeline are in [mutations.md](mutations.md).",
        "",
        "| Planted bug | Where | Caught by |",
        "|---|---|---|",
        *(f"| {bug.name} | `{bug.module}` | `{_cell(caught[bug.name])}` |" for bug in bugs),
    ]
    return "\n".join(lines) + "\n"


def _cell(node: str) -> str:
    return node.replace("|", "\\|")
