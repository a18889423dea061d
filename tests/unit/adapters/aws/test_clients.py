"""The clients that the adapters are given."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ParamValidationError
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


def test_a_call_says_who_made_it_and_only_dynamodb_checks_its_parameters_by_itself(clients: AwsClients) -> None:
    sent: list[bytes] = []
    for service in ("dynamodb", "s3"):
        events = clients(service).meta.events
        events.register_first("before-send", lambda request, **_: sent.append(request.headers["User-Agent"]))
    clients("s3").list_buckets()
    with pytest.raises(clients("dynamodb").exceptions.ClientError):
        clients("dynamodb").get_item(TableName="", Key={})
    assert len(sent) == 2
    assert all(agent.startswith(b"portfolio-rag Boto3/") for agent in sent)
    with pytest.raises(ParamValidationError):  # "" would be the bucket.
        clients("s3").delete_object(Bucket="portfolio-raw", Key="")


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


REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "sa-east-1", "eu-central-1", "eu-central-2"]
"""The oldest ones took SigV2, and its default is still theirs; Frankfurt and Zurich never did."""


@pytest.mark.parametrize("region", REGIONS)
def test_whatever_is_presigned_is_signed_with_v4_for_the_region(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = AwsClients(Settings(aws_default_region=region))("s3")
    post = S3ObjectStore(client).presign_post("portfolio-raw", "incoming/a.md", max_bytes=9, expires_in_seconds=60)
    url = client.generate_presigned_url("get_object", Params={"Bucket": "portfolio-raw", "Key": "incoming/a.md"})
    for address in (post.url, url):
        assert urlsplit(address).hostname in (
            f"portfolio-raw.s3.{region}.amazonaws.com",
            "portfolio-raw.s3.amazonaws.com" if region == "us-east-1" else "",
        )
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert post.fields["x-amz-algorithm"] == query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    for scope in (post.fields["x-amz-credential"], query["X-Amz-Credential"]):
        assert scope.endswith(f"/{region}/s3/aws4_request")
    assert not {"AWSAccessKeyId", "signature"} & post.fields.keys()


def test_nothing_else_presigns() -> None:
    """So that the test above is about every client that does."""
    root = Path(__file__).parents[4]
    sources = [path for folder in ("src", "api", "images", "scripts") for path in (root / folder).rglob("*.py")]
    assert [path.name for path in sources if "generate_presigned" in path.read_text(encoding="utf-8")] == ["s3.py"]


def test_the_emulator_is_reached_by_path_and_signed_alike() -> None:
    client = AwsClients(Settings(aws_endpoint_url="http://127.0.0.1:4566"))("s3")
    post = S3ObjectStore(client).presign_post("portfolio-raw", "a.md", max_bytes=9, expires_in_seconds=60)
    assert post.url == "http://127.0.0.1:4566/portfolio-raw"
    assert post.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_models_are_read_once_for_all_clients_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    load_models(["sqs"])

    def read(*_: object) -> None:
        raise AssertionError("a model was read again")

    monkeypatch.setattr("botocore.loaders.JSONFileLoader.load_file", read)
    assert AwsClients(Settings(aws_endpoint_url="http://127.0.0.1:9"))("sqs").meta.service_model.service_name == "sqs"
