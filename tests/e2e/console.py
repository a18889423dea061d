"""What the tests of the console share: acts of a user, and what axe says of the page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page


def ask(page: Page, question: str) -> Locator:
    """The turn with the answer, once it is whole."""
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    turn = page.locator(".turns > li").last
    turn.locator("article[aria-busy=false]").wait_for()
    return turn


def show(page: Page, section: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=section).click()
    page.locator("section:not([hidden]) h1").wait_for()


def accessibility_violations(page: Page) -> list[str]:
    """What axe finds of the page as it stands that keeps somebody from using it, in its words."""
    return [
        f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html']}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical", "moderate")
    ]


def is_wider_than_the_screen(page: Page) -> bool:
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider
