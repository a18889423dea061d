"""The commands' surface: help, errors as one line, nothing heavy imported before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from portfolio_rag.cli.main import app, main
from portfolio_rag.local.errors import StackError


@pytest.mark.parametrize("command", ["up", "jobs", "ask"])
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def commands_of(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands_of(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_has_an_output_for_programs() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    options = {
        name: [option for part in command.params for option in part.opts] for name, command in commands_of(group)
    }
    assert len(options) > 20
    assert [name for name, known in options.items() if "--json" not in known] == []


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"rag {version('portfolio-rag')}\n"


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", {"COMP_WORDS": "rag jobs sh", "COMP_CWORD": "2"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "rag jobs sh"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "rag jobs sh", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_the_shell_completes_commands(shell: str, words: dict[str, str]) -> None:
    code = "import sys; sys.argv[0] = 'rag'; from portfolio_rag.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | words | {"_RAG_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "show" in done.stdout
    assert "cancel" not in done.stdout


def test_a_command_that_cannot_be_understood_says_where_the_help_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "jobs", "shwo", "1") == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: No such command 'shwo'.")
    assert error.endswith("`rag jobs --help` shows what can be said.\n")


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [(["ask", "why"], "StackError", 1), (["ask"], "UsageError", 2), (["no"], "UsageError", 2)],
)
def test_with_json_an_error_is_json_on_standard_error(
    arguments: list[str], kind: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_PORT", "not-a-port")
    assert run_main(monkeypatch, *arguments, "--json") == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["error"]["type"] == kind


def test_a_question_that_reads_like_an_option_does_not_change_how_errors_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_PORT", "not-a-port")
    assert run_main(monkeypatch, "ask", "--", "--json") == 1
    assert capsys.readouterr().err.startswith("Error: API_PORT")


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
