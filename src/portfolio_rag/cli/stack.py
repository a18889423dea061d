"""`rag up`, `rag down`, `rag clean`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from portfolio_rag.cli.output import print_json, progress, screen
from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.cli.recovery import recover
from portfolio_rag.cli.terminal import escape
from portfolio_rag.composition.repair import RepairParts
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.marks import Marks
from portfolio_rag.local.report import Reporter
from portfolio_rag.local.stack import Stack
from portfolio_rag.settings.environment import Settings

QUESTION = "How long does Amazon SQS keep a message by default?"


def up(*, samples: bool, as_json: bool = False) -> None:
    """Start everything and say what to try now, or with `as_json` where everything is."""
    config = StackConfig.load()
    console = progress(as_json=as_json)
    credentials = _has_credentials()
    reporter = RichReporter(console)
    Stack(config).up(reporter, samples=samples)
    _recover(config, reporter)
    if as_json:
        print_json(_addresses(config))
        return
    console.print(guide(config, credentials=credentials), soft_wrap=True)


def _recover(config: StackConfig, reporter: Reporter) -> None:
    """Repair after an unclean end of the emulator, unless that was done already, and tell what was done, once."""
    marks = Marks(config.state_dir)
    if not marks.unclean and not marks.report.exists():
        return
    with reporter.step("Repairing after an unclean end"):
        words = recover(config.state_dir, RepairParts.from_env(config.child_environment()))
    for line in words.splitlines():
        reporter.note(line)
    marks.report.unlink(missing_ok=True)


def _addresses(config: StackConfig) -> dict[str, str]:
    settings = Settings.from_env(config.child_environment())
    return {
        "api_url": config.api_url,
        "emulator_url": config.emulator_url,
        "chroma_url": config.chroma_url,
        "region": config.region,
        "raw_bucket": settings.s3_raw_bucket,
        "language_model_provider": settings.language_model_provider,
        "logs": str(config.logs_dir),
    }


def down(*, as_json: bool = False) -> None:
    console = progress(as_json=as_json)
    with console.status("Stopping; the emulator saves its state"):
        stopped = Stack(StackConfig.load()).down()
    if as_json:
        print_json({"stopped": stopped})
        return
    console.print("Stopped. `make up` goes on where it was." if stopped else "Nothing was running.")


def clean(*, as_json: bool = False) -> None:
    config = StackConfig.load()
    Stack(config).clean()
    if as_json:
        print_json({"deleted": str(config.home)})
        return
    screen().print(f"Stopped, and deleted the state in {escape(str(config.home))}. The baked model stays.")


def guide(config: StackConfig, *, credentials: bool) -> str:
    """What to try now, as rich markup."""
    settings = Settings.from_env(config.child_environment())
    endpoint = f"http://localhost:{config.emulator_port}"
    api = f"http://localhost:{config.api_port}"
    key = ' -H "X-API-Key: $API_KEY"' if settings.api_key else ""
    lines = [
        "",
        "[bold]Everything is up.[/bold] Try:",
        "",
        "[dim]# ask in the browser[/dim]",
        f"{api}/",
        "",
        "[dim]# ask here[/dim]",
        f'{_command("rag")} ask "{QUESTION}"',
        f"curl -s {api}/api/chat -H 'Content-Type: application/json'{key} -d '{{\"question\": \"{QUESTION}\"}}'",
        "",
        "[dim]# ingest a document of yours: md, pdf, docx, xlsx, eml and others[/dim]",
    ]
    if not credentials:
        lines.append(f"export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={config.region}")
    lines += [
        f"{_command('aws')} --endpoint-url {endpoint} s3 cp FILE s3://{settings.s3_raw_bucket}/incoming/FILE",
        f"{_command('rag')} upload FILE --wait",
        "",
        "[dim]# watch, and stop[/dim]",
        f"{_command('rag')} status --live",
        "make down",
    ]
    if settings.language_model_provider == "none":
        lines += ["", "[dim]Answers are extractive: set OPENAI_API_KEY in .env for written ones.[/dim]"]
    return "\n".join(lines)


def _command(name: str) -> str:
    """The command as the user's shell finds it: by name, or by its path in the virtual environment."""
    if shutil.which(name):
        return name
    path = Path(sys.executable).parent / name
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _has_credentials() -> bool:
    """Whether the user's own `aws` would find credentials; nobody on the network is asked."""
    if os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE"):
        return True
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser().is_file()
