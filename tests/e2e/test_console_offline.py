"""The console in Chromium over stand-ins, with the network off: each view, the key, hostile text, small screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from api.main import create_app
from portfolio_rag.domain.answers import (
    Answer,
    AnswerEvent,
    CheckedSentence,
    Cited,
    Done,
    Retrieved,
    Token,
    Validated,
    Verdict,
)
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.document_warnings import DocumentWarning, WarningCode
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import Conflict, StorageUnavailable
from portfolio_rag.domain.feedback import AnswerKind
from portfolio_rag.domain.jobs import JobStatus
from portfolio_rag.domain.versions import Publication
from portfolio_rag.pipeline.ingestion.cited_chunks import ChunkInContext
from portfolio_rag.pipeline.maintenance.dead_letters import Remedy
from portfolio_rag.pipeline.maintenance.metric_history import Window
from portfolio_rag.settings.environment import Settings
from tests.e2e.console import accessibility_violations, ask, is_wider_than_the_screen, show
from tests.e2e.swagger import OfflinePage, offline_page
from tests.support.api import (
    CONTENT,
    DOCUMENT_ID,
    JOB_ID,
    LETTER_ID,
    QUESTION,
    QUOTE,
    FakeServices,
    answer,
    chunk,
    dead_letter,
    document,
    fake_services,
)
from tests.support.serving import serving

pytestmark = pytest.mark.browser

Open = Callable[..., OfflinePage]


def stand_ins(settings: Settings | None = None) -> FakeServices:
    """Whose conversations stream what the chat does: the console always has a conversation."""
    services = fake_services(settings)

    def streamed(conversation_id: str, question: str, **options: Any) -> Iterator[AnswerEvent]:
        return services.chat.stream(question, **options)

    services.conversations.stream = streamed  # type: ignore[method-assign]
    return services


COST = {
    "month": "2026-01",
    "region": "us-east-1",
    "prices_dated": "2026-01-02",
    "so_far_usd": 12.41,
    "forecast_usd": 74.5,
    "lines": [
        {
            "service": "Lambda",
            "usage": 12345.5,
            "unit": "GB-seconds",
            "unit_price_usd": 0.0000166667,
            "so_far_usd": 0.21,
            "forecast_usd": 1.25,
        }
    ],
}

HOSTILE = '<img src="x" onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture
def console() -> Iterator[Open]:
    """Opens the console over `services`; at the end nothing else was asked for and nothing has failed.

    `expected` are statuses of answers that the test brings about: the browser counts each as an error.
    """
    with ExitStack() as stack:

        def opened(
            services: FakeServices | None = None,
            *,
            width: int = 1280,
            color_scheme: Literal["light", "dark"] = "light",
            expected: tuple[int, ...] = (),
        ) -> OfflinePage:
            url = stack.enter_context(serving(create_app(services=(services or stand_ins()).api)))
            offline = stack.enter_context(offline_page(url, width=width, height=900, color_scheme=color_scheme))
            stack.callback(_assert_clean, offline, expected)
            offline.page.set_default_timeout(15_000)
            offline.page.route("**/api/cost", lambda route: route.fulfill(json=COST))
            offline.page.goto(f"{url}/")
            return offline

        yield opened


def _assert_clean(offline: OfflinePage, expected: tuple[int, ...]) -> None:
    assert offline.refused == []
    assert [error for error in offline.errors if not any(f"status of {code}" in error for code in expected)] == []


def test_an_answer_has_verdict_and_source_and_the_source_opens_at_the_quote(console: Open) -> None:
    page = console().page
    turn = ask(page, QUESTION)
    assert QUOTE in turn.locator(".answer").inner_text()
    assert turn.locator(".answer").get_by_role("img", name="supported").count() == 1
    turn.get_by_text("2 sentences checked").click()
    dropped = turn.locator(".checks li").nth(1).inner_text()
    assert "It costs nothing." in dropped
    assert "not in source 1" in dropped
    turn.get_by_role("button", name="Source 1, sqs-queues.md").click()
    sheet = page.get_by_role("dialog", name="Source: sqs-queues.md")
    assert sheet.locator("mark").inner_text() == QUOTE
    assert sheet.locator(".cited").inner_text() == CONTENT
    sheet.get_by_role("link", name="Show the document").click()
    page.get_by_role("heading", name="sqs-queues.md").wait_for()


def test_an_answer_is_rated_and_says_why(console: Open) -> None:
    services = stand_ins()
    page = console(services, expected=(503,)).page
    turn = ask(page, QUESTION)
    good, bad = (turn.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    expect(turn.get_by_text("Thank you.")).to_be_visible()
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(good).to_have_attribute("aria-pressed", "false")
    comment = turn.get_by_label("Why? (optional)")
    expect(comment).to_be_focused()
    comment.fill("The limit was raised.")
    assert not accessibility_violations(page)
    comment.press("Enter")
    expect(turn.get_by_text("Thank you, your comment is kept.")).to_be_visible()
    (rated,) = services.feedback.page(AnswerKind.DOWN, limit=10, cursor=None, key_id=None).items
    assert rated.feedback is not None
    assert rated.feedback.comment == "The limit was raised."
    # What did not arrive is not shown as if it had.
    services.feedback.rate = refuse  # type: ignore[method-assign]
    good.click()
    expect(turn.get_by_text("DynamoDB does not answer.")).to_be_visible()
    expect(bad).to_have_attribute("aria-pressed", "true")


def refuse(*_: Any, **__: Any) -> Any:
    raise StorageUnavailable("DynamoDB does not answer.")


def test_without_an_id_an_answer_is_not_rated(console: Open) -> None:
    page = console(stand_ins(Settings(answers_kept_days=0))).page
    assert ask(page, QUESTION).get_by_role("group", name="Rate this answer").count() == 0


def test_a_place_is_counted_in_characters_and_not_in_utf16(console: Open) -> None:
    services = stand_ins()
    before = "Two smileys \U0001f600\U0001f600: "
    cited = replace(chunk(), content=before + CONTENT, span=(100 - len(before), 100 + len(CONTENT)))
    services.cited.find = lambda *_, **__: ChunkInContext(cited, document(), None, None, live=True, restored=False)  # type: ignore[method-assign]
    page = console(services).page
    ask(page, QUESTION).get_by_role("button", name="Source 1, sqs-queues.md").click()
    assert page.locator("mark").inner_text() == QUOTE


def test_what_is_flagged_and_what_is_refused_is_told(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    flagged = replace(answer(), validation=[CheckedSentence(f"{QUOTE}.", (1,), Verdict.FLAGGED, 0.5, "a number")])
    services.chat.script = stream(flagged, Token(f"{QUOTE} [1?]."))
    turn = ask(page, QUESTION)
    assert turn.locator(".answer").get_by_role("img", name="flagged").count() == 1
    assert turn.get_by_role("button", name="Source 1, sqs-queues.md").first.inner_text() == "1?"
    services.chat.script = [Retrieved(answer().passages), Done(replace(answer(), answered=False, text="Not there."))]
    turn = ask(page, "And how long at most?")
    assert turn.locator(".refusal").inner_text() == "Not there."
    turn.locator(".source").click()
    # Parts that overlap are marked as one.
    assert page.locator("mark").all_inner_texts() == [CONTENT]


def stream(whole: Answer, token: Token) -> list[AnswerEvent]:
    return [
        Retrieved(whole.passages),
        *(Validated(sentence) for sentence in whole.validation),
        Cited(whole.citations[0]),
        token,
        Done(whole),
    ]


def test_text_of_documents_is_never_markup(console: Open) -> None:
    services = stand_ins()
    whole = answer()
    cited = replace(whole.citations[0], filename=HOSTILE, quote=HOSTILE, heading_path=(HOSTILE,))
    hostile = replace(whole, citations=[cited], validation=[CheckedSentence(HOSTILE, (1,), Verdict.SUPPORTED, 1.0)])
    services.chat.script = stream(hostile, Token(f"{HOSTILE} [1]."))
    services.documents.detail = replace(
        services.documents.detail,
        versions=[
            document(filename=HOSTILE, metadata={"x": HOSTILE}, status=DocumentStatus.FAILED, error_message=HOSTILE)
        ],
        chunks=[replace(chunk(), content=HOSTILE)],
    )
    page = console(services).page
    assert HOSTILE in ask(page, QUESTION).locator(".answer").inner_text()
    page.locator(".mark").click()
    page.get_by_role("dialog").locator("mark").wait_for()
    page.get_by_role("link", name="Show the document").click()
    assert page.locator(".chunk .text").inner_text() == HOSTILE
    assert page.locator(".problem p").first.inner_text() == HOSTILE
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "Documents – Portfolio RAG"


def test_a_key_is_asked_for_once_it_is_wanted_and_stays_in_the_tab(console: Open) -> None:
    page = console(stand_ins(Settings(api_key="opens")), expected=(401,)).page
    assert page.get_by_role("dialog").count() == 0
    show(page, "Documents")
    field = page.get_by_role("textbox", name="API key")
    field.fill("wrong")
    field.press("Enter")
    page.get_by_role("dialog").get_by_role("alert").get_by_text("missing or wrong").wait_for()
    page.get_by_role("textbox", name="API key").fill("opens")
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("link", name="sqs-queues.md").first.wait_for()
    assert page.get_by_role("dialog").count() == 0
    assert page.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]") == [
        ["opens"],
        [],
        "",
    ]
    page.get_by_role("button", name="Forget key").click()
    page.get_by_role("textbox", name="API key").wait_for()


def test_the_keyboard_is_enough(console: Open) -> None:
    page = console().page
    page.keyboard.press("Shift+Tab")
    # The field of the question has the focus at first.
    page.get_by_label("Your question").focus()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.locator("article[aria-busy=false]").wait_for()
    mark = page.locator(".mark")
    mark.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").locator("mark").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "mark"
    show(page, "Jobs")
    assert page.evaluate("document.activeElement.textContent") == "Jobs"


def test_a_job_is_started_followed_and_cancelled(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    show(page, "Jobs")
    page.get_by_label("What to do").select_option("BATCH")
    page.get_by_label("Folder").fill("guides/")
    # The list shows the fake's job from the first: only the reply says that the start was heard.
    with page.expect_response("**/api/reindex"):
        page.get_by_role("button", name="Start").click()
    assert ("BATCH", "guides/") in [call[:2] for call in services.jobs.calls]
    page.get_by_role("link", name="Reindex").click()
    page.get_by_text("UNSUPPORTED_TYPE: a picture.").wait_for()
    page.get_by_text("0 of 12 documents, 0%").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Let it run").click()
    assert services.jobs.cancelled == []
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.locator(".facts").wait_for()
    assert services.jobs.cancelled == [JOB_ID]


def test_jobs_are_listed_by_status(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    show(page, "Jobs")
    with page.expect_response("**/api/jobs?status=FAILED*"):
        page.get_by_role("radio", name="Failed").check(force=True)
    page.get_by_role("link", name="Reindex").wait_for()
    assert (JobStatus.FAILED, 50) in services.jobs.calls


def test_metrics_are_plots_and_numbers(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    assert page.evaluate("typeof uPlot") == "undefined"
    show(page, "Operations")
    page.locator(".plot .u-over").nth(4).wait_for()
    assert page.get_by_role("img", name="From upload to answer: 10 s on average at worst").count() == 1
    plot = page.locator(".plot").first
    plot.locator("summary").focus()
    page.keyboard.press("Enter")
    numbers = plot.get_by_role("table")
    # The fakes have a value in every other of 36 periods.
    assert numbers.locator("tbody tr").count() == 18
    assert numbers.locator("th").all_inner_texts() == ["From", "Completed", "With warnings"]
    page.locator(".plot .u-over").first.hover()
    assert plot.locator(".legend b").count() == 2
    page.get_by_role("radio", name="7 days").check(force=True)
    expect(numbers.locator("tbody tr")).to_have_count(28)
    assert (Window.WEEK,) in services.operations.metrics.calls


def test_a_dead_letter_is_driven_again_once_it_is_confirmed(console: Open) -> None:
    services = stand_ins()
    letters = services.operations.dead_letters
    letters.letters.append(dead_letter("second", Remedy.DISCARD, document_id=None, s3_key=None, status=None))
    letters.letters.append(dead_letter("third", Remedy.NONE, document_id=None, s3_key=None, status=None))
    page = console(services).page
    show(page, "Operations")
    row = page.get_by_role("row", name=re.compile("sqs-queues"))
    assert "Chroma did not answer." in row.inner_text()
    assert page.get_by_role("row", name=re.compile("^third")).get_by_role("button").count() == 0
    row.get_by_role("button", name="Try again").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert (LETTER_ID,) not in letters.calls
    row.get_by_role("button", name="Try again").click()
    page.get_by_role("dialog").get_by_role("button", name="Try again").click()
    page.get_by_text("1 dead letter dealt with.").wait_for()
    row.wait_for(state="detached")
    page.get_by_role("button", name="Drive all again").click()
    page.get_by_role("dialog").get_by_role("button", name="Drive all again").click()
    page.get_by_text("None: nothing failed for good.").wait_for()
    assert letters.calls.count(("all",)) == 1


def test_a_redrive_that_is_refused_says_why(console: Open) -> None:
    services = stand_ins()
    page = console(services, expected=(409,)).page
    show(page, "Operations")
    page.get_by_role("button", name="Try again guides/sqs-queues.md").wait_for()

    def refuse(message_id: str) -> Any:
        raise Conflict("The bytes of the failed version are gone. Upload the document again.")

    services.operations.dead_letters.redrive = refuse  # type: ignore[method-assign]
    page.get_by_role("button", name="Try again guides/sqs-queues.md").click()
    page.get_by_role("dialog").get_by_role("button", name="Try again").click()
    page.get_by_role("alert").get_by_text("The bytes of the failed version are gone.").wait_for()


def test_alarms_queues_and_index_are_shown(console: Open) -> None:
    page = console().page
    show(page, "Operations")
    page.get_by_text("1 alarm rings").wait_for()
    assert "Alarm" in page.get_by_role("row", name=re.compile("portfolio-dead-letters")).inner_text()
    assert "3\t1\t0" in page.get_by_role("row", name=re.compile("portfolio-ingestion-queue")).inner_text()
    assert "164" in page.locator(".tiles").first.inner_text()
    assert "portfolio_knowledge" in page.locator(".attributes").inner_text()


def test_without_cloudwatch_the_rest_is_shown(console: Open) -> None:
    services = stand_ins()
    services.operations.monitoring.error = StorageUnavailable("CloudWatch does not answer.")
    page = console(services, expected=(503,)).page
    show(page, "Operations")
    page.get_by_role("row", name=re.compile("portfolio-ingestion-queue")).wait_for()
    expect(page.get_by_role("alert").get_by_text("CloudWatch does not answer.")).to_have_count(2)


def test_nothing_is_asked_for_while_nobody_looks(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    page.clock.install()
    show(page, "Operations")
    page.locator(".plot .u-over").nth(4).wait_for()
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    asked = len(services.health.calls)
    page.clock.run_for(60_000)
    assert len(services.health.calls) == asked
    with page.expect_response("**/api/health"):
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    assert len(services.health.calls) == asked + 1


def test_cost_is_shown_where_it_is_counted(console: Open) -> None:
    page = console().page
    show(page, "Operations")
    page.get_by_role("heading", name="Cost in January 2026").wait_for()
    row = page.get_by_role("row", name=re.compile("Lambda")).inner_text()
    assert [cell in row for cell in ("12,350 GB-seconds", "$0.0000167", "$0.21", "$1.25")] == [True] * 4


def test_without_cost_nothing_is_said_of_it(console: Open) -> None:
    page = console(expected=(404,)).page
    page.route("**/api/cost", lambda route: route.fulfill(status=404, json={"status": 404, "detail": "Not found."}))
    with page.expect_response("**/api/cost"):
        show(page, "Operations")
    page.locator(".plot .u-over").nth(4).wait_for()
    assert page.get_by_text("Cost").count() == 0
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(
    ("scopes", "tenant", "jobs", "letters", "plots"),
    [
        ([Scope.ADMIN], None, 1, 1, 5),
        ([Scope.READ], None, 0, 0, 5),
        ([Scope.READ], "acme", 0, 0, 0),
    ],
)
def test_what_the_key_may_not_do_is_not_offered(
    console: Open, scopes: list[Scope], tenant: str | None, jobs: int, letters: int, plots: int
) -> None:
    services = stand_ins()
    key = services.key("tester", *scopes, tenant=tenant)["X-API-Key"]
    # Nothing but the first request, which brings up the field for the key, is refused.
    page = console(services, expected=(401,)).page
    show(page, "Operations")
    page.get_by_role("textbox", name="API key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("heading", name="Dependencies").wait_for()
    if plots:
        page.locator(".plot .u-over").nth(plots - 1).wait_for()
    assert page.get_by_role("navigation").get_by_role("link", name="Jobs").count() == jobs
    assert page.get_by_role("heading", name="Dead letters").count() == letters
    assert page.locator(".plot").count() == plots


def test_what_does_not_work_is_named(console: Open) -> None:
    services = stand_ins()
    services.health.healthy = False
    page = console(services, expected=(503,)).page
    show(page, "Operations")
    page.get_by_text("Not working: chromadb").wait_for()
    page.get_by_text("connection refused").wait_for()


def test_files_that_are_dropped_are_uploaded_and_a_refusal_tells_why(console: Open) -> None:
    services = stand_ins()
    page = console(services, expected=(413,)).page
    show(page, "Documents")
    page.get_by_label("Folder", exact=True).fill("/guides")
    dropped = page.evaluate_handle(
        """() => {
            const dropped = new DataTransfer();
            dropped.items.add(new File(["# Kites"], "kites.md"));
            dropped.items.add(new File(["x".repeat(20000)], "long.md"));
            return dropped;
        }"""
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})
    uploads = page.get_by_role("region", name="Uploads")
    uploads.get_by_text("long.md is larger than 10000 bytes.").wait_for()
    uploads.get_by_role("link", name="kites.md").wait_for()
    assert ("kites.md", 7, "guides/") in [call[:3] for call in services.documents.calls]
    page.get_by_role("button", name="Clear what has ended").click()
    assert uploads.locator("li").count() == 1


def test_an_upload_that_changes_nothing_is_told(console: Open) -> None:
    services = stand_ins()
    head = replace(services.documents.detail.head, unchanged_upload="s3-1")
    services.documents.detail = replace(services.documents.detail, head=head)
    page = console(services).page
    show(page, "Documents")
    page.locator("#files").set_input_files({"name": "sqs-queues.md", "mimeType": "text/markdown", "buffer": b"# SQS"})
    uploads = page.get_by_role("region", name="Uploads")
    uploads.get_by_text("Not changed, no new version: version 1 has these bytes").wait_for()


def test_each_version_has_its_way_its_warnings_and_its_text(console: Open) -> None:
    services = stand_ins()
    way: dict[str, Any] = {
        "registered_at": "2026-01-05T10:12:00.500000Z",
        "processing_started_at": "2026-01-05T10:12:01.000000Z",
        "extracted_at": "2026-01-05T10:12:03.000000Z",
        "chunked_at": "2026-01-05T10:12:03.200000Z",
        "embedded_at": "2026-01-05T10:12:04.000000Z",
        "processing_completed_at": "2026-01-05T10:12:04.000000Z",
    }
    warning = DocumentWarning(WarningCode.PAGES_WITHOUT_TEXT, "2 pages hold no text.", pages=(2, 5))
    refused = document(
        version=3,
        status=DocumentStatus.FAILED,
        error_code="CORRUPT",
        error_message="It cannot be read.",
        registered_at=way["registered_at"],
        processing_completed_at=way["registered_at"],
    )
    rows = [refused, document(version=2, **way), document(version=1, warnings=(warning,), **way)]
    head = replace(services.documents.detail.head, latest_version=3, live_version=2)
    services.documents.detail = replace(services.documents.detail, head=head, versions=rows)
    page = console(services).page
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}")
    page.get_by_text("It cannot be read.").wait_for()
    assert page.locator(".timeline b").all_inner_texts() == ["Uploaded", "Received", "Failed"]
    page.get_by_role("button", name="Retry").wait_for()
    page.get_by_role("link", name="Version 1").click()
    page.get_by_text("2 pages hold no text.").wait_for()
    page.get_by_text("1 chunk of version 1, made again from the archived bytes").wait_for()
    assert page.locator(".timeline .past").count() == 7
    assert "after 2.0 s" in page.locator(".timeline li").nth(3).inner_text()
    page.locator(".windows summary").click()
    page.locator(".windows li").first.wait_for()
    assert page.locator(".windows li").all_inner_texts() == [QUOTE, CONTENT]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "sqs-queues.md"
    assert download.value.path().read_text() == CONTENT
    assert (1, None) in services.documents.calls
    page.get_by_role("link", name="sqs-queues.md").click()
    page.get_by_text("1 chunk that answer").wait_for()


def with_two_versions(services: FakeServices) -> FakeServices:
    """Version 2 answers, version 1 did."""
    times = ("2026-01-05T10:12:04.000000Z", "2026-02-05T10:12:04.000000Z")
    published = tuple(Publication(number, time) for number, time in enumerate(times, start=1))
    head = replace(services.documents.detail.head, latest_version=2, live_version=2, publications=published)
    rows = [document(version=2), document(version=1)]
    services.documents.detail = replace(services.documents.detail, head=head, versions=rows)
    return services


def test_two_versions_are_compared_and_the_older_one_is_rolled_back_to(console: Open) -> None:
    services = with_two_versions(stand_ins())
    page = console(services).page
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}")
    page.get_by_role("link", name="Compare version 1 with version 2").press("Enter")
    page.get_by_role("heading", name="Amazon SQS Changed").wait_for()
    assert page.locator("del").inner_text().endswith("It keeps messages 4 days.")
    assert page.locator("ins").inner_text().endswith("It keeps messages 7 days.")
    page.get_by_text("1 section differs, 2 sections are the same.").wait_for()
    page.get_by_label("From").select_option("Version 2")
    assert page.get_by_role("button", name="Compare", exact=True).is_disabled()
    page.get_by_label("To").select_option("Version 1")
    page.get_by_role("button", name="Compare", exact=True).press("Enter")
    page.get_by_role("heading", name="version 2 and version 1").wait_for()
    # What answers already cannot be rolled back to.
    assert page.get_by_role("button", name="Roll back").count() == 0
    page.go_back()
    page.get_by_role("button", name="Roll back to version 1").press("Enter")
    asked = page.get_by_role("dialog", name="Roll back to version 1?")
    asked.wait_for()
    page.keyboard.press("Escape")
    assert services.rollback.calls == []
    page.get_by_role("button", name="Roll back to version 1").click()
    asked.get_by_role("button", name="Roll back").click()
    page.get_by_role("heading", name="Versions").wait_for()
    assert [call[:2] for call in services.rollback.calls] == [(DOCUMENT_ID, 1)]


def test_a_rollback_from_the_document_says_what_was_refused_and_what_it_has_made(console: Open) -> None:
    services = with_two_versions(stand_ins())
    page = console(services, expected=(409,)).page
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}/1")

    def roll_back() -> None:
        page.get_by_role("button", name="Roll back to version 1").click()
        page.get_by_role("dialog").get_by_role("button", name="Roll back").click()

    services.rollback.error = Conflict("The bytes of version 1 have expired: it cannot answer again.")
    roll_back()
    page.get_by_role("alert").get_by_text("The bytes of version 1 have expired").wait_for()
    services.rollback.error = None
    restored = document(version=3, restores=1, restored_by="ops")
    detail = services.documents.detail
    services.documents.detail = replace(detail, versions=[restored, *detail.versions])
    roll_back()
    page.get_by_text("restores version 1, asked for by ops").wait_for()
    page.wait_for_url(f"**#/documents/{DOCUMENT_ID}")


def test_a_key_that_only_reads_is_offered_nothing_that_writes(console: Open) -> None:
    services = with_two_versions(stand_ins())
    failed = document(version=3, status=DocumentStatus.FAILED, error_code="CORRUPT", error_message="It cannot be read.")
    detail = services.documents.detail
    services.documents.detail = replace(detail, versions=[failed, *detail.versions])
    key = services.key("reader", Scope.READ)["X-API-Key"]
    page = console(services, expected=(401,)).page
    show(page, "Documents")
    page.get_by_role("textbox", name="API key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("Choose files")).to_have_count(0)
    page.get_by_role("link", name="sqs-queues.md").first.click()
    page.get_by_text("It cannot be read.").wait_for()
    page.get_by_role("link", name="Compare version 1 with version 2").wait_for()
    for act in ("Retry", "Delete", "Roll back"):
        assert page.get_by_role("button", name=act).count() == 0


def test_a_question_as_of_an_earlier_time_is_asked_with_it(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    page.get_by_role("button", name="Ask as of an earlier time").press("Enter")
    expect(page.get_by_label("As of")).to_be_focused()
    page.get_by_label("As of").fill("2026-01-05T12:00")
    turn = ask(page, QUESTION)
    turn.get_by_text(re.compile("As of Jan 5, 2026")).wait_for()
    expected = page.evaluate("new Date('2026-01-05T12:00').toISOString()")
    assert services.chat.as_of == expected.replace(".000Z", ".000000Z")
    page.get_by_role("button", name="As of now").click()
    assert "As of" not in ask(page, QUESTION).inner_text()
    assert services.chat.as_of is None


def test_the_list_is_searched_and_grows(console: Open) -> None:
    services = stand_ins()
    page = console(services).page
    show(page, "Documents")
    page.get_by_role("link", name="sqs-queues.md").first.wait_for()
    page.get_by_role("radio", name="Completed 1").wait_for()
    page.get_by_role("searchbox").fill("topics:messaging SQS")
    page.get_by_role("button", name="Search further").wait_for(state="detached")
    page.get_by_role("link", name="sqs-queues.md").first.wait_for()
    page.get_by_role("searchbox").fill("lambda")
    page.get_by_text("None matches.").wait_for()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("link", name="sqs-queues.md").first.wait_for()
    services.documents.listed = [document(version=number) for number in range(50, 0, -1)]
    page.get_by_role("radio", name="Completed").check(force=True)
    page.get_by_role("button", name="Load more").click()
    page.get_by_role("button", name="Load more").wait_for(state="detached")
    assert page.locator("tbody tr").count() == 100
    # The counts never stand before what is shown.
    assert services.documents.calls[0][:2] == (None, 50)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_view_is_accessible_and_fits(console: Open, width: int, color_scheme: Literal["light", "dark"]) -> None:
    services = stand_ins()
    services.documents.detail = replace(
        services.documents.detail,
        versions=[document(status=DocumentStatus.FAILED, error_code="CORRUPT", error_message="It cannot be read.")],
    )
    page = console(services, width=width, color_scheme=color_scheme).page
    found: list[str] = []

    def look() -> None:
        found.extend(accessibility_violations(page))
        assert not is_wider_than_the_screen(page)

    page.get_by_role("button", name="Ask as of an earlier time").click()
    ask(page, QUESTION).locator("summary").click()
    look()
    page.locator(".mark").click()
    page.get_by_role("dialog").locator("mark").wait_for()
    look()
    page.keyboard.press("Escape")
    for section in ("Documents", "Jobs", "Operations"):
        show(page, section)
        page.locator(".rows").first.wait_for()
        look()
    page.locator(".plot .u-over").nth(4).wait_for()
    page.locator(".plot summary").first.click()
    look()
    page.get_by_role("button", name="Drive all again").click()
    look()
    page.keyboard.press("Escape")
    for address, shown in ((f"#/documents/{DOCUMENT_ID}", ".chunk"), (f"#/jobs/{JOB_ID}", ".rows")):
        page.goto(f"{page.url.partition('#')[0]}{address}")
        page.locator(shown).first.wait_for()
        look()
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}")
    page.get_by_role("button", name="Delete").click()
    look()
    page.keyboard.press("Escape")
    with_two_versions(services)
    page.goto(f"{page.url.partition('#')[0]}#/documents/{DOCUMENT_ID}/2")
    page.get_by_role("link", name="Compare version 1").wait_for()
    look()
    page.get_by_role("link", name="Compare version 1").click()
    page.locator("ins").wait_for()
    look()
    page.get_by_role("button", name="Roll back").click()
    look()
    assert found == []
