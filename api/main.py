"""The application factory: `uvicorn api.main:create_app --factory`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import console, docs, problems
from api.admission import Admission, QuestionSlots
from api.authentication import Authentication, parse_networks
from api.bodies import BodyLimits
from api.logs import configure_api_logging
from api.mcp_server.endpoint import McpEndpoint
from api.middleware import REQUEST_ID_HEADER, ErrorBoundary, RequestContext
from api.openai_format import documented_as_openai
from api.openapi import DESCRIPTION, SUMMARY, TAGS, TITLE, VERSION, complete
from api.origins import BrowserGuard, parse_hosts
from api.problem_docs import documented
from api.routes import (
    answers,
    chat,
    completions,
    cost,
    documents,
    health,
    jobs,
    keys,
    operations,
    responses,
    search,
    versions,
)
from portfolio_rag.access.keyring import Keyring
from portfolio_rag.adapters.process.tracing import configure_tracing
from portfolio_rag.composition.api import ApiServices, build_api
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings

_MCP_HEADERS = ["Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"]
"""What agents in a browser send; there are no sessions, so there is no header for them."""


class Api(FastAPI):
    """FastAPI with an OpenAPI document that also holds what no route's signature can say."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings | None = None, services: ApiServices | None = None) -> FastAPI:
    """The API over `services`; without, over those that the environment names, built when the server starts.

    Raises ConfigurationError when a variable has a value that cannot work.
    """
    if settings is None:
        settings = services.settings if services is not None else Settings.from_env()
    if services is None:
        configure_api_logging(settings.log_level, secrets=settings.secrets)
        configure_tracing(settings.otel_exporter_otlp_endpoint, "portfolio-rag-api")
    origins = parse_origins(settings.api_cors_origins)

    slots = QuestionSlots(settings.api_max_concurrent_questions)
    mcp = McpEndpoint(slots)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if services is None:
            # Blocks the event loop once, before the server takes its first request.
            app.state.services = build_api(settings)
        built: ApiServices = app.state.services
        async with AsyncExitStack() as running:
            for background in (
                built.full_text_follower,
                built.load_reporter,
                built.usage_recorder,
                built.answer_durations,
            ):
                if background is not None:
                    background.start()
                    running.callback(background.stop)
            running.callback(built.answer_log.stop)
            await running.enter_async_context(mcp.running())
            yield

    app = Api(
        title=TITLE,
        summary=SUMMARY,
        description=DESCRIPTION,
        version=VERSION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=lifespan,
        middleware=_middleware(settings, origins, slots, lambda: app.state.services.keyring),
    )
    if services is not None:
        app.state.services = services
    problems.install(app)
    refused = documented(401, 403, 429)
    routes = (chat, answers, search, documents, versions, jobs, operations, cost, health, keys)
    for router in (module.router for module in routes):
        app.include_router(router, responses=refused)
    # Here a refusal has OpenAI's shape.
    for router in (completions.router, responses.router):
        app.include_router(router, responses=documented_as_openai(refused))
    app.include_router(health.public)
    app.include_router(docs.router)
    app.include_router(console.router)
    app.router.routes.append(mcp.route())
    return app


def parse_origins(value: str) -> list[str]:
    """`https://a.example, https://b.example` -> the list; `*` stands for any. Raises ConfigurationError."""
    origins = [origin.strip().rstrip("/") for origin in value.split(",") if origin.strip()]
    for origin in origins:
        if origin != "*" and not origin.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"API_CORS_ORIGINS must list origins such as https://app.example.org, or *, not {origin!r}."
            )
    return origins


def _middleware(
    settings: Settings, origins: list[str], slots: QuestionSlots, keyring: Callable[[], Keyring]
) -> list[Middleware]:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        # A key is a header that a page must know; what a browser would add by itself must never be enough.
        allow_credentials=False,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key", REQUEST_ID_HEADER, *_MCP_HEADERS],
        expose_headers=[REQUEST_ID_HEADER, "Location", "Retry-After"],
    )
    return [
        Middleware(RequestContext),
        *([cors] if origins else []),
        Middleware(ErrorBoundary),
        Middleware(BrowserGuard, allowed_hosts=parse_hosts(settings.api_allowed_hosts), allowed_origins=origins),
        Middleware(
            Authentication,
            keyring=keyring,
            keyless_networks=parse_networks(settings.api_keyless_networks),
            docs_open=settings.api_docs_open == "true",
        ),
        Middleware(BodyLimits, max_upload_bytes=settings.api_max_upload_bytes),
        Middleware(Admission, slots=slots),
    ]
