"""The console over 10 documents beside 10,000: `python -m bench.console [--rounds N]`.

In Chromium, from the address to what a person waits for: the field of the question, the first rows of the list, the
counts beside it, and a document found by its name. The registry is a DynamoDB emulator of each size, the index of names
the one that the API keeps. What is looked for is the oldest document, before which the registry would read all others.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Browser, sync_playwright

from api.main import create_app
from bench.measure import interleaved, summary
from bench.search_services import running_dynamodb
from portfolio_rag.access.keyring import Keyring
from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.dynamodb.document_items import HEAD, STATUS_INDEX
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.adapters.tantivy.full_text_index import TantivyFullTextIndex
from portfolio_rag.answering.retrieval.full_text_follower import FullTextFollower
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.access import AccessRules
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.identifiers import document_id_for, iso
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.pipeline.documents.catalog import Documents
from portfolio_rag.settings.environment import Settings
from tests.e2e.swagger import chromium_path
from tests.support.api import MemoryApiKeys, TestClock
from tests.support.serving import serving

SIZES = (10, 10_000)
_BUCKET = "portfolio-raw"
_OLDEST = "the-oldest-guide.md"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {size: stack.enter_context(_console(work / str(size), size)) for size in SIZES}
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        for name, measure in _MEASURES.items():
            candidates = {str(size): _bound(measure, browser, url) for size, url in urls.items()}
            _report(name, interleaved(candidates, rounds, warm_up=1))


def _report(name: str, seconds: Mapping[str, Sequence[float]]) -> None:
    few, many = (seconds[str(size)] for size in SIZES)
    times = " ".join(f"{size:>6}: {1000 * summary(seconds[str(size)])['median']:7.0f} ms" for size in SIZES)
    ratio = summary([after / before for before, after in zip(few, many, strict=True)])["median"]
    print(f"{name:<34} {times}   x {ratio:.2f}", flush=True)


def _bound(measure: Callable[[Browser, str], float], browser: Browser, url: str) -> Callable[[], float]:
    return lambda: measure(browser, url)


def _until(browser: Browser, url: str, view: str, shown: str, search: str = "") -> float:
    """Seconds from the address, or from the last letter of a search, until `shown` is there."""
    page = browser.new_page()
    try:
        begun = time.perf_counter()
        page.goto(f"{url}/#/{view}")
        if search:
            page.locator(".choice b").first.wait_for()
            begun = time.perf_counter()
            page.get_by_role("searchbox").fill(search)
        page.locator(shown).first.wait_for(timeout=120_000)
        return time.perf_counter() - begun
    finally:
        page.close()


_MEASURES: dict[str, Callable[[Browser, str], float]] = {
    "first paint of the chat": lambda browser, url: _until(browser, url, "chat", "#question"),
    "first rows of the documents": lambda browser, url: _until(browser, url, "documents", "tbody tr"),
    "counts beside them": lambda browser, url: _until(browser, url, "documents", ".choice b"),
    "search by attribute, none has it": lambda browser, url: _until(browser, url, "documents", ".empty", "team:nobody"),
    "search by name, the oldest document": lambda browser, url: _until(
        browser, url, "documents", f"tbody tr:only-child a:has-text('{_OLDEST}')", _OLDEST
    ),
}


@contextmanager
def _console(work: Path, size: int) -> Iterator[str]:
    """The URL of an API over a registry of so many documents."""
    with running_dynamodb(work) as endpoint:
        settings = Settings(aws_endpoint_url=endpoint)
        client = AwsClients(settings)("dynamodb")
        client.create_table(**_registry_table(settings.dynamodb_document_table))
        table = Table(client, settings.dynamodb_document_table)
        versions = [_version(_OLDEST if age == size - 1 else f"guide-{age:05}.md", age) for age in range(size)]
        table.put_many(row for version in versions for row in (asdict(version), _head(version)))
        index = TantivyFullTextIndex(work / "index.sqlite")
        index.index([(version, []) for version in versions])
        registry, none = DynamoDocumentRegistry(table), cast(Any, None)
        follower = FullTextFollower(index, registry, none, TestClock())
        while not follower.whole:
            follower.step()
        with serving(create_app(settings, _services(settings, registry, follower))) as url:
            yield url
        index.close()


def _services(settings: Settings, registry: DynamoDocumentRegistry, follower: FullTextFollower) -> ApiServices:
    """Those that the list asks; a page that asks others fails."""
    none: Any = None
    clock = TestClock()
    return ApiServices(
        documents=Documents(none, registry, none, none, none, clock, _BUCKET, follower),
        keyring=Keyring(MemoryApiKeys(), clock, ""),
        settings=settings,
        access_rules=AccessRules,
        **cast(
            Any,
            dict.fromkeys(
                ("cited", "redrive", "jobs", "health", "retrieval", "chat", "conversations", "token_budget"), none
            ),
        ),
    )


def _head(version: DocumentVersion) -> dict[str, Any]:
    key = logical_key_of(version.s3_key)
    head = DocumentHead(version.document_id, _BUCKET, key, latest_version=1, live_version=1)
    return {**asdict(head), "version": HEAD}


def _version(name: str, age: int) -> DocumentVersion:
    """As large as the samples' rows are."""
    uploaded = datetime(2026, 11, 1, tzinfo=UTC) - timedelta(seconds=age)
    times: dict[str, Any] = {
        field: iso(uploaded + timedelta(seconds=seconds))
        for seconds, field in enumerate(
            ("registered_at", "processing_started_at", "extracted_at", "chunked_at", "embedded_at"), start=1
        )
    }
    return DocumentVersion(
        document_id=document_id_for(_BUCKET, f"guides/{name}"),
        version=1,
        bucket=_BUCKET,
        s3_key=f"processed/guides/{name}",
        s3_version_id="3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
        source_version_id="QUpfdndhfd8438MNFDN93jdnJFkdmqnh893",
        filename=name,
        upload_timestamp=iso(uploaded),
        file_size=3120,
        file_type="md",
        status=DocumentStatus.COMPLETED,
        embedding_model="sentence-transformers/all-MiniLM-L6-v2",
        metadata={"service": "sqs", "year": 2026, "team": "platform", "topics": ["messaging", "queues"]},
        attributes_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        content_sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        recipe="4f1d2c7be0a14d0f",
        chunk_count=4,
        embedded_count=4,
        processing_completed_at=times["embedded_at"],
        settled=True,
        **times,
    )


def _registry_table(name: str) -> dict[str, Any]:
    kinds = {"document_id": "S", "version": "N", "status": "S", "upload_timestamp": "S"}

    def keys(*names: str) -> list[dict[str, str]]:
        return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(names, ("HASH", "RANGE"), strict=True)]

    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in kinds.items()],
        "KeySchema": keys("document_id", "version"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": STATUS_INDEX,
                "KeySchema": keys("status", "upload_timestamp"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


if __name__ == "__main__":
    main()
