from __future__ import annotations

from pathlib import Path

import pytest

from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError


def load(tmp_path: Path, **env: str) -> StackConfig:
    return StackConfig.load(env, project=tmp_path)


def test_defaults(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert (config.emulator_port, config.chroma_port, config.api_port, config.lambda_host_port) == (
        4566,
        8001,
        8000,
        9700,
    )
    assert config.home == tmp_path / ".portfolio"
    assert config.model_dir == tmp_path / ".portfolio" / "model"


def test_environment_wins_over_the_file_and_an_empty_variable_is_unset(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=8100\nCHROMA_PORT=8200\nGPT_MODEL=from-file\n")
    config = load(tmp_path, API_PORT="8300", CHROMA_PORT="", GPT_MODEL="")
    assert config.api_port == 8300
    assert config.chroma_port == 8200
    assert config.child_environment()["GPT_MODEL"] == "from-file"


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_PORT=8100\n")
    assert load(tmp_path, PORTFOLIO_ENV_FILE="/dev/null").api_port == 8000


def test_ports_may_come_from_the_urls_of_the_architecture(tmp_path: Path) -> None:
    config = load(tmp_path, AWS_ENDPOINT_URL="http://localhost:4577", CHROMA_URL="http://127.0.0.1:8055")
    assert config.emulator_port == 4577
    assert config.chroma_port == 8055
    assert config.ignored_urls() == []


def test_a_port_variable_wins_over_a_url_and_the_url_is_reported(tmp_path: Path) -> None:
    config = load(tmp_path, AWS_ENDPOINT_URL="http://localhost:4577", EMULATOR_PORT="4600")
    assert config.emulator_port == 4600
    assert config.ignored_urls() == ["AWS_ENDPOINT_URL=http://localhost:4577"]


def test_a_url_of_another_host_is_not_used_and_reported(tmp_path: Path) -> None:
    config = load(tmp_path, CHROMA_URL="http://chromadb:8000")
    assert config.chroma_port == 8001
    assert config.ignored_urls() == ["CHROMA_URL=http://chromadb:8000"]
    assert config.child_environment()["CHROMA_URL"] == "http://127.0.0.1:8001"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80.5"])
def test_what_is_no_port_is_refused_by_name(tmp_path: Path, port: str) -> None:
    with pytest.raises(StackError, match="API_PORT must be a port"):
        load(tmp_path, API_PORT=port)


def test_two_processes_cannot_share_a_port(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"CHROMA_PORT=8000.*API_PORT=8000"):
        load(tmp_path, CHROMA_PORT="8000")


def test_real_credentials_never_reach_the_emulator(tmp_path: Path) -> None:
    child = load(
        tmp_path,
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="real",
        AWS_SESSION_TOKEN="real",
        AWS_PROFILE="production",
    ).child_environment()
    assert (child["AWS_ACCESS_KEY_ID"], child["AWS_SECRET_ACCESS_KEY"]) == ("test", "test")
    assert "AWS_SESSION_TOKEN" not in child
    assert "AWS_PROFILE" not in child


def test_an_account_of_the_emulator_is_kept(tmp_path: Path) -> None:
    assert load(tmp_path, AWS_ACCESS_KEY_ID="111111111111").aws_environment()["AWS_ACCESS_KEY_ID"] == "111111111111"


def test_a_system_proxy_does_not_stand_in_the_way(tmp_path: Path) -> None:
    child = load(tmp_path, HTTP_PROXY="http://proxy:3128", NO_PROXY="example.org").child_environment()
    assert child["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert child["no_proxy"] == "127.0.0.1,localhost"
    assert child["HTTP_PROXY"] == "http://proxy:3128"


def test_a_running_stack_is_found_without_being_told_its_ports_again(tmp_path: Path) -> None:
    started = load(tmp_path, API_PORT="8100", CHROMA_PORT="8200")
    started.run_dir.mkdir(parents=True)
    started.remember_ports()
    later = load(tmp_path, CHROMA_PORT="8300")
    assert (later.api_port, later.chroma_port, later.emulator_port) == (8100, 8300, 4566)
    later.forget_ports()
    assert load(tmp_path).api_port == 8000


def test_the_login_of_another_chroma_is_left_out(tmp_path: Path) -> None:
    config = load(tmp_path, CHROMA_API_KEY="ck-1", CHROMA_TENANT="acme", CHROMA_DATABASE="prod")
    assert not [name for name in config.child_environment() if name in ("CHROMA_API_KEY", "CHROMA_TENANT")]
    assert "CHROMA_DATABASE" not in config.child_environment()
