"""The limits that a process may run under, as the kernel and AWS Lambda state them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portfolio_rag.adapters.process.cpu import available_cpus


@pytest.fixture(autouse=True)
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def machine(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    for path, content in {"proc/self/cgroup": cgroup, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def test_no_control_groups(tmp_path: Path) -> None:
    assert available_cpus(env={}, root=tmp_path) == 8


def test_without_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert available_cpus(env={}, root=tmp_path) == 3


@pytest.mark.parametrize(
    ("limit", "cpus"), [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1)]
)
def test_version_2(tmp_path: Path, limit: str, cpus: int) -> None:
    root = machine(tmp_path, "0::/a/b\n", {"sys/fs/cgroup/a/b/cpu.max": limit + "\n"})
    assert available_cpus(env={}, root=root) == cpus


def test_version_2_the_least_of_the_groups_above(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "300000 100000\n"}
    assert available_cpus(env={}, root=machine(tmp_path, "0::/a/b\n", files)) == 3


def test_container_whose_group_is_mounted_at_the_top(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/docker/0123\n", {"sys/fs/cgroup/cpu.max": "100000 100000\n"})
    assert available_cpus(env={}, root=root) == 1


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_version_1(tmp_path: Path, mount: str) -> None:
    cgroup = "5:cpuset:/x\n4:cpu,cpuacct:/x\n"
    group = f"sys/fs/cgroup/{mount}/x"
    files = {f"{group}/cpu.cfs_quota_us": "400000\n", f"{group}/cpu.cfs_period_us": "100000\n"}
    assert available_cpus(env={}, root=machine(tmp_path, cgroup, files)) == 4
    (tmp_path / group / "cpu.cfs_quota_us").write_text("-1\n")
    assert available_cpus(env={}, root=tmp_path) == 8


@pytest.mark.parametrize(("memory", "cpus"), [("512", 1), ("1769", 1), ("3538", 2), ("10240", 6), ("", 8)])
def test_lambda_memory(tmp_path: Path, memory: str, cpus: int) -> None:
    assert available_cpus(env={"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory}, root=tmp_path) == cpus


def test_this_machine() -> None:
    assert 1 <= available_cpus(env={}) <= 8
