"""The Swagger UI with the network off: it draws itself, and a chat through it shows answer and citation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.main import create_app
from portfolio_rag.settings.environment import Settings
from tests.e2e.swagger import ask_in_swagger_ui, offline_page
from tests.support.api import DOCUMENT_ID, QUESTION, QUOTE, fake_services

pytestmark = pytest.mark.browser


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The base URL of the API over fakes, on a free port."""
    app = create_app(services=fake_services(settings).api)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    started = threading.Event()
    startup = server.startup

    async def announced(*arguments: Any, **named: Any) -> None:
        await startup(*arguments, **named)
        started.set()

    server.startup = announced  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(30)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(Settings(**settings)))


def test_a_chat_through_the_page_shows_answer_and_citation(serve: Callable[..., str], tmp_path: Path) -> None:
    reply = ask_in_swagger_ui(serve(), QUESTION, screenshot=tmp_path / "chat.png")
    assert reply["answer"] == f"{QUOTE}. [1]"
    assert [(citation["document_id"], citation["quote"]) for citation in reply["citations"]] == [(DOCUMENT_ID, QUOTE)]
    assert (tmp_path / "chat.png").stat().st_size > 0


def test_authorize_sends_the_key(serve: Callable[..., str], tmp_path: Path) -> None:
    reply = ask_in_swagger_ui(
        serve(api_key="opens", api_docs_open="true"), QUESTION, api_key="opens", screenshot=tmp_path / "key.png"
    )
    assert reply["citations"][0]["quote"] == QUOTE


def test_every_operation_is_listed_and_an_upload_goes_through(serve: Callable[..., str], tmp_path: Path) -> None:
    document = tmp_path / "sqs-queues.md"
    document.write_text("# SQS\n")
    base_url = serve()
    with offline_page(base_url) as offline:
        page = offline.page
        page.goto(f"{base_url}/docs")
        upload = page.locator("#operations-documents-upload_document")
        upload.locator(".opblock-summary-control").click()
        upload.get_by_role("button", name="Try it out").click()
        upload.locator("input[type=file]").set_input_files(document)
        # What stands in a field would be stored with the document.
        assert [field.input_value() for field in upload.locator("input[type=text]").all()] == ["", ""]
        upload.get_by_role("button", name="Execute").click()
        live = upload.locator(".live-responses-table .response")
        live.wait_for()
        assert live.locator(".response-col_status").inner_text().strip().startswith("202")
        assert DOCUMENT_ID in live.inner_text()
        document = page.request.get(f"{base_url}/openapi.json").json()
        operations = sum(len(methods) for methods in document["paths"].values())
        assert operations >= 12
        assert page.locator(".opblock").count() == operations
        assert page.locator(".errors-wrapper").count() == 0
        assert offline.refused == []
        assert offline.errors == []
