"""`rag verify` and `rag redrive`: compare the stores and mend them, try failed documents again. Both run in-process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.errors import InvalidRequest, PortfolioRagError
from portfolio_rag.local.config import StackConfig


def verify(*, repair: bool, parts: RepairParts | None = None) -> None:
    """Print every difference between the stores. Raises PortfolioRagError when there are any and none is mended."""
    console = Console()
    found: Counter[str] = Counter()
    for difference in _parts(parts).full_scan.run(repair=repair):
        found[difference.kind] += 1
        console.print(f"{difference.kind}  {difference.document_id}  {escape(difference.detail)}", highlight=False)
    if not found:
        console.print("S3, DynamoDB, Chroma and the backup agree.")
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
    if not repair:
        raise PortfolioRagError(f"{counts}. `rag verify --repair` mends what it can.")
    console.print(f"{counts}: mended, or being ingested again. `rag verify` shows what is left.")


def redrive(document_ids: Sequence[str], *, everything: bool, parts: RepairParts | None = None) -> None:
    """Try failed documents again. Raises InvalidRequest without ids, and what the first id that cannot be raises."""
    if bool(document_ids) == everything:
        raise InvalidRequest("Name the documents by their ids, or say --all.")
    redrive = _parts(parts).redrive
    console = Console()
    retried = redrive.all() if everything else (redrive.document(document_id) for document_id in document_ids)
    count = 0
    for version in retried:
        count += 1
        console.print(
            f"{version.document_id}  version {version.version}  {escape_line(version.filename)}", highlight=False
        )
    console.print(f"{count} on their way again. `rag status --live` follows them.")


def _parts(parts: RepairParts | None) -> RepairParts:
    return parts or RepairParts.from_env(StackConfig.load().child_environment())
