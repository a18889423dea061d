"""`rag sync`: keep the documents below a prefix in step with a folder or a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.cli.output import print_json_line
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.domain.errors import InvalidRequest, PortfolioRagError
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.deployment import aws_clients
from portfolio_rag.local.sync.apply import Failure, apply
from portfolio_rag.local.sync.bucket import SCHEME, BucketSource
from portfolio_rag.local.sync.folder import FolderSource
from portfolio_rag.local.sync.plan import Action, Plan, Planner
from portfolio_rag.local.sync.source import Source
from portfolio_rag.local.sync.watch import passes
from portfolio_rag.local.uploads import Uploader
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.settings.environment import Settings

_TOLD = (Action.NEW, Action.CHANGED, Action.DELETED, Action.FAILED, Action.SKIPPED)
_STYLES = {Action.NEW: "green", Action.CHANGED: "green", Action.FAILED: "red"}


class Sync:
    """`prefix` as it was given: None for none. Raises InvalidRequest for what cannot be."""

    def __init__(
        self, clients: AwsClients, settings: Settings, address: str, *, prefix: str | None, delete: bool
    ) -> None:
        if delete and prefix is None:
            raise InvalidRequest(
                "--delete needs --prefix: what is below it and not in the source is deleted. `--prefix /` means all "
                "documents, whoever has uploaded them."
            )
        folder = (prefix or "").strip("/")
        below = f"{folder}/" if folder else ""
        self._bucket = settings.s3_raw_bucket
        self._clients = clients
        registry = DynamoDocumentRegistry(Table(clients("dynamodb"), settings.dynamodb_document_table))
        self._planner = Planner(lambda: self._store, registry, self._bucket, below)
        self._delete = delete
        self.source: Source = (
            BucketSource(clients("s3"), address, bucket=self._bucket, prefix=below)
            if address.startswith(SCHEME)
            else FolderSource(Path(address), below, Uploader(clients, settings))
        )

    @cached_property
    def _store(self) -> ObjectStore:
        return S3ObjectStore(self._clients("s3"))

    def plan(self) -> Plan:
        return self._planner.plan(self.source, delete=self._delete)

    def apply(self, plan: Plan, console: Console | None = None) -> list[Failure]:
        """What could not be done; with a console, a bar shows the bytes."""
        if not plan.of(Action.NEW, Action.CHANGED, Action.DELETED):
            return []
        total = sum(step.document.size for step in plan.steps if step.document)
        if console is None or not total:
            return apply(plan, self.source, self._store, self._bucket)
        columns = (TextColumn("Uploading"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("sync", total=total)
            return apply(plan, self.source, self._store, self._bucket, lambda count: progress.advance(task, count))


def sync(address: str, *, prefix: str | None, delete: bool, dry_run: bool, watch: bool, as_json: bool) -> None:
    """Raises InvalidRequest for what cannot be synchronised, PortfolioRagError when a part of it failed."""
    if watch and dry_run:
        raise InvalidRequest("--watch and --dry-run do not go together.")
    config = StackConfig.load()
    settings = Settings.from_env(config.child_environment())
    work = Sync(aws_clients(config), settings, address, prefix=prefix, delete=delete)
    console = Console()
    if not watch:
        _run(work, console, dry_run=dry_run, as_json=as_json)
        return
    again = True
    for changed in passes(None if address.startswith(SCHEME) else Path(address)):
        if not (changed or again):
            continue
        try:
            again = _run(work, console, dry_run=dry_run, as_json=as_json, quiet=True)
        except PortfolioRagError as error:
            # A service is down: the next pass finds what this one has not done. A wrong sidecar waits for its change.
            again = not isinstance(error, InvalidRequest)
            Console(stderr=True).print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)


def _run(work: Sync, console: Console, *, dry_run: bool, as_json: bool, quiet: bool = False) -> bool:
    """One pass; whether to look again soon. With `quiet`, a pass that does nothing says nothing."""
    plan = work.plan()
    failures = [] if dry_run else work.apply(plan, None if as_json else console)
    done = bool(plan.of(Action.NEW, Action.CHANGED, Action.DELETED))
    if done or not quiet:
        if as_json:
            print_json_line(_report(plan, failures, dry_run=dry_run))
        for line in () if as_json else _lines(plan, failures, dry_run):
            console.print(line, soft_wrap=True, highlight=False)
    if failures:
        raise PortfolioRagError(f"{len(failures)} of {len(plan.steps)} documents failed; the reasons are above.")
    return done or bool(plan.of(Action.UNDER_WAY))


def _report(plan: Plan, failures: Sequence[Failure], *, dry_run: bool) -> dict[str, object]:
    documents = [
        {"key": step.logical_key, "action": step.action.value, **({"reason": step.reason} if step.reason else {})}
        for step in plan.steps
        if step.action is not Action.UNCHANGED
    ]
    return {
        "dry_run": dry_run,
        "counts": plan.counts(),
        "documents": documents,
        "errors": [{"key": step.logical_key, "error": error} for step, error in failures],
    }


def _lines(plan: Plan, failures: Sequence[Failure], dry_run: bool) -> Iterator[str]:
    for step in plan.of(*_TOLD):
        style = _STYLES.get(step.action, "yellow")
        reason = f": {escape(step.reason)}" if step.reason else ""
        yield f"[{style}]{step.action}[/{style}] {escape_line(step.logical_key)}{reason}"
    for failed, error in failures:
        yield f"[red]error[/red] {escape_line(failed.logical_key)}: {escape(error)}"
    counts = (
        ", ".join(f"{count} {action.replace('_', ' ')}" for action, count in plan.counts().items() if count)
        or "no documents"
    )
    yield f"{counts}{'. Nothing was done: this is what a sync would do.' if dry_run else ''}"
