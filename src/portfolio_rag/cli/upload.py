"""`rag upload`: files and folders into `incoming/`, with a progress bar."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from portfolio_rag.cli.output import print_json, progress
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import InvalidRequest, PortfolioRagError
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.uploads import Sent, Skipped, Upload, Uploader, collect
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import FILE_TYPES_IN_WORDS

_PARALLEL = 4
_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 600.0


def upload(paths: Sequence[Path], *, prefix: str, attributes: Sequence[str], wait: bool, as_json: bool = False) -> None:
    """Raises InvalidRequest when nothing can be uploaded, PortfolioRagError when a document FAILED."""
    config = StackConfig.load()
    console = progress(as_json=as_json)
    uploads, skipped = collect(paths, prefix=prefix, attributes=parse_attributes(attributes))
    _tell_skipped(console, skipped)
    if not uploads:
        raise InvalidRequest(f"There is nothing to upload: give {FILE_TYPES_IN_WORDS} files.")
    settings = Settings.from_env(config.child_environment())
    uploader = Uploader(aws_clients(config), settings)
    sent = _send(console, uploader, uploads)
    if as_json:
        ended = _follow(console, uploader, sent) if wait else {}
        print_json({"bucket": settings.s3_raw_bucket, **_result(sent, ended, skipped)})
        _fail_with(ended)
        return
    console.print(
        f"{len(sent)} {'document' if len(sent) == 1 else 'documents'} in s3://{settings.s3_raw_bucket}/incoming/"
    )
    if wait:
        _report(console, _follow(console, uploader, sent))
    else:
        console.print("[dim]`rag status --live` shows how far they are.[/dim]")


def parse_attributes(pairs: Sequence[str]) -> dict[str, AttributeValue]:
    """`team=platform year=2026 tags=["a","b"]`: numbers, true, false and lists are JSON, all else is text."""
    attributes: dict[str, AttributeValue] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise InvalidRequest(f"An attribute is NAME=VALUE, not {pair!r}.")
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        attributes[name] = parsed if isinstance(parsed, (str, bool, int, float, list)) else text
    return attributes


def _tell_skipped(console: Console, skipped: Sequence[Skipped]) -> None:
    for entry in skipped:
        console.print(
            f"[yellow]skipped[/yellow] {escape_line(str(entry.path))}: {escape(entry.reason)}", soft_wrap=True
        )


def _send(console: Console, uploader: Uploader, uploads: Sequence[Upload]) -> list[Sent]:
    columns = (TextColumn("Uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar, ThreadPoolExecutor(_PARALLEL) as pool:
        task = bar.add_task("upload", total=sum(entry.size for entry in uploads))

        def put(entry: Upload) -> Sent:
            return uploader.put(entry, lambda count: bar.advance(task, count))

        return list(pool.map(put, uploads))


def _follow(console: Console, uploader: Uploader, sent: Sequence[Sent]) -> dict[Sent, DocumentVersion]:
    columns = (TextColumn("Ingesting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("ingest", total=len(sent))
        last_change, done = time.monotonic(), 0
        while True:
            ended = uploader.ended(sent)
            bar.update(task, completed=len(ended))
            if len(ended) == len(sent):
                return ended
            if len(ended) != done:
                last_change, done = time.monotonic(), len(ended)
            if time.monotonic() - last_change > _PATIENCE_SECONDS:
                raise PortfolioRagError(
                    f"{len(sent) - done} documents are not at their end after {_PATIENCE_SECONDS / 60:.0f} minutes "
                    "without a change. `rag status` shows where they are, `rag logs lambda` what the functions do."
                )
            time.sleep(_POLL_SECONDS)


def _report(console: Console, ended: dict[Sent, DocumentVersion]) -> None:
    for sent, version in ended.items():
        if version.status is DocumentStatus.FAILED:
            about = f"[red]FAILED[/red] {escape(version.error_message or '')}"
        elif version.version < sent.version:
            about = f"[green]unchanged[/green] since version {version.version}"
        else:
            about = f"[green]COMPLETED[/green] version {version.version}, {version.chunk_count} chunks"
        console.print(f"{escape_line(sent.upload.logical_key)}: {about}", soft_wrap=True)
    _fail_with(ended)


def _result(
    sent: Sequence[Sent], ended: Mapping[Sent, DocumentVersion], skipped: Sequence[Skipped]
) -> dict[str, object]:
    """Each document with the version that it is, and what became of it where that was waited for."""
    documents = []
    for entry in sent:
        version = ended.get(entry)
        documents.append(
            {
                "document_id": entry.document_id,
                "logical_key": entry.upload.logical_key,
                "version": version.version if version else entry.version,
                "unchanged": version is not None and version.version < entry.version,
                "status": str(version.status) if version else None,
                "chunk_count": version.chunk_count if version else None,
                "error_code": version.error_code if version else None,
                "error_message": version.error_message if version else None,
            }
        )
    return {
        "documents": documents,
        "skipped": [{"path": str(entry.path), "reason": entry.reason} for entry in skipped],
    }


def _fail_with(ended: Mapping[Sent, DocumentVersion]) -> None:
    failed = sum(version.status is DocumentStatus.FAILED for version in ended.values())
    if failed:
        raise PortfolioRagError(f"{failed} of {len(ended)} documents failed; the reasons are above.")
