"""OpenTelemetry behind domain/tracing.py: spans by OTLP over HTTP. Loaded only where an endpoint is set."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

from portfolio_rag.domain import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link

_EXPORT_SECONDS = 2.0
"""Of a collector that does not answer, an invocation waits no longer, tries again included.

It is the exporter's: BatchSpanProcessor.force_flush of opentelemetry-sdk 1.45.2 takes a timeout and heeds none.
"""

_log = logging.getLogger(__name__)


class OpenTelemetryTracer:
    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("portfolio_rag")
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, parents: Sequence[str], attributes: tracing.Attributes) -> AbstractContextManager[None]:
        context = self._context(parents[0]) if parents else None
        links = [link for parent in parents[1:] if (link := self._link(parent)) is not None]
        started = self._tracer.start_as_current_span(name, context=context, links=links, attributes=attributes)
        return cast(AbstractContextManager[None], started)

    def begin(self, name: str, attributes: tracing.Attributes) -> tracing.Started:
        return self._tracer.start_span(name, attributes=attributes)

    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(tracing.TRACEPARENT)

    def flush(self) -> None:
        self._provider.force_flush()

    def _context(self, parent: str) -> Any:
        return self._propagator.extract({tracing.TRACEPARENT: parent})

    def _link(self, parent: str) -> Link | None:
        from opentelemetry.trace import Link, get_current_span

        of_parent = get_current_span(self._context(parent)).get_span_context()
        return Link(of_parent) if of_parent.is_valid else None


def configure_tracing(endpoint: str, service: str) -> None:
    """Send spans to the collector at that endpoint; without one, load nothing.

    OpenTelemetry's own variables hold as well: OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER.
    """
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is missing: portfolio-rag[tracing].")
        return
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or service})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracing.install(OpenTelemetryTracer(provider))
