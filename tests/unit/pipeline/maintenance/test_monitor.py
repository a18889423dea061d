"""What check-health publishes: the values that the alarms watch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from portfolio_rag.domain.documents import DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth
from portfolio_rag.pipeline.maintenance.monitor import HealthMonitor
from portfolio_rag.pipeline.maintenance.repairs import RepairResult, StuckDocuments
from portfolio_rag.ports.message_queue import QueueDepth
from tests.simulation.models import RecordedMetrics
from tests.support.answers import document
from tests.support.api import TestClock

CLOCK = TestClock()
NOW = CLOCK.now()


@dataclass
class Surroundings:
    """All that a round looks at."""

    versions: list[DocumentVersion] = field(default_factory=list)
    waiting: list[int] = field(default_factory=lambda: [0, 0])
    dead: int = 0
    dependencies: list[DependencyHealth] = field(default_factory=list)
    stuck: RepairResult = field(default_factory=lambda: RepairResult(0, 0))

    def iter_by_status(self, status: DocumentStatus, *, uploaded_after: str) -> Iterator[DocumentVersion]:
        return (version for version in self.versions if version.status is status)

    def depths(self) -> list[QueueDepth]:
        return [QueueDepth(visible, 7) for visible in self.waiting]

    def count_dead_letters(self) -> int:
        return self.dead

    def run(self) -> list[DependencyHealth]:
        return self.dependencies

    def published(self) -> dict[str, float]:
        class Repair:
            name = StuckDocuments.name
            needs_healthy_dependencies = False

            def run(_, until: datetime) -> RepairResult:  # noqa: N805
                return self.stuck

        metrics, of_all = RecordedMetrics(), cast(Any, self)
        HealthMonitor(of_all, of_all, of_all, [cast(Any, Repair())], metrics, CLOCK).run()
        assert metrics.calls == 1
        return dict(metrics.values)


def ended(
    status: DocumentStatus, *, minutes_ago: float = 1, error_code: FailureReason | None = None
) -> DocumentVersion:
    at = iso(NOW - timedelta(minutes=minutes_ago))
    return document("a.md", status=status, processing_completed_at=at, error_code=error_code)


COMPLETED, FAILED = DocumentStatus.COMPLETED, DocumentStatus.FAILED


def test_in_peace_everything_is_nought() -> None:
    dependencies = [DependencyHealth("chromadb", True, "", 1), DependencyHealth("dynamodb", True, "", 1)]
    assert Surroundings(dependencies=dependencies).published() == {
        "QueueDepth": 0,
        "DeadLetters": 0,
        "StuckDocuments": 0,
        "FailureRate": 0.0,
        "ChromaDBErrors": 0,
    }


def test_the_queue_that_is_fullest_counts_with_what_waits_in_it() -> None:
    assert Surroundings(waiting=[3, 120]).published()["QueueDepth"] == 120
    assert Surroundings(waiting=[120, 3]).published()["QueueDepth"] == 120


def test_dead_letters_and_stuck_documents_are_counted() -> None:
    published = Surroundings(dead=2, stuck=RepairResult(4, 1)).published()
    assert (published["DeadLetters"], published["StuckDocuments"]) == (2, 4)


@pytest.mark.parametrize("name", ["chromadb", "dynamodb"])
def test_only_chroma_that_is_down_counts_as_an_error_of_chroma(name: str) -> None:
    dependencies = [DependencyHealth(each, each != name, "", 1) for each in ("chromadb", "dynamodb")]
    assert Surroundings(dependencies=dependencies).published()["ChromaDBErrors"] == (1 if name == "chromadb" else 0)


def test_the_failure_rate_is_a_percentage_of_what_has_ended() -> None:
    versions = [ended(FAILED, error_code=FailureReason.MALFORMED), *(ended(COMPLETED) for _ in range(3))]
    assert Surroundings(versions=versions).published()["FailureRate"] == 25.0


@pytest.mark.parametrize("reason", [FailureReason.SUPERSEDED, FailureReason.DELETED])
def test_what_was_replaced_or_deleted_on_its_way_is_no_failure(reason: FailureReason) -> None:
    assert Surroundings(versions=[ended(FAILED, error_code=reason)]).published()["FailureRate"] == 0.0


def test_a_failure_of_an_earlier_period_does_not_keep_the_alarm_ringing() -> None:
    old = ended(FAILED, minutes_ago=6, error_code=FailureReason.MALFORMED)
    assert Surroundings(versions=[old]).published()["FailureRate"] == 0.0
