"""Each check asks what it is named after: one that asks nobody would call a dead dependency healthy."""

from __future__ import annotations

from typing import Any

from portfolio_rag.composition.health_checks import ingestion_checks
from portfolio_rag.pipeline.maintenance.dependency_health import HealthChecks
from portfolio_rag.settings.environment import Settings

ASKED = {
    "s3": ("store",),
    "dynamodb": ("registry",),
    "sqs": ("ingestion_queue", "embedding_queue"),
    "chromadb": ("vectors",),
}


class Dependency:
    """Answers everything, or refuses everything; `ping` and `count` answer as Chroma's do."""

    name = "queue"
    live = "windows"
    visible = 0

    def __init__(self, *, dead: bool) -> None:
        self._dead = dead

    def _answer(self, *_: Any) -> Any:
        if self._dead:
            raise ConnectionError("nobody there")
        return self

    def list(self, *_: Any) -> Any:
        return iter([self._answer()])

    head = depth = ping = current = count = _answer


class Clients:
    settings = Settings()

    def __init__(self, dead: str = "") -> None:
        for name in ("store", "registry", "ingestion_queue", "embedding_queue", "vectors", "index_aliases"):
            setattr(self, name, Dependency(dead=name == dead))


def unhealthy(dead: str) -> list[str]:
    clients: Any = Clients(dead)
    return [check.name for check in HealthChecks(ingestion_checks(clients)).run() if not check.healthy]


def test_all_is_well_where_all_answer() -> None:
    assert unhealthy("") == []


def test_each_dependency_is_asked() -> None:
    for name, dependencies in ASKED.items():
        for dependency in dependencies:
            assert unhealthy(dependency) == [name]


def test_chroma_is_asked_whether_it_answers_and_what_it_holds() -> None:
    """A server that only greets, or one that only remembers what it was told at the start, is not enough."""
    asked: list[str] = []

    class Chroma:
        def ping(self) -> None:
            asked.append("ping")

        def count(self, collection: str) -> int:
            asked.append(f"count {collection}")
            return 7

    clients: Any = Clients()
    clients.vectors = Chroma()
    checks = {check.name: check for check in HealthChecks(ingestion_checks(clients)).run()}
    assert asked == ["ping", "count windows"]
    assert checks["chromadb"].detail == "Collection windows holds 7 windows."
