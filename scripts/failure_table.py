"""Write docs/failures.md: each row of the failure catalogue and the tests that drive it.

A test says so with `@pytest.mark.failure(row)`. `--check` writes nothing and exits with 1 when the file is out of date
or a row has no test.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "failures.md"

ROWS = {
    1: ("Duplicate S3 event", "one version row, one chunk set"),
    2: ("v2's event arrives before v1's", "v2 live, v1 superseded"),
    3: ("v2 is uploaded while v1 embeds", "v1's late writes are fenced; no v1 chunk is served"),
    4: ("Document deleted while it is processing", "no chunk left in any store"),
    5: (
        "The pipeline's own move out of `incoming/` emits Created:Copy and Removed",
        "no purge, one intake per upload, no loop",
    ),
    6: ("The same chunk message handled by two workers at once", "one vector, one mark"),
    7: (
        "Crash after the Chroma upsert / the S3 backup / the DynamoDB write",
        "retry ends in the state of a run without a fault",
    ),
    8: ("Last-chunk race", "COMPLETED exactly once, never early, never lost"),
    9: (
        "Crash in the middle of the fan-out of chunks",
        "the missing chunks are sent again; the expected count was fixed beforehand",
    ),
    10: ("`SendMessageBatch` answers 200 with `Failed[]`", "those are sent again or the batch fails"),
    11: ("`UnprocessedItems`", "back off until empty"),
    12: ("DynamoDB throttle, TransactionConflict", "bounded retry, no partial state"),
    13: ("An item over 400 KB", "never written: chunks are capped well below it"),
    14: ("A message over the limit; NUL, U+FFFF, lone surrogates in the text", "never over the limit; sanitised"),
    15: ("Poison PDF in a batch", "FAILED with a reason, moved to `failed/`; its batch-mates complete"),
    16: ("PDF bomb, parser loop", "stopped by page, byte, time and memory caps"),
    17: ("Wrong extension, polyglot file, zip bomb", "rejected on content, not name"),
    18: ("Empty file, image-only PDF", "FAILED(NO_TEXT), never stuck"),
    19: ("UTF-16, latin-1, BOM, broken bytes", "decoded or FAILED; no mojibake is indexed"),
    20: ("Keys with spaces, `+`, `%2F`, NFC/NFD, `../`, 1024 bytes", "decoded once; exact round trip"),
    21: ("Chroma down for 10 minutes", "nothing lost, recovery without a hand"),
    22: ("Chroma times out after it committed", "no duplicate"),
    23: ("Chroma's data wiped", "rebuilt from the S3 backup, same ids, nothing embedded again"),
    24: ("A document shrinks from 40 chunks to 10", "no stale chunk"),
    25: ("Identical re-upload", "nothing embedded again, COMPLETED"),
    26: ("v2 fails to parse", "v1 still answers"),
    27: ("DynamoDB says done, the vector is gone", "the reconciler repairs it"),
    28: ("Reindex while documents are ingested", "new collection, atomic switch, nothing lost"),
    29: ("Two overlapping reindexes", "a lease; the second is refused or a no-op"),
    30: ("A worker vanishes; a document is stuck in PROCESSING", "driven again within a bound"),
    31: ("The S3 event never arrives", "the sweep finds the object"),
    32: ("A stale failure report after a success", "COMPLETED never becomes FAILED for that version"),
    33: ("Redrive after a fix", "FAILED → COMPLETED, the object moved"),
    34: ("Lambda timeout in the middle of a batch", "finished items are not repeated"),
    35: ("Malformed `batchItemFailures`", "nothing lost: an item id is never empty, null or unknown"),
    36: ("`s3:TestEvent`, a folder marker", "ignored"),
    37: ("Redelivery days later", "still a no-op: keys are states, not TTL caches"),
    38: ("The same key uploaded again", "a new version runs: idempotency keys include the version"),
    39: ("OpenAI 429, 5xx, stall", "a deadline, 503 with Retry-After, never an uncited answer"),
    40: ("Query during a version switch", "versions are never mixed; every citation resolves"),
}


def tests_by_row() -> dict[int, list[str]]:
    """Row -> `path::test`, read from the decorators without importing anything."""
    found: dict[int, list[str]] = {row: [] for row in ROWS}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.failure":
                        for argument in decorator.args:
                            found[ast.literal_eval(argument)].append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def table() -> str:
    """Raises ValueError for a row without a test."""
    found = tests_by_row()
    bare = [row for row, tests in found.items() if not tests]
    if bare:
        raise ValueError(f"No test drives the rows {bare}: mark one with @pytest.mark.failure(row).")
    lines = [
        "# The failure catalogue, row by row",
        "",
        "What the pipeline survives, and the tests that drive it. Written by `python scripts/failure_table.py` from",
        "the markers of the tests; the test suite fails when a row has no test or this file is out of date.",
        "",
        "| # | Scenario | Expected outcome | Tests |",
        "|---|---|---|---|",
    ]
    for row, (scenario, outcome) in ROWS.items():
        tests = "<br>".join(f"`{test}`" for test in found[row])
        lines.append(f"| {row} | {scenario} | {outcome} | {tests} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    try:
        written = table()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" in sys.argv:
        if not TABLE.exists() or TABLE.read_text() != written:
            print("docs/failures.md is out of date: run python scripts/failure_table.py.", file=sys.stderr)
            return 1
        return 0
    TABLE.write_text(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
