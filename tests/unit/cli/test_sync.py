"""What `rag sync` prints, its exit codes, and when a watched folder is looked at again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portfolio_rag.cli import sync as module
from portfolio_rag.cli.main import main
from portfolio_rag.cli.sync import Sync
from tests.simulation.fast import install
from tests.simulation.schedule import TEXTS
from tests.simulation.world import World


@pytest.fixture(autouse=True)
def _on_the_models(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line with the world in the place of the stack."""
    install(monkeypatch)
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", "/dev/null")
    services = {"s3": world.s3, "dynamodb": world.dynamo}
    monkeypatch.setattr(module, "aws_clients", lambda config: services.__getitem__)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text(TEXTS["short"])
    (tmp_path / "b.bin").write_bytes(b"\x00\x01\x02\x03" * 300)
    return tmp_path


def rag(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code."""
    monkeypatch.setattr(sys, "argv", ["rag", "sync", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_dry_run_does_nothing_and_says_so(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rag(monkeypatch, str(folder), "--prefix", "x", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "new x/a.md"
    assert lines[1].startswith("skipped x/b.bin: The file looks like binary data")
    assert lines[2] == "1 new, 1 skipped. Nothing was done: this is what a sync would do."
    assert not world.s3.current_keys("portfolio-raw")


def test_the_result_as_json(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rag(monkeypatch, str(folder), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {
        "new": 1, "changed": 0, "deleted": 0, "unchanged": 0, "under_way": 0, "failed": 0, "skipped": 1,
    }  # fmt: skip
    assert report["documents"][0] == {"key": "a.md", "action": "new"}
    assert (report["dry_run"], report["errors"]) == (False, [])
    assert world.s3.current_keys("portfolio-raw") == ["incoming/a.md"]


def test_what_cannot_be_done_is_one_message_and_exit_code_1(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rag(monkeypatch, str(folder), "--delete") == 1
    assert "--delete needs --prefix" in capsys.readouterr().err
    assert rag(monkeypatch, str(folder), "--watch", "--dry-run") == 1
    assert "do not go together" in capsys.readouterr().err
    assert rag(monkeypatch, str(folder / "nowhere")) == 1
    assert "is no folder" in capsys.readouterr().err
    monkeypatch.setattr(world.s3, "upload_file", broken)
    assert rag(monkeypatch, str(folder)) == 1
    captured = capsys.readouterr()
    assert "error a.md: " in captured.out
    assert "1 of 2 documents failed" in captured.err


def broken(*_: object, **__: object) -> None:
    raise FileNotFoundError


def test_a_watched_folder_is_looked_at_until_all_is_known(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Passes that have nothing to do are silent, and a wrong sidecar does not end it."""
    old = world.clock.now().timestamp() - 60
    os.utime(folder / "a.md", (old, old))
    looked: list[str] = []
    plan = Sync.plan

    def looking(work: Sync) -> object:
        looked.append("looked")
        return plan(work)

    def scripted(_: Path | None) -> Iterator[bool]:
        yield False  # The start: what is there is sent.
        yield False  # It is under way.
        world.run()
        yield False  # It is known.
        yield False
        assert len(looked) == 3
        (folder / "a.md.metadata.json").write_text("{}")
        yield True
        yield False
        assert len(looked) == 4
        (folder / "a.md.metadata.json").unlink()
        (folder / "a.md").write_text(TEXTS["other"])
        yield True
        raise KeyboardInterrupt

    monkeypatch.setattr(Sync, "plan", looking)
    monkeypatch.setattr(module, "passes", scripted)
    assert rag(monkeypatch, str(folder), "--watch") == 130
    captured = capsys.readouterr()
    assert [line for line in captured.out.splitlines() if line.endswith("a.md")] == ["new a.md", "changed a.md"]
    assert "a.md" in captured.err
