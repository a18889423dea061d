"""`rag show`, `rag delete` and `rag search`: what they ask the API for, and what they make of its answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from api.main import create_app
from portfolio_rag.cli.documents import delete, document_id_of, show
from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.search import search
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.local.config import StackConfig
from tests.support.api import CONTENT, DOCUMENT_ID, KEY, FakeServices, client_of, fake_services


@pytest.fixture
def services() -> FakeServices:
    return fake_services()


@pytest.fixture
def api(services: FakeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    """The command line's client of the real application."""
    monkeypatch.setenv("PORTFOLIO_ENV_FILE", os.devnull)
    with client_of(create_app(services=services.api)) as client:
        found = ApiClient(StackConfig.load({}, project=tmp_path))
        found._client.close()
        found._client = cast(httpx.Client, client)
        yield found


def test_a_document_is_found_by_its_path_as_by_its_id(tmp_path: Path) -> None:
    config = StackConfig.load({}, project=tmp_path)
    for name in (KEY, f"processed/{KEY}", f"s3://portfolio-raw/incoming/{KEY}", DOCUMENT_ID, DOCUMENT_ID.upper()):
        assert document_id_of(name, config) == DOCUMENT_ID


def test_show_prints_state_versions_and_attributes(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    show(KEY, chunks=False, api=api)
    shown = capsys.readouterr().out
    assert shown.startswith(f"{KEY}\nId        {DOCUMENT_ID}\nStatus    COMPLETED\nAnswers   version 1, 1 chunks\n")
    assert 'topics = ["messaging"]' in shown
    assert f"processed/{KEY}" in shown
    assert CONTENT not in shown


def test_show_prints_the_chunks_on_request(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    show(DOCUMENT_ID, chunks=True, api=api)
    assert capsys.readouterr().out.endswith(f"\nChunk 0, Amazon SQS > Limits\n{CONTENT}\n")


@pytest.mark.parametrize(("chunks", "count"), [(False, 0), (True, 1)])
def test_show_as_json_is_the_document_of_the_api(
    chunks: bool, count: int, api: ApiClient, capsys: pytest.CaptureFixture[str]
) -> None:
    show(KEY, chunks=chunks, as_json=True, api=api)
    told = json.loads(capsys.readouterr().out)
    assert (told["document_id"], told["logical_key"], len(told["chunks"])) == (DOCUMENT_ID, KEY, count)


def test_an_unknown_document_is_named_as_it_was_asked_for(api: ApiClient) -> None:
    with pytest.raises(InvalidRequest, match=r"^none\.md: There is no document"):
        show("none.md", chunks=False, api=api)


def test_delete_looks_all_of_them_up_before_the_first_is_deleted(
    api: ApiClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(services.documents, "delete", deleted.append)
    with pytest.raises(InvalidRequest, match=r"^none\.md"):
        delete([KEY, "none.md"], yes=True, api=api)
    assert deleted == []


def test_delete_without_anybody_to_ask_needs_yes(
    api: ApiClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(services.documents, "delete", deleted.append)
    with pytest.raises(InvalidRequest, match="--yes"):
        delete([KEY], yes=False, api=api)
    assert deleted == []


def test_delete_with_yes_deletes(
    api: ApiClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(services.documents, "delete", deleted.append)
    delete([KEY], yes=True, as_json=True, api=api)
    assert deleted == [DOCUMENT_ID]
    assert json.loads(capsys.readouterr().out) == {"items": [{"document_id": DOCUMENT_ID, "logical_key": KEY}]}


def test_search_prints_where_and_what(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    search("how long", top_k=3, where='{"equals": {"key": "service", "value": "sqs"}}', api=api)
    assert capsys.readouterr().out == f"1. processed/{KEY}, Amazon SQS > Limits (0.83)\n   {CONTENT}\n"


def test_search_hands_its_options_over(api: ApiClient, services: FakeServices) -> None:
    search("how long", top_k=3, where='{"equals": {"key": "service", "value": "sqs"}}', as_json=True, api=api)
    [(query, top_k, where)] = services.retrieval.calls
    assert (query, top_k) == ("how long", 3)
    assert where is not None


def test_a_filter_that_is_no_json_is_refused_with_an_example(api: ApiClient) -> None:
    with pytest.raises(InvalidRequest, match="--filter is not JSON"):
        search("how long", top_k=None, where="service=sqs", api=api)
