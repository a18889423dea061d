"""Each finding is listed, can be run, pins what it installs and cleans up. CI does not run them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.pages import ROOT, code_blocks, rows, text_of

SCRIPTS = sorted((ROOT / "findings").glob("*.sh"))


def test_the_readme_lists_them() -> None:
    listed = [re.sub(r"\[(.+)\]\(\1\)", r"\1", cells[0]) for cells in rows(text_of("findings/README.md"))]
    assert listed == [script.name for script in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_can_be_run_and_leaves_nothing(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert text.startswith("#!/usr/bin/env bash\n#")
    assert "\nset -euo pipefail\n" in text
    assert "trap 'rm -rf \"$folder\"' EXIT" in text
    installed = [
        package
        for packages in re.findall(r"pip\" install --quiet (?:--no-deps )?(.+)", text)
        for package in packages.split()
    ]
    assert installed
    assert all("==" in package for package in installed)
    assert "portfolio_rag" not in text


def test_the_example_of_running_one_is_one() -> None:
    named = [line for block in code_blocks(text_of("findings/README.md")) for line in block.split()]
    assert named
    assert all((ROOT / path).exists() for path in named)
