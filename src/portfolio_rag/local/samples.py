"""The sample corpus: uploaded once, as a user would, and followed until every document is at its end."""

from __future__ import annotations

import time

from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.report import Step
from portfolio_rag.local.uploads import Sent, Uploader, collect
from portfolio_rag.settings.environment import Settings

PREFIX = "samples"
_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0


def ingest_samples(config: StackConfig, clients: AwsClients, settings: Settings, step: Step) -> None:
    """Upload the samples that the registry does not know, and wait for them and those still under way.

    A sample that the user deleted stays deleted. Raises StackError when one fails, or when nothing more happens.
    """
    uploads, _ = collect([config.project / "samples" / "documents"], prefix=PREFIX)
    uploader = Uploader(clients, settings)
    sent = []
    for upload in uploads:
        known = uploader.newest(upload)
        if known is None:
            step.update(f"uploading {upload.path.name}")
            sent.append(uploader.put(upload))
        elif known not in uploader.ended([known]):
            sent.append(known)
    if sent:
        follow(uploader, sent, step)
    else:
        step.skip("already there")


def follow(uploader: Uploader, sent: list[Sent], step: Step) -> None:
    """Wait until every one is COMPLETED; raises StackError naming those that FAILED or make no progress."""
    last_change = time.monotonic()
    done = 0
    while True:
        ended = uploader.ended(sent)
        if len(ended) != done:
            done, last_change = len(ended), time.monotonic()
        waiting = [entry.upload.path.name for entry in sent if entry not in ended]
        if not waiting:
            break
        if time.monotonic() - last_change > _PATIENCE_SECONDS:
            raise StackError(
                f"No document has come to its end for {_PATIENCE_SECONDS:.0f} s. Still under way: "
                f"{', '.join(waiting)}. `rag logs lambda` shows what the functions do."
            )
        step.update(f"{done} of {len(sent)} at their end, e.g. waiting for {waiting[0]}")
        time.sleep(_POLL_SECONDS)
    failed = [
        f"  {entry.upload.path.name}: {version.error_message}"
        for entry, version in ended.items()
        if version.status is DocumentStatus.FAILED
    ]
    if failed:
        raise StackError("These documents failed:\n" + "\n".join(failed))
    step.update(f"{done} documents")
