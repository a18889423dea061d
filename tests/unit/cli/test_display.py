"""Progress, logs, attributes and the guide after `rag up`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from portfolio_rag.cli.logs import _follow, _TextPrinter
from portfolio_rag.cli.logs import show as show_logs
from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.cli.stack import guide
from portfolio_rag.cli.upload import parse_attributes
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError


def test_steps_end_with_a_mark_their_reason_and_their_time() -> None:
    output = io.StringIO()
    report = RichReporter(Console(file=output, width=120))
    with report.step("Baking") as step:
        step.update("loading [weights]")
    with report.step("Applying") as step:
        step.skip("nothing has changed")

    def fail() -> None:
        with report.step("Starting") as step:
            step.update("waiting for [it]")
            raise StackError("dead")

    with pytest.raises(StackError):
        fail()
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("✓ Baking ")
    assert lines[1].startswith("✓ Applying: nothing has changed ")
    assert lines[2].startswith("✗ Starting: waiting for [it] ")


def test_attributes_are_json_where_they_can_be_and_text_otherwise() -> None:
    assert parse_attributes(["team=platform", "year=2026", "public=true", 'tags=["a", "b"]', "note=a=b", "x={}"]) == {
        "team": "platform",
        "year": 2026,
        "public": True,
        "tags": ["a", "b"],
        "note": "a=b",
        "x": "{}",
    }
    for wrong in ("team", "=platform"):
        with pytest.raises(InvalidRequest, match="NAME=VALUE"):
            parse_attributes([wrong])


def test_the_guide_names_ports_bucket_and_what_to_type(tmp_path: Path) -> None:
    config = StackConfig.load({"API_PORT": "8123", "EMULATOR_PORT": "4577"}, project=tmp_path)
    text = guide(config, credentials=False)
    assert "http://localhost:8123/\n" in text
    assert "aws --endpoint-url http://localhost:4577 s3 cp FILE s3://portfolio-raw/incoming/FILE" in text
    assert "curl -s http://localhost:8123/api/chat" in text
    assert "export AWS_ACCESS_KEY_ID=test" in text
    assert "make down" in text
    assert "export" not in guide(config, credentials=True)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTFOLIO_HOME", str(tmp_path))
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", "/dev/null")
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "api.log").write_text("".join(f"request {n}\n" for n in range(5)))
    (folder / "chroma.log").write_text("listening\n")
    return folder


def test_logs_show_the_end_of_all_or_of_one(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_logs(None, follow=False, lines=2)
    assert capsys.readouterr().out.split() == ["api", "request", "3", "api", "request", "4", "chroma", "listening"]
    show_logs("chroma", follow=False, lines=2)
    assert capsys.readouterr().out == "listening\n"


def test_an_unknown_log_names_those_there_are(logs: Path) -> None:
    with pytest.raises(StackError, match="there are: api, chroma"):
        show_logs("nginx", follow=False, lines=2)


def test_following_prints_whole_lines_once_and_survives_rotation(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, printer = logs / "api.log", _TextPrinter("", 0)
    position = path.stat().st_size
    with path.open("a") as log:
        log.write("new\nhalf")
    position = _follow(path, position, printer)
    assert capsys.readouterr().out == "new\n"
    with path.open("a") as log:
        log.write(" done\n")
    position = _follow(path, position, printer)
    assert capsys.readouterr().out == "half done\n"
    path.write_text("rotated\n")
    assert _follow(path, position, printer) == len("rotated\n")
    assert capsys.readouterr().out == "rotated\n"
