"""The console's pictures in the documentation: each is a scene that a person would see on the local stack."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.console import ask, show
from tests.e2e.live import LiveStack
from tests.e2e.swagger import offline_page
from tests.support.api import QUESTION

FAILED = "handbooks/warehouse.pdf"

COLOURS = 128
"""Of a picture. Grounds and inks are among them as they are; the edges of letters come close enough."""


@dataclass(frozen=True)
class Scene:
    """`play` brings the page to what is to be seen; `size` is that of the picture, in pixels."""

    name: str
    play: Callable[[Page, LiveStack], None]
    size: tuple[int, int]
    color_scheme: Literal["light", "dark"] = "light"

    def picture(self, stack: LiveStack) -> bytes:
        """A PNG, as small as it can be without a look at the difference."""
        width, height = self.size
        url = stack.config.api_url
        with offline_page(
            url,
            width=width,
            height=height,
            color_scheme=self.color_scheme,
            locale="en-GB",
            timezone_id="UTC",
        ) as offline:
            offline.page.goto(f"{url}/")
            self.play(offline.page, stack)
            return _optimised(offline.page.screenshot(animations="disabled", caret="hide"))


def _optimised(png: bytes) -> bytes:
    """With the COLOURS that the picture has most of; Pillow's own reduction shifts even those."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    colours, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(counts)[::-1][:COLOURS]]
    distances = np.abs(colours[:, None, :].astype(int) - kept[None, :, :]).sum(axis=2)
    indexed = distances.argmin(axis=1)[places].reshape(pixels.shape[:2])
    image = Image.fromarray(indexed.astype(np.uint8), "P")
    image.putpalette(kept.tobytes())
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _answer(page: Page, _: LiveStack) -> None:
    turn = ask(page, QUESTION)
    turn.get_by_role("button", name=re.compile("^Source 1, sqs-queues.md")).first.click()
    mark = page.get_by_role("dialog").locator("mark")
    mark.evaluate("mark => mark.scrollIntoView({block: 'center'})")


def _answer_on_a_phone(page: Page, _: LiveStack) -> None:
    ask(page, QUESTION).locator("summary").click()


def _documents(page: Page, _: LiveStack) -> None:
    show(page, "Documents")
    page.get_by_role("table").get_by_role("link").first.wait_for()


def _operations(page: Page, _: LiveStack) -> None:
    show(page, "Operations")
    page.locator(".plot .u-over").nth(4).wait_for()
    page.get_by_role("button", name=re.compile("^Try again")).wait_for()


SCENES = (
    Scene("console.png", _answer, (1280, 560)),
    Scene("console-phone.png", _answer_on_a_phone, (390, 720), "dark"),
    Scene("console-documents.png", _documents, (1280, 720)),
    Scene("console-operations.png", _operations, (1280, 900)),
)


@contextmanager
def lived_in(stack: LiveStack) -> Iterator[None]:
    """The stack as if it had worked for hours: metrics of the time before it, and one document that failed for good.

    That document is gone afterwards; the metrics stay. They end before the period that alarms look at.
    """
    _measure(stack)
    stack.raw(FAILED, b"%PDF-1.7\nnot a page of it\n")
    version = stack.ended(FAILED)
    stack.dead_letter(version)
    try:
        yield
    finally:
        stack.api.post("/api/dead-letters/redrive").raise_for_status()
        stack.ended(FAILED, 2)
        stack.api.delete(f"/api/documents/{version.document_id}").raise_for_status()


def _measure(stack: LiveStack) -> None:
    now = datetime.now(UTC)
    data = []
    for back in range(3, 36):
        ingested = (back * 7) % 11 // 3
        values = [
            ("IngestedDocuments", ingested, "Count"),
            ("DocumentsWithWarnings", int(ingested > 2 and back % 2), "Count"),
            ("FailureRate", 4.0 if back in (11, 12, 26) else 0.0, "Percent"),
            ("ProcessingDuration", 2.2 + ingested / 2, "Seconds"),
            ("ProcessingDuration", 3.1 + ingested, "Seconds"),
            ("AnswerDuration", 0.31 + ingested / 20, "Seconds"),
            ("AnswerDuration", 0.52 + ingested / 8, "Seconds"),
            ("QueueDepth", max(0, ingested - 1), "Count"),
            ("DeadLetters", int(11 <= back < 16), "Count"),
            ("StuckDocuments", 0, "Count"),
        ]
        moment = now - timedelta(minutes=5 * back)
        data += [
            {"MetricName": name, "Value": value, "Unit": unit, "Timestamp": moment} for name, value, unit in values
        ]
    namespace = stack.settings.metrics_namespace
    stack.clients("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
