"""What is installed is what was locked: every package with hashes, from wherever, and nothing beside the lock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
INSTALLERS = [ROOT / "scripts" / "install.sh", ROOT / "images" / "Dockerfile"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_has_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_where_packages_come_from(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|--trusted-host| @ |/work/|/opt/", text)


@pytest.mark.parametrize("installer", INSTALLERS, ids=lambda path: path.name)
def test_locks_are_installed_by_their_hashes_and_nothing_beside(installer: Path) -> None:
    lines = re.findall(
        r"install .*(?:-r|--requirement) +(?:\"\$lock\"|requirements/\S+)", installer.read_text(encoding="utf-8")
    )
    assert lines
    for line in lines:
        assert "--no-deps --require-hashes" in line


def test_torch_is_resolved_as_it_is_pinned() -> None:
    """uv is told what its CPU build needs, by version: a new one has to be looked up."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pinned = re.findall(r'"torch==([0-9.]+)"', text)
    assert set(pinned) == set(re.findall(r'name = "torch"\nversion = "([0-9.]+)"', text))
