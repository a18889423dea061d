from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

from portfolio_rag.costs.usage_recorder import UsageRecorder
from portfolio_rag.domain.answers import Usage
from portfolio_rag.domain.errors import StorageUnavailable
from portfolio_rag.domain.model_usage import ModelUsage
from tests.support.api import MemoryUsage, TestClock, answer

GPT = replace(answer(), model="gpt-4o-mini", usage=Usage(1_000, 50, 0.00018))


def test_questions_and_tokens_by_model_and_month() -> None:
    usage, clock = MemoryUsage(), TestClock()
    recorder = UsageRecorder(usage, clock, lambda: "gpt-4o-mini")
    recorder.count(GPT)
    recorder.count(answer())
    recorder.count_cut_short(Usage(prompt_tokens=300))
    clock.moment = datetime(2026, 2, 1, tzinfo=UTC)
    recorder.count(GPT)
    assert usage.months == {}
    recorder.flush()
    recorder.flush()
    assert usage.months == {
        "2026-01": {"gpt-4o-mini": ModelUsage(2, 1_300, 50), "extractive": ModelUsage(1)},
        "2026-02": {"gpt-4o-mini": ModelUsage(1, 1_000, 50)},
    }


def test_what_cannot_be_written_is_kept() -> None:
    usage = MemoryUsage()
    recorder = UsageRecorder(usage, TestClock(), lambda: "gpt-4o-mini")
    recorder.count(GPT)
    usage.error = StorageUnavailable("DynamoDB is down.")
    recorder.flush()
    recorder.count(GPT)
    usage.error = None
    recorder.flush()
    assert usage.months == {"2026-01": {"gpt-4o-mini": ModelUsage(2, 2_000, 100)}}


def test_it_writes_by_itself_and_at_the_end() -> None:
    written = Event()

    class Usages(MemoryUsage):
        def add(self, *arguments: object) -> None:
            super().add(*arguments)  # type: ignore[arg-type]
            written.set()

    usage = Usages()
    recorder = UsageRecorder(usage, TestClock(), lambda: "gpt-4o-mini", period_seconds=0.01)
    recorder.count(GPT)
    recorder.start()
    assert written.wait(10)
    recorder.stop()
    recorder = UsageRecorder(usage, TestClock(), lambda: "gpt-4o-mini", period_seconds=3600)
    recorder.start()
    recorder.count(GPT)
    recorder.stop()
    assert usage.months["2026-01"]["gpt-4o-mini"].questions == 2
