"""The console on the real stack: from a question to the span, from a failed document to its reason and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console import ask, show
from tests.e2e.live import LiveStack
from tests.e2e.swagger import offline_page
from tests.support.api import QUESTION
from tests.support.pdfs import column, make_pdf

pytestmark = pytest.mark.browser

QUOTE = "Amazon SQS keeps a message for 4 days by default, and for 14 days at most."
TIMEOUT_MS = 90_000
"""How long a document may take on a busy machine."""


@pytest.fixture
def page(stack: LiveStack) -> Iterator[Page]:
    """The console; at the end nothing has failed on it, and it has asked no other host for anything."""
    with offline_page(stack.config.api_url, height=860) as offline:
        offline.page.goto(f"{stack.config.api_url}/")
        yield offline.page
        assert offline.refused == []
        # A document is not known until S3's event has been handled: the API answers 404 until then, as documented.
        assert [error for error in offline.errors if "status of 404" not in error] == []


def test_a_question_is_answered_and_its_source_opens_at_the_span(page: Page) -> None:
    turn = ask(page, QUESTION)
    expect(turn.locator(".answer").get_by_role("img", name="supported").first).to_be_visible()
    turn.get_by_role("button", name=re.compile("^Source 1, sqs-queues.md")).first.click()
    sheet = page.get_by_role("dialog", name="Source: sqs-queues.md")
    expect(sheet.locator("mark")).to_have_text(QUOTE)
    page.keyboard.press("Escape")
    turn = ask(page, "Who won the football world championship in 1990?")
    expect(turn.locator(".refusal")).to_have_text("The answer is not in the documents.")


def test_a_document_is_uploaded_answers_and_is_deleted(page: Page, tmp_path: Path) -> None:
    guide = tmp_path / "kite-repair.md"
    guide.write_text("# Kite repair\n\nA torn kite is mended with ripstop tape of 50 millimetres.\n", encoding="utf-8")
    show(page, "Documents")
    page.get_by_label("Folder", exact=True).fill("console")
    page.locator("#files").set_input_files(guide)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("Completed")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_role("table").get_by_role("link", name="console/kite-repair.md")).to_be_visible()
    page.locator("#files").set_input_files(guide)
    expect(uploads.get_by_text(re.compile("^Not changed, no new version: version 1"))).to_be_visible(timeout=TIMEOUT_MS)
    page.get_by_role("searchbox").fill("KITE-repair file_type:md")
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("table").get_by_role("link", name="console/kite-repair.md")).to_be_visible()
    show(page, "Chat")
    answer = ask(page, "With which tape is a torn kite mended?").locator(".answer")
    expect(answer).to_contain_text("ripstop tape of 50 millimetres")
    show(page, "Documents")
    page.get_by_role("table").get_by_role("link", name="console/kite-repair.md").click()
    expect(page.locator(".facts")).to_contain_text(re.compile(r"version \d+ answers"))
    expect(page.locator(".timeline .past")).to_have_count(7)
    expect(page.locator(".chunk .text")).to_contain_text("ripstop tape")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Documents").wait_for()
    expect(page.get_by_role("table").get_by_role("link", name="eventbridge-schedules.md")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("link", name="console/kite-repair.md")).to_have_count(0)


def test_a_pdf_is_cited_and_opens_on_its_page(page: Page, tmp_path: Path) -> None:
    guide = tmp_path / "zeppelin-hull.pdf"
    said = ["The hull of a zeppelin is sewn with waxed", "thread of 3 millimetres."]
    guide.write_bytes(make_pdf([column("Zeppelins"), column("Hull", *said)]))
    show(page, "Documents")
    page.get_by_label("Folder", exact=True).fill("console")
    page.locator("#files").set_input_files(guide)
    expect(page.get_by_role("region", name="Uploads").get_by_text("Completed")).to_be_visible(timeout=TIMEOUT_MS)
    show(page, "Chat")
    turn = ask(page, "With which thread is the hull of a zeppelin sewn?")
    turn.get_by_role("button", name=re.compile("^Source 1, zeppelin-hull.pdf")).first.click()
    sheet = page.get_by_role("dialog", name="Source: zeppelin-hull.pdf")
    expect(sheet.get_by_text("Page 2 of 2")).to_be_visible()
    expect(sheet.locator(".page-text mark").first).to_be_visible()
    assert "waxed" in " ".join(sheet.locator(".page-text mark").all_inner_texts())
    sheet.get_by_role("link", name="Show the document").click()
    page.get_by_role("searchbox").wait_for(state="detached")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Documents").wait_for()


def test_a_failed_document_tells_why_is_tried_again_and_mended_answers(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnot a page of it\n")
    show(page, "Documents")
    page.locator("#files").set_input_files(broken)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("Failed")).to_be_visible(timeout=TIMEOUT_MS)
    reason = uploads.locator(".reason").inner_text()
    assert len(reason) > 20
    page.get_by_role("radio", name="Failed").check(force=True)
    expect(page.get_by_role("table").get_by_text(reason).first).to_be_visible()
    page.get_by_role("table").get_by_role("link", name="broken.pdf").first.click()
    expect(page.locator(".problem").first).to_contain_text(reason)
    attempts = page.get_by_role("table").locator("tbody tr")
    before = attempts.count()
    page.get_by_role("button", name="Retry").click()
    expect(attempts).to_have_count(before + 1)
    expect(attempts.first).to_contain_text("Failed", timeout=TIMEOUT_MS)
    # The reason says what to do.
    broken.write_bytes(make_pdf([column("Airships", "An airship of Friedrichshafen", "carries 9 tonnes of ballast.")]))
    show(page, "Documents")
    page.locator("#files").set_input_files(broken)
    expect(uploads.get_by_text("Completed")).to_be_visible(timeout=TIMEOUT_MS)
    show(page, "Chat")
    turn = ask(page, "How much ballast does an airship of Friedrichshafen carry?")
    turn.get_by_role("button", name=re.compile("^Source 1, broken.pdf")).first.click()
    sheet = page.get_by_role("dialog", name="Source: broken.pdf")
    expect(sheet.locator(".page-text mark").first).to_be_visible()
    assert "ballast" in " ".join(sheet.locator(".page-text mark").all_inner_texts())
    sheet.get_by_role("link", name="Show the document").click()
    page.get_by_role("searchbox").wait_for(state="detached")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Documents").wait_for()
    expect(page.get_by_role("table").get_by_role("link", name="eventbridge-schedules.md")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("link", name="broken.pdf")).to_have_count(0)


def test_versions_are_compared_and_an_older_one_answers_again(page: Page, tmp_path: Path) -> None:
    guide = tmp_path / "gondola.md"
    show(page, "Documents")
    page.get_by_label("Folder", exact=True).fill("console")
    uploads = page.get_by_role("region", name="Uploads")
    for version, seats in enumerate(("twelve", "fourteen"), start=1):
        guide.write_text(f"# Gondola\n\nThe gondola of the airship has {seats} seats.\n", encoding="utf-8")
        page.locator("#files").set_input_files(guide)
        expect(uploads.get_by_text("Completed")).to_have_count(version, timeout=TIMEOUT_MS)
    uploads.get_by_role("link", name="gondola.md").first.click()
    page.get_by_role("link", name="Compare version 1 with version 2").click()
    expect(page.locator("del")).to_contain_text("has twelve seats")
    expect(page.locator("ins")).to_contain_text("has fourteen seats")
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("restores version 1")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("version 3 answers", timeout=TIMEOUT_MS)
    expect(page.locator(".chunk .text")).to_contain_text("twelve seats")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("heading", name="Documents").wait_for()


def test_a_dead_letter_leads_to_its_document_and_is_driven_again(page: Page, stack: LiveStack, tmp_path: Path) -> None:
    stack.raw("console/torn.pdf", b"%PDF-1.7\nnot a page of it\n")
    version = stack.ended("console/torn.pdf")
    stack.dead_letter(version)
    show(page, "Operations")
    row = page.get_by_role("row", name=re.compile("torn.pdf"))
    expect(row).to_contain_text(version.error_message or "")
    row.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 dead letter dealt with.")).to_be_visible()
    expect(row).to_have_count(0)
    assert stack.ended("console/torn.pdf", 2, timeout=TIMEOUT_MS / 1000).attempt == 2
    stack.api.delete(f"/api/documents/{version.document_id}").raise_for_status()


def test_operations_show_what_the_emulator_has_measured(page: Page, stack: LiveStack) -> None:
    stack.ended("samples/sqs-queues.md")
    show(page, "Operations")
    page.locator(".plot .u-over").nth(4).wait_for()
    plot = page.locator(".plot").first
    plot.get_by_text("Numbers").click()
    # At least the samples have come within the hours that are shown.
    expect(plot.locator("figcaption")).to_have_text(re.compile(r"[1-9]\d* documents"))
    assert plot.get_by_role("table").locator("tbody tr").count() >= 1
    for alarm in ("dead-letters", "high-error-rate", "queue-depth", "slow-processing"):
        expect(page.get_by_role("row", name=re.compile(f"^portfolio-{alarm}"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^portfolio-events-dlq"))).to_contain_text("0")
    expect(page.locator(".attributes")).to_contain_text(stack.live_collection)


def test_a_job_runs_to_its_report_and_everything_works(page: Page) -> None:
    show(page, "Jobs")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Incremental").first.click()
    expect(page.locator(".facts .status")).to_have_text("Completed", timeout=TIMEOUT_MS)
    show(page, "Operations")
    expect(page.get_by_text("Everything works")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("chromadb"))).to_contain_text("works")
