"""Texts of the OpenAPI document, and what FastAPI does not put into it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from api.openai_format import OpenAIError
from api.problems import Problem

TITLE = "Portfolio RAG"
SUMMARY = "Drop a document into S3; seconds later a chat answers from it, with citations that hold."
VERSION = version("portfolio-rag")

DESCRIPTION = """\
Documents go into S3, by this API or past it (`aws s3 cp FILE s3://portfolio-raw/incoming/FILE`). The pipeline extracts,
cuts and embeds them; then they answer questions.

1. `POST /api/documents` uploads a document: md, txt, pdf, html, docx, xlsx, pptx, csv, tsv, json,
   jsonl, ipynb, eml or epub.
2. `GET /api/documents/{document_id}` shows it going from PENDING to COMPLETED, or to FAILED with a reason.
3. `POST /api/chat` answers from it. Every sentence of an answer is checked against the source that it cites; what the
   sources do not hold is not shown.

Errors are problem details (RFC 9457, `application/problem+json`) with a `code` for programs and a `hint` for people.
Every response carries `X-Request-ID`, which is also in the API's log; one that the request brings is kept.
"""

TAGS = [
    {"name": "chat", "description": "Questions to the documents, answered with citations that were checked."},
    {"name": "openai", "description": "The chat for OpenAI's clients: `base_url` is this server's `/v1`."},
    {"name": "feedback", "description": "What people say of answers, and the questions that were not answered."},
    {"name": "search", "description": "Retrieval alone: the passages that a query finds, with metadata filters."},
    {"name": "documents", "description": "Upload documents, follow them through the pipeline, delete them."},
    {"name": "jobs", "description": "Batch jobs over many documents: ingestion again, and rebuilding the index."},
    {"name": "operations", "description": "Queues, dead letters, alarms, metrics and the size of the index."},
    {"name": "cost", "description": "What the month costs on AWS so far, and where it goes."},
    {"name": "health", "description": "Whether the API and each service behind it work."},
]

_REQUEST_ID = {
    "description": "Id of the request, as in the API's log.",
    "schema": {"type": "string"},
    "example": "4f1d2c7be0a14d0fb7f3f1b2a9c8d7e6",
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the schemas that error responses refer to, and the header that all responses carry."""
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    openai_error = OpenAIError.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(openai_error.pop("$defs"))
    schemas["OpenAIError"] = openai_error
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
    return document
