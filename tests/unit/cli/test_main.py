"""The commands' surface: help, errors as one line, nothing heavy imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portfolio_rag.cli.main import app, main
from portfolio_rag.local.errors import StackError

COMMANDS = ("up", "down", "clean", "status", "logs", "upload", "sync", "ingest", "jobs", "ask")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from portfolio_rag.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(set(sys.modules) & {'boto3', 'botocore', 'numpy', 'chromadb', 'httpx', 'onnxruntime'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["rag", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_PORT", "not-a-port")
    assert run_main(monkeypatch, "ask", "anything") == 1
    captured = capsys.readouterr()
    assert captured.err == "Error: API_PORT must be a port (1 to 65535), not 'not-a-port'.\n"
    assert "Traceback" not in captured.err + captured.out


def test_an_api_that_is_down_is_said_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("API_PORT", "1")
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", "/dev/null")
    assert run_main(monkeypatch, "ask", "anything") == 1
    assert "does not answer" in capsys.readouterr().err


def test_up_hands_its_options_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Mapping[str, object]] = []
    monkeypatch.setattr("portfolio_rag.cli.stack.up", lambda **options: seen.append(options))
    assert CliRunner().invoke(app, ["up", "--no-samples"]).exit_code == 0
    assert seen == [{"samples": False, "as_json": False}]


def test_a_failure_of_up_keeps_its_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(**_: object) -> None:
        raise StackError("Chroma died.\n  last words")

    monkeypatch.setattr("portfolio_rag.cli.stack.up", broken)
    assert run_main(monkeypatch, "up") == 1
    assert capsys.readouterr().err == "Error: Chroma died.\n  last words\n"


def test_upload_of_a_missing_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", "/dev/null")
    assert run_main(monkeypatch, "upload", str(tmp_path / "nowhere.md")) == 1
    assert "does not exist" in capsys.readouterr().err
