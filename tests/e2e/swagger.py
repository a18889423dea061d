"""Drives the Swagger UI of a running API in Chromium, with everything but this machine out of reach."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from scripts.chromium_browser import ARGUMENTS, NoChromium, find_chromium


def chromium_path() -> str:
    """The system's Chromium. Without one the test is skipped, or fails when BROWSER_TESTS=required."""
    try:
        return find_chromium()
    except NoChromium as error:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(str(error))
        pytest.skip(str(error))


@dataclass
class OfflinePage:
    """A page, what it asked of other hosts (refused), and the errors of its console and scripts."""

    page: Page
    refused: list[str]
    errors: list[str]


@contextmanager
def offline_page(
    base_url: str,
    *,
    width: int = 1280,
    height: int = 1600,
    color_scheme: Literal["light", "dark"] = "light",
    locale: str | None = None,
    timezone_id: str | None = None,
) -> Iterator[OfflinePage]:
    """A page that reaches `base_url` and nothing else; `locale` and time zone are the machine's unless given."""
    host = urlsplit(base_url).netloc
    refused: list[str] = []
    errors: list[str] = []

    def pass_own(route: Route) -> None:
        if urlsplit(route.request.url).netloc == host:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        try:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=color_scheme,
                locale=locale,
                timezone_id=timezone_id,
            )
            page.route("**/*", pass_own)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            yield OfflinePage(page, refused, errors)
        finally:
            browser.close()


def ask_in_swagger_ui(
    base_url: str, question: str, *, api_key: str | None = None, screenshot: Path | None = None
) -> dict[str, Any]:
    """Ask `question` through "Try it out" of POST /api/chat and return the reply as the page shows it.

    Asserts that the page asked no other host for anything and that no script or policy failed.
    """
    with offline_page(base_url) as offline:
        page = offline.page
        page.goto(f"{base_url}/docs")
        if api_key is not None:
            page.get_by_role("button", name="Authorize").first.click()
            scheme = page.locator(".modal-ux .auth-container").filter(has_text="X-API-Key")
            scheme.locator("input").fill(api_key)
            scheme.get_by_role("button", name="Apply credentials").click()
            scheme.get_by_role("button", name="Close").click()
        operation = page.locator("#operations-chat-chat")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.locator("textarea.body-param__text").fill(json.dumps({"question": question}))
        operation.get_by_role("button", name="Execute").click()
        live = operation.locator(".live-responses-table .response")
        live.wait_for()
        if screenshot is not None:
            live.scroll_into_view_if_needed()
            page.screenshot(path=screenshot)
        assert live.locator(".response-col_status").inner_text().strip().startswith("200")
        shown = live.locator(".response-col_description pre.microlight, .response-col_description .highlight-code pre")
        reply: dict[str, Any] = json.loads(shown.first.inner_text())
        assert offline.refused == []
        assert offline.errors == []
        return reply
