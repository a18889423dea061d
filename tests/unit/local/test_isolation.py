from __future__ import annotations

import os
from pathlib import Path

import pytest

from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.isolation import free_ports, isolated_environment


def test_nothing_of_the_shell_steers_a_second_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "OPENAI_API_KEY", "CHROMA_URL", "TF_VAR_alarm_email", "API_PORT", "PORTFOLIO_HOME"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/ca.pem")
    environment = isolated_environment(tmp_path / "home", model_dir=tmp_path / "model")
    assert "theirs" not in environment.values()
    assert environment["AWS_CA_BUNDLE"] == "/etc/ca.pem"
    assert environment["PATH"] == os.environ["PATH"]
    config = StackConfig.load(environment, project=tmp_path)
    assert config.home == tmp_path / "home"
    assert config.model_dir == Path(os.environ.get("PORTFOLIO_MODEL_DIR", tmp_path / "model"))
    assert config.api_port != 8000


def test_free_ports_differ() -> None:
    assert len(set(free_ports(50))) == 50
