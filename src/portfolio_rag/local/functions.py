"""The functions that the project ships, and how many invocations of each this machine runs at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Function:
    """`concurrency` is how many invocations run at once; more wait for their turn."""

    name: str
    handler: Path
    concurrency: int


def discover(images: Path) -> list[Function]:
    """The functions of `images/<function_underscored>/handler.py` under their AWS names.

    Intake waits on the network; an embedding-generator has one vCPU by its memory, as on AWS, and so as many of them
    as cores keep the cores busy, one writing while another computes; a second reindex would only meet the lease.
    """
    cores = os.cpu_count() or 1
    concurrency = {
        "document-intake": 4,
        "document-processor": max(2, cores // 2),
        "embedding-generator": min(8, max(2, cores)),
    }
    handlers = {path.parent.name.replace("_", "-"): path for path in sorted(images.glob("*/handler.py"))}
    return [Function(name, path.resolve(), concurrency.get(name, 1)) for name, path in handlers.items()]


def queue_concurrency(images: Path) -> dict[str, dict[str, int]]:
    """Terraform's `function_settings` for this machine: queues hand over no more batches than run soon.

    The emulator counts the wait for a free environment as time of the function, so too many at once would time out
    and use up their receives. 2 is the least that an event source mapping takes.
    """
    fed = {"document-processor", "embedding-generator"}
    return {
        function.name: {"maximum_concurrency": max(2, function.concurrency)}
        for function in discover(images)
        if function.name in fed
    }
