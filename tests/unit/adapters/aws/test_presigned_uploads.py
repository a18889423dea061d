"""What S3 is told to check of a presigned upload: the form's own policy, as boto3 signs it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.domain.log_context import log_context
from portfolio_rag.ports.object_store import PresignedPost


@pytest.fixture
def store() -> S3ObjectStore:
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        endpoint_url="http://localhost:4566",
    )
    return S3ObjectStore(client)


def policy_of(post: PresignedPost) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(base64.b64decode(post.fields["policy"]))
    return policy


def test_the_form_carries_the_id_of_its_request_and_no_other(store: S3ObjectStore) -> None:
    with log_context(correlation_id="request-4712"):
        post = store.presign_post("portfolio-raw", "incoming/a.md", max_bytes=4096, expires_in_seconds=900)
    assert post.fields["x-amz-meta-correlation-id"] == "request-4712"
    # S3 takes a field of metadata only as the policy has it.
    assert {"x-amz-meta-correlation-id": "request-4712"} in policy_of(post)["conditions"]


def test_a_form_of_no_request_has_no_id(store: S3ObjectStore) -> None:
    post = store.presign_post("portfolio-raw", "incoming/a.md", max_bytes=4096, expires_in_seconds=900)
    assert not [name for name in post.fields if name.startswith("x-amz-meta-")]


def test_the_form_is_for_one_key_some_bytes_and_its_time_alone(store: S3ObjectStore) -> None:
    before = datetime.now(UTC)
    post = store.presign_post("portfolio-raw", "incoming/a.md", max_bytes=4096, expires_in_seconds=900)
    policy = policy_of(post)
    assert ["content-length-range", 1, 4096] in policy["conditions"]
    assert {"key": "incoming/a.md"} in policy["conditions"]
    assert {"bucket": "portfolio-raw"} in policy["conditions"]
    expires = datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00"))
    # The policy has whole seconds, and the test its own time.
    assert timedelta(seconds=899) <= expires - before <= timedelta(seconds=960)
