"""`rag verify` and `rag redrive`: compare the stores and mend them, try failed documents again. Both run in-process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from portfolio_rag.cli.documents import document_id_of
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.domain.errors import InvalidRequest, PortfolioRagError
from portfolio_rag.local.config import StackConfig


def verify(*, repair: bool, as_json: bool = False, parts: RepairParts | None = None) -> None:
    """Print every difference between the stores. Raises PortfolioRagError when there are any and none is mended."""
    console = screen()
    found: Counter[str] = Counter()
    differences = []
    for difference in _parts(parts).full_scan.run(repair=repair):
        found[difference.kind] += 1
        if as_json:
            differences.append(
                {
                    "kind": difference.kind,
                    "document_id": difference.document_id,
                    "detail": difference.detail,
                }
            )
        else:
            line = f"{difference.kind}  {difference.document_id}  {escape(difference.detail)}"
            console.print(line, highlight=False, soft_wrap=True)
    if as_json:
        print_json({"agree": not found, "repaired": repair and bool(found), "differences": differences})
    if not found:
        if not as_json:
            console.print("S3, DynamoDB, Chroma and the backup agree.")
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
    if not repair:
        raise PortfolioRagError(f"{counts}. `rag verify --repair` mends what it can.")
    if not as_json:
        console.print(f"{counts}: mended, or being ingested again. `rag verify` shows what is left.")


def redrive(
    document_ids: Sequence[str], *, everything: bool, as_json: bool = False, parts: RepairParts | None = None
) -> None:
    """Try failed documents again. Raises InvalidRequest without any, and what the first that cannot be raises."""
    if bool(document_ids) == everything:
        raise InvalidRequest("Name the documents by their ids or paths, or say --all.")
    if document_ids:
        config = StackConfig.load()
        document_ids = [document_id_of(name, config) for name in document_ids]
    redrive = _parts(parts).redrive
    console = screen()
    retried = redrive.all() if everything else (redrive.document(document_id) for document_id in document_ids)
    versions = []
    for version in retried:
        versions.append({"document_id": version.document_id, "version": version.version, "filename": version.filename})
        if not as_json:
            line = f"{version.document_id}  version {version.version}  {escape_line(version.filename)}"
            console.print(line, highlight=False, soft_wrap=True)
    if as_json:
        print_json({"items": versions})
        return
    console.print(f"{len(versions)} on their way again. `rag status --live` follows them.")


def _parts(parts: RepairParts | None) -> RepairParts:
    return parts or RepairParts.from_env(StackConfig.load().child_environment())
