"""When the next pass of a sync is due: what changes in a folder tells it; a bucket is looked at now and then."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

_RECHECK_SECONDS = 5.0
"""After what was uploaded has been ingested, its hash is known: then it is compared once more."""

_BUCKET_SECONDS = 60.0


def passes(folder: Path | None) -> Iterator[bool]:
    """Without end, until Ctrl-C: True when something has changed, False when it is only time to look again.

    Changes that come close together come as one. Without a folder, True every minute.
    """
    if folder is None:
        for number in itertools.count():
            if number:
                time.sleep(_BUCKET_SECONDS)
            yield True
    else:
        from watchfiles import watch  # a compiled module that no other command needs

        changes = watch(
            folder,
            watch_filter=None,
            rust_timeout=int(_RECHECK_SECONDS * 1000),
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        yield from (bool(batch) for batch in changes)
