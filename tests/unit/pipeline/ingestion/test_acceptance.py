"""What is refused before a document is read, and with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portfolio_rag.domain.documents import ObjectInfo
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.pipeline.ingestion.acceptance import Acceptance, Verdict
from tests.simulation.world import RAW, World

TEXT = b"# Queues\n\nA queue keeps messages until somebody takes them.\n"


def verdict(world: World, key: str, body: bytes, sidecar: bytes | None = None) -> Verdict:
    store = world.container.store
    acceptance = Acceptance(store, world.container.config)
    upload = put(world, f"incoming/{key}", body)
    if sidecar is not None:
        put(world, f"incoming/{key}.metadata.json", sidecar)
    return acceptance.check(key, upload, body[:8192], acceptance.find_sidecar(RAW, key, uploaded_before=False))


def put(world: World, key: str, body: bytes) -> ObjectInfo:
    world.s3.put_object(Bucket=RAW, Key=key, Body=body)
    return next(info for info in world.container.store.list(RAW, key) if info.ref.key == key)


def test_what_the_rules_allow_is_accepted_with_its_attributes(world: World) -> None:
    sidecar = json.dumps({"metadataAttributes": {"team": "platform", "year": 2026}}).encode()
    accepted = verdict(world, "guides/queues.md", TEXT, sidecar)
    assert accepted == Verdict("md", {"team": "platform", "year": 2026})


@pytest.mark.parametrize(
    ("key", "body", "sidecar", "reason"),
    [
        ("empty.md", b"", None, FailureReason.EMPTY_FILE),
        ("large.md", b"a" * (50 * 1024 * 1024 + 1), None, FailureReason.TOO_LARGE),
        ("k" * 1000 + ".md", TEXT, None, FailureReason.KEY_TOO_LONG),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(64), None, FailureReason.UNSUPPORTED_TYPE),
        ("broken.md", TEXT, b"{", FailureReason.BAD_METADATA),
        ("deep.md", TEXT, b"[" * 5000, FailureReason.BAD_METADATA),
        ("long.md", TEXT, b" " * 11_000 + b"{}", FailureReason.BAD_METADATA),
    ],
)
def test_what_is_refused_is_refused_with_its_reason(
    world: World, key: str, body: bytes, sidecar: bytes | None, reason: FailureReason
) -> None:
    refused = verdict(world, key, body, sidecar)
    assert refused.rejection is not None
    assert refused.rejection.reason == reason
    assert refused.metadata == {}


def test_the_sidecar_of_an_earlier_upload_counts_when_only_the_document_comes_again(world: World) -> None:
    acceptance = Acceptance(world.container.store, world.container.config)
    put(world, "processed/a.md.metadata.json", b"{}")
    found: Any = acceptance.find_sidecar(RAW, "a.md", uploaded_before=True)
    assert found.ref.key == "processed/a.md.metadata.json"
    assert acceptance.find_sidecar(RAW, "a.md", uploaded_before=False) is None
