"""What S3 is told to check of a presigned upload: the form's own policy, as boto3 signs it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from portfolio_rag.adapters.aws.s3 import S3ObjectStore


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


def test_the_form_is_for_one_key_some_bytes_and_its_time_alone(store: S3ObjectStore) -> None:
    before = datetime.now(UTC)
    post = store.presign_post("portfolio-raw", "incoming/a.md", max_bytes=4096, expires_in_seconds=900)
    policy: dict[str, Any] = json.loads(base64.b64decode(post.fields["policy"]))
    assert ["content-length-range", 1, 4096] in policy["conditions"]
    assert {"key": "incoming/a.md"} in policy["conditions"]
    assert {"bucket": "portfolio-raw"} in policy["conditions"]
    expires = datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00"))
    # The policy has whole seconds, and the test its own time.
    assert timedelta(seconds=899) <= expires - before <= timedelta(seconds=960)
