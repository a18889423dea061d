"""Every planted bug is caught by the test that docs/mutations-api.md names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.planted.bugs import BUGS, Bug
from tests.planted.running import CAUGHT, ROOT, first_failure, processes, table

NODES: dict[str, str] = json.loads(CAUGHT.read_text())
AT_ONCE = 6
"""Some of them wait for what the bug keeps from coming."""


@pytest.fixture(scope="module")
def failures() -> Iterator[dict[str, Future[str]]]:
    """Which test failed with each bug: they run side by side."""
    with processes() as context, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {bug.name: pool.submit(first_failure, context, bug, NODES[bug.name]) for bug in BUGS}


def test_the_table_names_them_all() -> None:
    assert NODES.keys() == {bug.name for bug in BUGS}
    assert (ROOT / "docs" / "mutations-api.md").read_text() == table(BUGS, NODES), "run python -m tests.planted"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug, failures: dict[str, Future[str]]) -> None:
    assert failures[bug.name].result() == NODES[bug.name]


def test_without_a_bug_the_same_tests_pass() -> None:
    harmless = Bug("none", "api.paths", "from __future__", "from __future__", "")
    with processes() as context:
        assert first_failure(context, harmless, NODES["a rate is counted by each process"]) == ""
