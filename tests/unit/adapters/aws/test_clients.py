"""The clients that the adapters are given."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from portfolio_rag.adapters.aws.clients import AwsClients, load_models
from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import PayloadTooLarge
from portfolio_rag.settings.environment import Settings

# moto's own, about what it imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsClients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = AwsClients(Settings())
        made("s3").create_bucket(Bucket="portfolio-raw")
        yield made


@pytest.mark.parametrize("service", ["cloudwatch", "dynamodb", "lambda", "s3", "sqs"])
def test_there_is_a_client_for_each_service_and_it_is_made_once(clients: AwsClients, service: str) -> None:
    assert clients(service) is clients(service)
    assert clients(service).meta.region_name == "us-east-1"
    assert clients(service).meta.service_model.operation_names


def test_a_file_is_uploaded(clients: AwsClients, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"text")
    clients("s3").upload_file(str(tmp_path / "a.md"), "portfolio-raw", "incoming/a.md")
    assert S3ObjectStore(clients("s3")).get(ObjectRef("portfolio-raw", "incoming/a.md")) == b"text"


def test_a_stream_is_uploaded_and_its_cap_holds(clients: AwsClients) -> None:
    store = S3ObjectStore(clients("s3"))
    stored = store.upload("portfolio-raw", "b.md", io.BytesIO(b"text"), content_type="text/markdown", max_bytes=4)
    assert stored.size == 4
    with pytest.raises(PayloadTooLarge):
        store.upload("portfolio-raw", "c.md", io.BytesIO(b"texts"), content_type="text/markdown", max_bytes=4)
    assert store.head(ObjectRef("portfolio-raw", "c.md")) is None


def test_a_presigned_post_and_a_listing(clients: AwsClients) -> None:
    store = S3ObjectStore(clients("s3"))
    store.put("portfolio-raw", "incoming/d.md", b"text")
    assert [info.ref.key for info in store.list("portfolio-raw", "incoming/")] == ["incoming/d.md"]
    post = store.presign_post("portfolio-raw", "e.md", max_bytes=9, expires_in_seconds=60)
    assert post.fields["key"] == "e.md"


def test_models_are_read_once_for_all_clients_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    load_models(["sqs"])

    def read(*_: object) -> None:
        raise AssertionError("a model was read again")

    monkeypatch.setattr("botocore.loaders.JSONFileLoader.load_file", read)
    assert AwsClients(Settings(aws_endpoint_url="http://127.0.0.1:9"))("sqs").meta.service_model.service_name == "sqs"
