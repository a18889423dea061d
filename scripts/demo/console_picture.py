"""The same story in the console, as an animated picture of the page with the command below it."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page

from scripts.demo.animation import Animation
from scripts.demo.story import FILENAME, QUESTION, Scene
from scripts.demo.terminal import terminal_environment

_WIDTH, _HEIGHT = 1180, 660
_FRAME_MILLISECONDS = 120
_PATIENCE_MILLISECONDS = 120_000

_STAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fff; }
#stage { width: %dpx; border: 1px solid #d6dae1; box-sizing: border-box; }
img { display: block; width: 100%%; }
pre { margin: 0; padding: 10px 18px; height: 40px; background: #14181f; color: #d8dee9; white-space: pre;
      font: 14px/20px 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace; }
</style><div id="stage"><img id="page"><pre id="terminal"></pre></div>"""


class Film:
    """Pictures of the page over a terminal of two lines."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self.page = page
        self.animation = Animation()
        self._terminal = ""
        self._stage = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT + 80})
        self._stage.set_content(_STAGE % _WIDTH)

    def frame(self, milliseconds: int = _FRAME_MILLISECONDS) -> None:
        picture = base64.b64encode(self.page.screenshot(type="png")).decode()
        self._stage.evaluate(
            """async ([picture, terminal]) => {
              const page = document.getElementById("page");
              page.src = `data:image/png;base64,${picture}`;
              document.getElementById("terminal").textContent = terminal;
              await page.decode();
            }""",
            [picture, self._terminal],
        )
        self.animation.add(self._stage.locator("#stage").screenshot(type="png"), milliseconds)

    def until(self, is_over: Callable[[], bool]) -> None:
        """Frames as time goes by."""
        deadline = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
        begun = time.monotonic()
        while True:
            over = is_over()
            now = time.monotonic()
            self.frame(max(20, round((now - begun) * 1000)))
            begun = now
            if over:
                return
            if now > deadline:
                raise TimeoutError("The console does not show what it should.")
            self.page.wait_for_timeout(60)

    def ask(self, question: str) -> None:
        field = self.page.get_by_label("Your question")
        for start in range(0, len(question), 3):
            field.press_sequentially(question[start : start + 3])
            self.frame()
        self.frame(400)
        field.press("Enter")
        turn = self.page.locator(".turns > li").last
        self.until(lambda: turn.locator("article[aria-busy=false]").count() == 1)

    def type(self, command: str) -> None:
        for end in range(4, len(command) + 4, 4):
            self._terminal = f"$ {command[:end]}"
            self.frame()

    def print(self, output: str) -> None:
        self._terminal += f"\n{output}"
        self.frame()


def draw(scene: Scene, browser: Browser) -> Animation:
    page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
    page.set_default_timeout(_PATIENCE_MILLISECONDS)
    if key := scene.config.settings.get("API_KEY"):
        page.add_init_script(f"sessionStorage.setItem('portfolio-rag.api-key', {key!r})")
    page.goto(f"{scene.config.api_url}/")
    page.get_by_label("Your question").wait_for()
    film = Film(browser, page)
    film.frame(700)
    film.ask(QUESTION)
    film.frame(1200)
    film.type(scene.upload)
    done = subprocess.run(
        ["bash", "-c", scene.upload],
        cwd=scene.folder,
        env=terminal_environment(scene.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    film.print(done.stdout.replace("\r", "\n").strip().splitlines()[-1])
    navigation = page.get_by_role("navigation")
    navigation.get_by_role("link", name="Documents").click()
    row = page.get_by_role("row").filter(has_text=FILENAME)
    film.until(lambda: row.filter(has_text="Completed").count() == 1)
    film.frame(1300)
    navigation.get_by_role("link", name="Chat").click()
    page.get_by_role("button", name="New conversation").click()
    film.frame(300)
    film.ask(QUESTION)
    film.frame(1800)
    page.get_by_role("button", name=f"Source 1, {FILENAME}").first.click()
    page.locator("mark").first.wait_for()
    page.wait_for_timeout(300)
    film.frame(3800)
    page.close()
    return film.animation
