"""What S3 holds under one key, as a move asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.domain.documents import ObjectRef


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3ObjectStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="raw")
        client.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
        yield S3ObjectStore(client)


def test_versions_of_one_key_come_newest_first_and_none_of_what_begins_alike(store: S3ObjectStore) -> None:
    first, second, third = (store.put("raw", "a.md", body) for body in (b"1", b"2", b"3"))
    for key in ("a", "a.md.metadata.json", "a.md/attached.pdf"):
        store.put("raw", key, b"x")
    found = store.versions("raw", "a.md")
    assert found.refs == tuple(ObjectRef("raw", "a.md", id_) for id_ in (third, second, first))
    assert found.exists
    assert found.older_than(ObjectRef("raw", "a.md", third)) == [
        ObjectRef("raw", "a.md", first),
        ObjectRef("raw", "a.md", second),
    ]
    assert found.older_than(ObjectRef("raw", "a.md", first)) == []
    assert found.older_than(ObjectRef("raw", "a.md", "gone")) == []


def test_a_key_under_a_delete_marker_has_versions_and_no_object(store: S3ObjectStore) -> None:
    version = store.put("raw", "a.md", b"1")
    store.delete(ObjectRef("raw", "a.md"))
    found = store.versions("raw", "a.md")
    assert (found.refs, found.deleted, found.exists) == ((ObjectRef("raw", "a.md", version),), True, False)


def test_a_key_that_was_never_written_has_nothing(store: S3ObjectStore) -> None:
    store.put("raw", "a.md.metadata.json", b"x")
    found = store.versions("raw", "a.md")
    assert (found.refs, found.deleted, found.exists) == ((), False, False)
