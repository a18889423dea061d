"""Health of the API and of what it depends on."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

from portfolio_rag.pipeline.maintenance.dependency_health import DependencyHealth


class Health(StrEnum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class DependencyOut(BaseModel):
    """One service that the API needs."""

    name: str = Field(description="Its name.", examples=["chromadb"])
    healthy: bool = Field(description="Whether it does its work.", examples=[True])
    detail: str = Field(description="What was seen.", examples=["4 collections"])
    latency_ms: float | None = Field(description="How long the check took.", examples=[3.2])


class HealthOut(BaseModel):
    """Healthy when every dependency is."""

    status: Health = Field(description="healthy or unhealthy.", examples=["healthy"])
    version: str = Field(description="Version of the API.", examples=["0.1.0"])
    dependencies: list[DependencyOut]

    @classmethod
    def of(cls, version: str, checks: list[DependencyHealth]) -> HealthOut:
        return cls(
            status=Health.HEALTHY if all(check.healthy for check in checks) else Health.UNHEALTHY,
            version=version,
            dependencies=[
                DependencyOut(name=check.name, healthy=check.healthy, detail=check.detail, latency_ms=check.latency_ms)
                for check in checks
            ],
        )


class LiveOut(BaseModel):
    """The process answers."""

    status: str = Field(default="alive", description="Always `alive`.", examples=["alive"])
