"""What the simulation replaces because it would only cost time or make a replay differ: processes, threads, chance."""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import UUID

import pytest

from portfolio_rag.adapters.dynamodb import table as dynamodb
from portfolio_rag.answering.retrieval import search
from portfolio_rag.domain import messages
from portfolio_rag.pipeline.ingestion import chunking, processing
from portfolio_rag.pipeline.jobs import service as jobs
from portfolio_rag.pipeline.maintenance import dependency_health as health
from portfolio_rag.text.chunking import chunker as chunk
from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.worker import Pages, extract_here, join_here
from portfolio_rag.text.extraction.worker import extract_in_ranges as in_ranges

MESSAGE_TOKENS = 512
"""Eight chunks of the 64 words that the simulation's settings allow."""


class SerialPool:
    """`ThreadPoolExecutor` without threads: the order of calls must follow from the seed alone."""

    def __init__(self, max_workers: int, thread_name_prefix: str = "") -> None:
        self.max_workers = max_workers

    def __enter__(self) -> SerialPool:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def map(self, function: Callable[[Any], Any], entries: Iterable[Any]) -> Iterator[Any]:
        return map(function, entries)


@functools.lru_cache(maxsize=64)
def extract(data: bytes, filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    """In this process, and each document once."""
    return extract_here(data, filename, limits)


def extract_in_ranges(
    data: bytes, filename: str, limits: ExtractionLimits, *, first_page: int, seconds: float
) -> ExtractedDocument | Pages:
    """All of a PDF or, in a world without time, a page: never as many as the machine happens to read."""
    if data.startswith(b"%PDF") and (first_page or seconds < 1):
        return in_ranges(data, filename, limits, first_page=first_page, seconds=-1.0)
    return extract(data, filename, limits)


def join(ranges: Sequence[bytes], filename: str, limits: ExtractionLimits) -> ExtractedDocument:
    return join_here(ranges, limits)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    # Thousands of crashes are logged with their tracebacks, which nobody reads: formatting them takes half the time.
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    monkeypatch.setattr(chunking, "extract", extract)
    # Its chunks are small: as many messages a document as the real limit makes of real chunks.
    monkeypatch.setattr(messages, "MAX_TOKENS", MESSAGE_TOKENS)
    monkeypatch.setattr(processing, "extract_in_ranges", extract_in_ranges)
    monkeypatch.setattr(processing, "join", join)
    # Small texts are cut part by part, too.
    monkeypatch.setattr(chunk, "PART_CHARACTERS", 600)
    monkeypatch.setattr(health, "ThreadPoolExecutor", SerialPool)
    monkeypatch.setattr(search, "ThreadPoolExecutor", SerialPool)
    # Of every back-off the longest, and job ids in the order of their jobs.
    monkeypatch.setattr(dynamodb, "uniform", max)
    numbers = itertools.count(1)
    monkeypatch.setattr(jobs, "uuid4", lambda: UUID(int=next(numbers)))
