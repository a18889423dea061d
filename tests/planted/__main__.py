"""Looks for the test that catches each planted bug: writes caught.json and docs/mutations-api.md."""

from __future__ import annotations

import json
import sys

from tests.planted.bugs import BUGS
from tests.planted.running import CAUGHT, ROOT, first_failure, processes, table


def main() -> int:
    known = json.loads(CAUGHT.read_text()) if CAUGHT.exists() else {}
    caught = {}
    with processes() as context:
        for bug in BUGS:
            node = known.get(bug.name)
            failed = (node and first_failure(context, bug, node)) or first_failure(context, bug, bug.tests)
            if failed != node:
                print(f"{bug.name}: {failed or 'NOT CAUGHT'}", flush=True)
            if failed:
                caught[bug.name] = failed
    CAUGHT.write_text(json.dumps(caught, indent=1) + "\n")
    if len(caught) < len(BUGS):
        return 1
    (ROOT / "docs" / "mutations-api.md").write_text(table(BUGS, caught))
    return 0


if __name__ == "__main__":
    sys.exit(main())
