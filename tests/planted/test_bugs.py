"""Every planted bug is caught by the test that docs/mutations-api.md names."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.planted.bugs import BUGS, Bug
from tests.planted.running import CAUGHT, ROOT, table, with_bug

NODES: dict[str, str] = json.loads(CAUGHT.read_text())


@pytest.fixture(scope="module")
def failures() -> dict[str, str]:
    """Which test failed with each bug. In a process of its own: what all are forked from ends with it."""
    command = [sys.executable, "-m", "tests.planted", "--check"]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    failed: dict[str, str] = json.loads(ended.stdout)
    return failed


def test_the_table_names_them_all() -> None:
    assert NODES.keys() == {bug.name for bug in BUGS}
    assert (ROOT / "docs" / "mutations-api.md").read_text() == table(BUGS, NODES), "run python -m tests.planted"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug, failures: dict[str, str]) -> None:
    assert failures[bug.name] == NODES[bug.name]


def test_without_a_bug_the_same_test_passes(failures: dict[str, str]) -> None:
    assert failures[""] == ""


def test_a_text_that_is_not_there_is_no_bug() -> None:
    with pytest.raises(AssertionError, match="0 times in api"):
        with_bug(Bug("none", "api.paths", "no such text", "", ""))
