"""Looks for the test that catches each planted bug: writes caught.json and docs/mutations-api.md.

With `--check`, plants each once more, runs the test that caught it, and prints as JSON which test failed.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.planted.bugs import BUGS, Bug
from tests.planted.running import CAUGHT, ROOT, first_failure, processes, table

AT_ONCE = 6
"""Some of them wait for what the bug keeps from coming."""


def check(caught: dict[str, str]) -> dict[str, str]:
    """The test that failed with each bug; under the empty name, with none: the first of the tests once more."""
    harmless = Bug("", "api.paths", "from __future__", "from __future__", "")
    nodes = {"": caught[BUGS[0].name], **caught}
    with processes() as context, ThreadPoolExecutor(AT_ONCE) as pool:
        running = {bug.name: pool.submit(first_failure, context, bug, nodes[bug.name]) for bug in [harmless, *BUGS]}
        return {name: future.result() for name, future in running.items()}


def find(known: dict[str, str]) -> dict[str, str]:
    """The test that catches each bug, the known one where it still does; tells what is new and what is not caught."""
    caught = {}
    with processes() as context:
        for bug in BUGS:
            node = known.get(bug.name)
            failed = (node and first_failure(context, bug, node)) or first_failure(context, bug, bug.tests)
            if failed != node:
                print(f"{bug.name}: {failed or 'NOT CAUGHT'}", flush=True)
            if failed:
                caught[bug.name] = failed
    return caught


def main() -> int:
    known: dict[str, str] = json.loads(CAUGHT.read_text()) if CAUGHT.exists() else {}
    if sys.argv[1:] == ["--check"]:
        print(json.dumps(check(known)))
        return 0
    caught = find(known)
    CAUGHT.write_text(json.dumps(caught, indent=1) + "\n")
    if len(caught) < len(BUGS):
        return 1
    (ROOT / "docs" / "mutations-api.md").write_text(table(BUGS, caught))
    return 0


if __name__ == "__main__":
    sys.exit(main())
