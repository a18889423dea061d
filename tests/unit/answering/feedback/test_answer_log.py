"""Answers are kept beside their way out: nobody waits, nothing fails, and all ends after its days."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from portfolio_rag.adapters.dynamodb.answer_store import DynamoAnswerStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.answering.feedback import answer_log
from portfolio_rag.answering.feedback.answer_log import AnswerLog
from portfolio_rag.answering.feedback.feedback_service import FeedbackService
from portfolio_rag.domain.errors import InvalidRequest, NotFound, StorageUnavailable
from portfolio_rag.domain.feedback import MAX_COMMENT_CHARACTERS, AnswerKind, AnswerRecord, Rating
from tests.simulation.dynamodb import DynamoModel, pipeline_tables
from tests.simulation.models import SimClock
from tests.support.api import answer, refusal


@pytest.fixture
def clock() -> SimClock:
    return SimClock()


@pytest.fixture
def dynamo(clock: SimClock) -> DynamoModel:
    return DynamoModel(pipeline_tables(), lambda: clock.time)


@pytest.fixture
def store(dynamo: DynamoModel) -> DynamoAnswerStore:
    return DynamoAnswerStore(Table(dynamo, "answers"))


@pytest.fixture
def log(store: DynamoAnswerStore, clock: SimClock) -> Iterator[AnswerLog]:
    log = AnswerLog(store, clock, kept_days=90)
    yield log
    log.stop()


class HeldStore(DynamoAnswerStore):
    """Writes nothing before it may."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.may_write = threading.Event()

    def add(self, record: AnswerRecord) -> None:
        self.may_write.wait(30)
        super().add(record)


def test_no_answer_waits_for_the_store_and_each_is_written_once(dynamo: DynamoModel, clock: SimClock) -> None:
    store = HeldStore(Table(dynamo, "answers"))
    log = AnswerLog(store, clock, kept_days=90)
    ids = {log.record(answer(), key_id="k").answer_id for _ in range(20)}
    assert len(ids) == 20
    assert dynamo.tables["answers"].items == {}
    assert log.drain(0.01) is False
    store.may_write.set()
    log.stop()
    assert {key[0] for key in dynamo.tables["answers"].items} == ids


def test_what_cannot_be_written_in_time_is_let_go(
    dynamo: DynamoModel, clock: SimClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(answer_log, "_MAX_WAITING", 3)
    store = HeldStore(Table(dynamo, "answers"))
    log = AnswerLog(store, clock, kept_days=90)
    ids = [log.record(answer(), key_id="k").answer_id for _ in range(10)]
    assert all(ids)
    store.may_write.set()
    assert log.drain(30)
    assert 3 <= len(dynamo.tables["answers"].items) <= 4
    assert f"answer {ids[-1]} cannot be rated" in caplog.text
    log.stop()


def test_one_that_cannot_be_written_does_not_keep_the_next(
    store: DynamoAnswerStore, log: AnswerLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written = store.add
    broken = [StorageUnavailable("DynamoDB does not answer."), ValueError("odd")]

    def add(record: AnswerRecord) -> None:
        if broken:
            raise broken.pop()
        written(record)

    monkeypatch.setattr(store, "add", add)
    ids = [log.record(answer(), key_id="k").answer_id for _ in range(3)]
    assert log.drain(30)
    service = FeedbackService(store, log, SimClock())
    assert service.rate(ids[2], Rating.UP, "", key_id="k").answer_id == ids[2]
    for answer_id in ids[:2]:
        assert f"answer {answer_id} cannot be rated" in caplog.text
        with pytest.raises(NotFound):
            service.rate(answer_id, Rating.UP, "", key_id="k")


def test_an_answer_is_rated_before_it_is_written(dynamo: DynamoModel, clock: SimClock) -> None:
    store = HeldStore(Table(dynamo, "answers"))
    log = AnswerLog(store, clock, kept_days=90)
    answer_id = log.record(answer(), key_id="k").answer_id
    threading.Timer(0.05, store.may_write.set).start()
    assert FeedbackService(store, log, clock).rate(answer_id, Rating.UP, "", key_id="k").feedback is not None
    log.stop()


def test_a_write_that_comes_twice_leaves_the_feedback(
    store: DynamoAnswerStore, log: AnswerLog, clock: SimClock
) -> None:
    answer_id = log.record(answer(), key_id="k").answer_id
    rated = FeedbackService(store, log, clock).rate(answer_id, Rating.DOWN, "No.", key_id="k")
    store.add(AnswerRecord(answer_id, "k", "Else?", "2026", True, rated.mode, (), rated.expires_at))
    (kept,) = store.page(AnswerKind.DOWN, now=0, key_id="k", limit=10, cursor=None).items
    assert kept == rated


def test_after_its_days_an_answer_is_gone_before_it_is_deleted(
    store: DynamoAnswerStore, log: AnswerLog, clock: SimClock
) -> None:
    service = FeedbackService(store, log, clock)
    answer_id = log.record(refusal(), key_id="k").answer_id
    service.rate(answer_id, Rating.UP, "", key_id="k")
    clock.time += timedelta(days=90) - timedelta(seconds=2)
    for kind in (AnswerKind.UNANSWERED, AnswerKind.UP):
        assert len(service.page(kind, limit=10, cursor=None, key_id=None).items) == 1
    for later in (timedelta(seconds=2), timedelta(days=1)):
        clock.time += later
        for kind in AnswerKind:
            assert service.page(kind, limit=10, cursor=None, key_id=None).items == []
        with pytest.raises(NotFound):
            service.rate(answer_id, Rating.UP, "", key_id=None)


def test_nothing_of_the_answer_s_text_is_kept(dynamo: DynamoModel, log: AnswerLog) -> None:
    given = log.record(answer(), key_id="k")
    assert log.drain(30)
    (kept,) = dynamo.tables["answers"].items.values()
    assert set(kept) == {"answer_id", "key_id", "question", "asked_at", "mode", "sources", "expires_at"}
    assert given.text not in str(kept)
    assert given.citations[0].quote not in str(kept)


def test_a_comment_has_its_bound(store: DynamoAnswerStore, log: AnswerLog, clock: SimClock) -> None:
    service = FeedbackService(store, log, clock)
    answer_id = log.record(answer(), key_id="k").answer_id
    longest = "x" * MAX_COMMENT_CHARACTERS
    rated = service.rate(answer_id, Rating.UP, f" {longest} ", key_id="k")
    assert rated.feedback is not None
    assert rated.feedback.comment == longest
    with pytest.raises(InvalidRequest, match="2000 characters"):
        service.rate(answer_id, Rating.UP, longest + "x", key_id="k")


def test_a_page_of_one_s_own_is_filled_over_those_of_others(
    store: DynamoAnswerStore, log: AnswerLog, clock: SimClock
) -> None:
    service = FeedbackService(store, log, clock)
    for number in range(12):
        log.record(refusal(), key_id="own" if number % 4 == 0 else "other")
    assert log.drain(30)
    seen: list[AnswerRecord] = []
    cursor = None
    while True:
        page = service.page(AnswerKind.UNANSWERED, limit=2, cursor=cursor, key_id="own")
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.items) == 2
    assert len(seen) == 3
    assert {record.key_id for record in seen} == {"own"}
