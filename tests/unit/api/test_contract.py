"""The API does what its OpenAPI document says, whatever is sent: schemathesis against the real use cases.

The application runs in this process, keys on, over the adapters on the simulation's stores. The seed is fixed. Agents'
`/mcp` is no part of OpenAPI; tests/unit/api/test_mcp.py drives it with the SDK's own client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api.events import MEDIA_TYPE
from api.main import create_app
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.identifiers import document_id_for
from tests.simulation.fast import install
from tests.simulation.world import RAW, World
from tests.support.api import FakeMonthlyCost

HOST = "testserver"
KEY = "guides/queues.md"
EXAMPLES = 10
SEED = 1

BEYOND_A_SCHEMA = {
    "chat": "how deep a filter may be nested",
    "search": "likewise",
    "list_documents": "a cursor is what the page before gave, and nothing else",
    "list_job_documents": "likewise",
    "list_answers": "likewise",
    "compare_versions": "two versions that are one do not differ",
    "roll_back_document": "a version that has never answered, or answers, has nothing to be taken back to",
    "resume_job": "a budget must be more than what the job has cost already",
    "upload_document": "the attributes are JSON in a form's text, with limits over all of them",
    "presign_upload": "the attributes have limits over all of them",
    "create_chat_completion": "which message is last, and whether tools may be called, decides what is refused",
    "create_response": "likewise",
}
"""Operations that may refuse what their schema allows, by 400 or 422, and why."""


@dataclass
class Seen:
    """What a run saw. `findings` are texts for people."""

    findings: list[str] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Application:
    """The API with a key that may do all, and the document and the chunk that are there."""

    app: FastAPI
    key: str
    document_id: str
    chunk_id: str

    @property
    def operations(self) -> set[str]:
        paths = self.app.openapi()["paths"]
        return {f"{method.upper()} {path}" for path, item in paths.items() for method in item}


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    """Over the real use cases, with a document that answers."""
    with pytest.MonkeyPatch.context() as patched:
        install(patched)
        world = World()
        world.upload(KEY, "# Queues\n\nAmazon SQS keeps a message for 4 days by default.\n")
        world.rest()
        parts = world.container
        parts.settings = replace(parts.settings, api_allowed_hosts=HOST)
        names = {entry.name: entry.name for entry in fields(ApiServices)} | {"jobs": "job_service"}
        given: dict[str, Any] = {"access_rules": parts.config.access_rules, "full_text_follower": None}
        # Of billed usage there is no model.
        given["monthly_cost"] = FakeMonthlyCost()
        services = {name: given[name] if name in given else getattr(parts, part) for name, part in names.items()}
        _, key = parts.keyring.create("tester", [Scope.ADMIN])
        patched.setattr(parts.documents, "upload", _ingesting(world, parts.documents.upload))
        document_id = document_id_for(RAW, KEY)
        chunk_id = parts.documents.get(document_id).chunks[0].chunk_id
        yield Application(create_app(services=ApiServices(**services)), key, document_id, chunk_id)


def _ingesting(world: World, upload: Callable[..., Any]) -> Callable[..., Any]:
    """Uploads that are ingested at once, so that what was made can be asked for."""

    def ingest(*arguments: Any, **options: Any) -> Any:
        receipt = upload(*arguments, **options)
        world.rest()
        return receipt

    return ingest


@pytest.fixture(scope="module")
def seen(application: Application) -> Seen:
    schema = schemathesis.openapi.from_dict(application.app.openapi(), config=_configuration(application))
    schema.app = application.app
    found = Seen()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, found)
        elif isinstance(event, events.NonFatalError):
            found.findings.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _configuration(application: Application) -> SchemathesisConfig:
    refuse = {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "404", "409", "422", "429"]}
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": f"http://{HOST}",
            "headers": {"X-API-Key": application.key},
            "continue-on-failure": True,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "no-shrink": True,
                # The key is a parameter of its own to it otherwise, and nearly all that it sends is refused for that.
                "with-security-parameters": False,
            },
            "operations": [
                *({"include-operation-id": name, "checks": refuse} for name in BEYOND_A_SCHEMA),
                {"include-operation-id": "get_document", "parameters": {"document_id": application.document_id}},
                {
                    "include-operation-id": "get_chunk",
                    "parameters": {"document_id": application.document_id, "chunk_id": application.chunk_id},
                },
                # In a form everything is a text, also what schemathesis means to be a number.
                {"include-operation-id": "upload_document", "checks": {"negative_data_rejection": {"enabled": False}}},
            ],
        }
    )


def _note(event: events.ScenarioFinished, seen: Seen) -> None:
    recorder = event.recorder
    for interaction in recorder.interactions.values():
        response = interaction.response
        if response is not None:
            seen.statuses[str(event.label), response.status_code] += 1
            seen.streams[str(event.label)] += MEDIA_TYPE in response.headers.get("content-type", [""])[0]
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                interaction = recorder.interactions[case_id]
                answer = interaction.response.text[:300] if interaction.response else ""
                failure = check.failure_info.failure
                told = (event.label, failure.title, failure.message, check.failure_info.code_sample[:1000], answer)
                seen.findings.append("\n  ".join(map(str, told)))


def test_nothing_is_found_against_the_contract(seen: Seen) -> None:
    assert not seen.findings, "\n".join(seen.findings)


def test_no_answer_is_an_error_of_the_server(seen: Seen) -> None:
    assert {label: status for label, status in seen.statuses if status >= 500} == {}


def test_every_operation_answered_and_the_key_was_good(seen: Seen, application: Application) -> None:
    answered = {label for label, status in seen.statuses if status < 300}
    # Ids are made up but for those two: nothing is there to be deleted, and what has failed is not known beforehand.
    assert application.operations - answered <= {
        "POST /api/documents/{document_id}/retry",
        "DELETE /api/documents/{document_id}",
        "GET /api/jobs/{job_id}",
        "GET /api/jobs/{job_id}/documents",
        "POST /api/jobs/{job_id}/cancel",
        "POST /api/jobs/{job_id}/resume",
        "POST /api/dead-letters/{message_id}/redrive",
        "GET /api/documents/{document_id}/compare",
        "POST /api/documents/{document_id}/rollback",
    }


@pytest.mark.parametrize("operation", ["POST /api/chat", "POST /v1/chat/completions", "POST /v1/responses"])
def test_streams_were_among_them(operation: str, seen: Seen) -> None:
    assert seen.streams[operation]
