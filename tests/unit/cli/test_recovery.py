"""What was lost with the emulator is made up for once, and told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from portfolio_rag.cli.recovery import recover
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.marks import Marks
from tests.simulation.fast import install
from tests.simulation.world import RAW, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    install(monkeypatch)
    return World()


def test_an_unclean_end_is_made_up_for_once(world: World, tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.begin(snapshot_at=None)
    snapshot = world.snapshot()
    world.upload("a.md", "# A note\n\nThis note is about queues.")
    world.lose_what_came_after(snapshot)
    marks.begin(snapshot_at=snapshot.time.timestamp())
    words = recover(tmp_path, world.container)
    assert "2026-01-01 00:00:00 UTC was lost" in words
    assert "1 UNKNOWN" in words
    assert not marks.unclean
    assert recover(tmp_path, world.container) == words
    world.rest()
    assert world.live(document_id_for(RAW, "a.md")) == 1


def test_the_earliest_loss_counts_until_it_is_made_up_for(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    for moment in (None, 200.0, 100.0, 300.0):
        marks.begin(snapshot_at=moment)
    assert marks.lost_since == 100.0


def test_a_repair_that_fails_stays_due(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = Marks(tmp_path)
    marks.begin(snapshot_at=None)
    marks.begin(snapshot_at=0.0)

    def down(*_: object) -> None:
        raise StorageUnavailable("S3 is away.")

    monkeypatch.setattr(type(world.container.lost_writes), "run", down)
    with pytest.raises(StorageUnavailable):
        recover(tmp_path, world.container)
    assert marks.unclean


def test_an_orderly_end_leaves_nothing_to_repair(world: World, tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.begin(snapshot_at=None)
    marks.end()
    marks.begin(snapshot_at=100.0)
    assert not marks.unclean
    assert recover(tmp_path, world.container) == ""
