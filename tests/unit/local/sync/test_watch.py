"""A change in a folder is told once it has happened, also below a folder that is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from portfolio_rag.local.sync import watch


def test_a_change_is_told_and_silence_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_RECHECK_SECONDS", 0.2)
    passes = watch.passes(tmp_path)
    assert next(passes) is False
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.md").write_text("# A\n")
    assert any(next(passes) for _ in range(50))


def test_a_bucket_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    passes = watch.passes(None)
    assert [next(passes), next(passes)] == [True, True]
    assert waited == [60.0]
