"""The application factory: `uvicorn api.main:create_app --factory`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api import console, docs, problems
from api.admission import Admission
from api.logs import configure_api_logging
from api.middleware import REQUEST_ID_HEADER, ErrorBoundary, Guard, RequestContext
from api.openai_format import documented_as_openai
from api.openapi import DESCRIPTION, SUMMARY, TAGS, TITLE, VERSION, complete
from api.problem_docs import documented
from api.routes import chat, completions, documents, health, jobs, search
from portfolio_rag.composition.api import ApiServices, build_api
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings

# Only declares the header to OpenAPI; middleware.Guard checks it, before a byte of the body is read.
_API_KEY = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKey",
    description="The value of the server's environment variable API_KEY.",
    auto_error=False,
)

_BEARER = HTTPBearer(scheme_name="Bearer", description="The same key, as OpenAI's clients send it.", auto_error=False)


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
        configure_api_logging(settings.log_level)
    origins = parse_origins(settings.api_cors_origins)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Blocks the event loop once, before the server takes its first request.
        built = services if services is not None else build_api(settings)
        app.state.services = built
        with ExitStack() as running:
            for background in (built.full_text_follower, built.load_reporter):
                if background is not None:
                    background.start()
                    running.callback(background.stop)
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
        middleware=_middleware(settings, origins),
    )
    problems.install(app)
    guarded = [Security(_API_KEY)] if settings.api_key else []
    refused = documented(401) if settings.api_key else {}
    for router in (chat.router, search.router, documents.router, jobs.router, health.router):
        app.include_router(router, dependencies=guarded, responses=refused)
    # The key has a second place here, and a refusal has OpenAI's shape.
    app.include_router(
        completions.router,
        dependencies=[*guarded, Security(_BEARER)] if guarded else [],
        responses=documented_as_openai(refused),
    )
    app.include_router(health.public)
    app.include_router(docs.router)
    app.include_router(console.router)
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


def _middleware(settings: Settings, origins: list[str]) -> list[Middleware]:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key", REQUEST_ID_HEADER],
        expose_headers=[REQUEST_ID_HEADER, "Location", "Retry-After"],
    )
    return [
        Middleware(RequestContext),
        *([cors] if origins else []),
        Middleware(ErrorBoundary),
        Middleware(
            Guard,
            api_key=settings.api_key,
            allowed_origins=origins,
            max_upload_bytes=settings.api_max_upload_bytes,
        ),
        Middleware(Admission, limit=settings.api_max_concurrent_questions),
    ]
