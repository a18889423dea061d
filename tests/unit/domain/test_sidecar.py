"""Sidecars in Bedrock Knowledge Bases' format."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.sidecar import MAX_SIDECAR_BYTES, parse_sidecar, usable_attributes


def test_plain_and_typed_attributes() -> None:
    typed = {"value": {"type": "STRING_LIST", "stringListValue": ["a", "b"]}, "includeForEmbedding": False}
    body = {"metadataAttributes": {"team": "x", "year": 2026, "share": 0.5, "public": True, "tags": typed}}
    assert parse_sidecar(body) == {"team": "x", "year": 2026, "share": 0.5, "public": True, "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "metadataAttributes"),
        ({"metadataAttributes": []}, "metadataAttributes"),
        ({"metadataAttributes": {"version": 1}}, "reserved"),
        ({"metadataAttributes": {"acl_allow": ["USER:ann"]}}, "reserved"),
        ({"metadataAttributes": 1, "AccessControlList": []}, "metadataAttributes"),
        ({"metadataAttributes": {"": 1}}, "not allowed"),
        ({"metadataAttributes": {"$and": 1}}, "not allowed"),
        ({"metadataAttributes": {"a": None}}, "must be a string"),
        ({"metadataAttributes": {"a": [1]}}, "list of strings"),
        ({"metadataAttributes": {"a": {"value": 1}}}, "stringValue"),
    ],
)
def test_what_is_wrong_is_said(body: Any, problem: str) -> None:
    with pytest.raises(DocumentRejected, match=problem) as caught:
        parse_sidecar(body)
    assert caught.value.reason is FailureReason.BAD_METADATA


def test_of_a_documents_own_attributes_the_usable_ones_are_kept() -> None:
    found: dict[str, Any] = {"team": "tide", "year": 2024, "filename": "mine", "$x": "y", "big": 10**30, "tags": ["a"]}
    assert usable_attributes(found) == {"team": "tide", "year": 2024, "tags": ["a"]}
    assert usable_attributes({"a": "x", "b": "y" * MAX_SIDECAR_BYTES, "c": "z"}) == {"a": "x"}
