"""How many CPUs this process may really use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

LAMBDA_MB_PER_VCPU = 1769
"""AWS Lambda gives CPU in proportion to memory: 1,769 MB buy one vCPU."""


def available_cpus(*, env: Mapping[str, str] | None = None, root: Path = Path("/")) -> int:
    """The smallest of these limits, fractions rounded up, at least 1:

    - the CPUs that the scheduler may use for this process (`sched_getaffinity`, else `os.cpu_count`);
    - the quota of its control group or of one above it: `cpu.max` (version 2), or `cpu.cfs_quota_us` over
      `cpu.cfs_period_us` (version 1);
    - in AWS Lambda, AWS_LAMBDA_FUNCTION_MEMORY_SIZE / 1769, as a function sees more CPUs than it is given.

    Libraries count the machine's CPUs instead; under a quota that costs 9 to 20 times the time.
    `root` is where /proc and /sys lie.
    """
    env = os.environ if env is None else env
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    limits = [float(len(affinity(0)) if affinity else os.cpu_count() or 1), *_quotas(root)]
    memory_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    if memory_mb.isdecimal():
        limits.append(int(memory_mb) / LAMBDA_MB_PER_VCPU)
    return max(1, math.ceil(min(limits)))


def _quotas(root: Path) -> Iterator[float]:
    """Every CPU quota above this process, in CPUs."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mounts = ["sys/fs/cgroup"]
        elif "cpu" in controllers.split(","):
            mounts = ["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"]
        else:
            continue
        group = PurePosixPath(path.lstrip("/"))
        # A container may see its own group mounted at the top and the host's path in /proc: paths that do not
        # exist are passed over, and the top is always looked at.
        for level in dict.fromkeys([group, *group.parents]):
            for mount in mounts:
                quota = _quota(root / mount / level)
                if quota is not None:
                    yield quota


def _quota(group: Path) -> float | None:
    """The quota of one control group in CPUs; None: not set, or no such group."""
    try:
        limit, period = (group / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            limit = (group / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except OSError:
            return None
    if limit == "max" or int(limit) <= 0 or int(period) <= 0:
        return None
    return int(limit) / int(period)
