"""How versions and heads of documents stand in `document_registry`: keys, attributes, what makes a row of the index."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from portfolio_rag.adapters.dynamodb.table import Item
from portfolio_rag.domain.access import access_list_of
from portfolio_rag.domain.document_warnings import warnings_of
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion, progress_of
from portfolio_rag.domain.versions import publications_of

STATUS_INDEX = "status-upload_timestamp-index"
HEAD = 0  # The sort key of the head item; versions count from 1.
DUE = "DUE"
"""The `status` of a head that is due: it stands in the status index (no document's status, so no listing shows it) with
the time of its change as `upload_timestamp`, and leaves the index once it is reconciled. The index is sparse, so what
is due is found by one query, however many documents there are."""
EXPIRING = "EXPIRING"
"""… and of one that is not due and keeps versions for a time: with the time when the first has been kept for long
enough."""

_VERSION_FIELDS = tuple(field.name for field in fields(DocumentVersion))
_HEAD_FIELDS = tuple(field.name for field in fields(DocumentHead))


def document_key(document_id: str, version: int) -> dict[str, Any]:
    return {"document_id": document_id, "version": version}


def head_of(stored: Item) -> DocumentHead:
    known = {name: stored[name] for name in _HEAD_FIELDS if name in stored}
    return DocumentHead(
        **{
            **known,
            "publications": publications_of(known.get("publications", ())),
            "due": stored.get("upload_timestamp") if stored.get("status") == DUE else None,
        }
    )


def version_of(stored: Item) -> DocumentVersion:
    known = {name: stored[name] for name in _VERSION_FIELDS if name in stored}
    if known.get("progress") is not None:
        known["progress"] = progress_of(known["progress"])
    known["warnings"] = warnings_of(known.get("warnings", ()))
    known["access_list"] = access_list_of(known.get("access_list", ()))
    return DocumentVersion(**{**known, "status": DocumentStatus(stored["status"])})
