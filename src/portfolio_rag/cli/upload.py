"""`rag upload`: files and folders into `incoming/`, with a progress bar."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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


def upload(paths: Sequence[Path], *, prefix: str, attributes: Sequence[str], wait: bool) -> None:
    """Raises InvalidRequest when nothing can be uploaded, PortfolioRagError when a document FAILED."""
    config = StackConfig.load()
    console = Console()
    uploads, skipped = collect(paths, prefix=prefix, attributes=parse_attributes(attributes))
    _tell_skipped(console, skipped)
    if not uploads:
        raise InvalidRequest(f"There is nothing to upload: give {FILE_TYPES_IN_WORDS} files.")
    settings = Settings.from_env(config.child_environment())
    uploader = Uploader(aws_clients(config), settings)
    sent = _send(console, uploader, uploads)
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
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(_PARALLEL) as pool:
        task = progress.add_task("upload", total=sum(entry.size for entry in uploads))

        def put(entry: Upload) -> Sent:
            return uploader.put(entry, lambda count: progress.advance(task, count))

        return list(pool.map(put, uploads))


def _follow(console: Console, uploader: Uploader, sent: Sequence[Sent]) -> dict[Sent, DocumentVersion]:
    columns = (TextColumn("Ingesting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("ingest", total=len(sent))
        last_change, done = time.monotonic(), 0
        while True:
            ended = uploader.ended(sent)
            progress.update(task, completed=len(ended))
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
    failed = 0
    for sent, version in ended.items():
        if version.status is DocumentStatus.FAILED:
            failed += 1
            about = f"[red]FAILED[/red] {escape(version.error_message or '')}"
        elif version.version < sent.version:
            about = f"[green]unchanged[/green] since version {version.version}"
        else:
            about = f"[green]COMPLETED[/green] version {version.version}, {version.chunk_count} chunks"
        console.print(f"{escape_line(sent.upload.logical_key)}: {about}", soft_wrap=True)
    if failed:
        raise PortfolioRagError(f"{failed} of {len(ended)} documents failed; the reasons are above.")
