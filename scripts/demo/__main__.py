"""`make demo`: docs/demo-terminal.cast, docs/demo-terminal.webp and docs/demo-console.webp.

From the stack that runs, or from one of its own where none does. The document of the demo is removed again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from rich.console import Console

from portfolio_rag.cli.progress import RichReporter
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.isolation import isolated_environment
from portfolio_rag.local.stack import Stack
from scripts.chromium_browser import ARGUMENTS, find_chromium
from scripts.demo import console_picture, terminal, terminal_picture
from scripts.demo.story import FILENAME, TEXT, Scene

ROOT = Path(__file__).resolve().parents[2]
TITLE = "A document dropped into S3 is answered from, seconds later"


def make(config: StackConfig, environment: Mapping[str, str], output: Path) -> list[Path]:
    """The three files, from the stack that `config` describes."""
    files = [output / name for name in ("demo-terminal.cast", "demo-terminal.webp", "demo-console.webp")]
    with ExitStack() as scope:
        folder = Path(scope.enter_context(tempfile.TemporaryDirectory()))
        (folder / FILENAME).write_text(TEXT, encoding="utf-8")
        scene = Scene(config, environment, folder)
        browser = scope.enter_context(sync_playwright()).chromium.launch(
            executable_path=find_chromium(), args=ARGUMENTS
        )
        scope.callback(browser.close)
        with scene.without_the_document():
            recording = terminal.record(scene)
        recording.save(files[0], title=TITLE)
        terminal_picture.draw(recording, browser).save(files[1], lossless=True)
        with scene.without_the_document():
            film = console_picture.draw(scene, browser)
        film.save(files[2], lossless=False)
    return files


@contextmanager
def running_stack() -> Iterator[tuple[StackConfig, Mapping[str, str]]]:
    """The developer's, or one that ends with the block; with the environment of commands against it."""
    config = StackConfig.load()
    if _answers(config):
        yield config, {**os.environ, **config.child_environment()}
        return
    home = ROOT / ".portfolio" / "demo" / str(os.getpid())
    isolated = isolated_environment(home, model_dir=ROOT / ".portfolio" / "model")
    config = StackConfig.load(isolated, project=ROOT)
    stack = Stack(config)
    with ExitStack() as scope:
        scope.callback(shutil.rmtree, home, ignore_errors=True)
        scope.callback(stack.down)
        stack.up(RichReporter(Console()))
        yield config, {**isolated, **config.child_environment()}


def _answers(config: StackConfig) -> bool:
    try:
        return httpx.get(f"{config.api_url}/api/live", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def main() -> None:
    with running_stack() as (config, environment):
        for file in make(config, environment, ROOT / "docs"):
            print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
