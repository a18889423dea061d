"""The rules and model configuration in the config bucket."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import ConfigurationError, StorageUnavailable
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import INGESTION_RULES_KEY, MODEL_CONFIG_KEY, ConfigSource, IngestionRules
from tests.simulation.s3 import S3Model


def source(files: dict[str, str], settings: Settings | None = None) -> ConfigSource:
    s3 = S3Model(["portfolio-config"], lambda: datetime.now(UTC))
    for key, body in files.items():
        s3.put_object(Bucket="portfolio-config", Key=key, Body=body.encode())
    return ConfigSource(S3ObjectStore(s3), settings or Settings())


def test_without_files_the_environment_decides() -> None:
    config = source({}, Settings(chunk_size=300, chunk_overlap=30, gpt_model="gpt-test"))
    assert config.rules_for("a.md").chunk_size_tokens == 300
    assert config.rules_for("a.md").chunk_overlap_tokens == 30
    assert config.model_config().gpt_model == "gpt-test"


def test_the_longest_prefix_overrides_the_rest() -> None:
    rules: dict[str, Any] = {
        "chunk_size_tokens": 500,
        "prefixes": {
            "notes/": {"chunk_size_tokens": 200, "chunk_overlap_tokens": 20},
            "notes/long/": {"chunk_size_tokens": 900, "allowed_types": ["pdf"]},
        },
    }
    config = source({INGESTION_RULES_KEY: json.dumps(rules)})
    assert config.rules_for("guide.md").chunk_size_tokens == 500
    assert config.rules_for("notes/a.md").chunk_size_tokens == 200
    assert config.rules_for("notes/long/a.pdf").chunk_size_tokens == 900
    assert config.rules_for("notes/long/a.pdf").allowed_types == {"pdf"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not valid JSON"),
        ('{"chunk_sise_tokens": 5}', "chunk_sise_tokens"),
        ('{"chunk_size_tokens": 100, "chunk_overlap_tokens": 100}', "chunk_overlap_tokens must be below"),
        ('{"allowed_types": ["exe"]}', "unknown types: exe"),
        ('{"prefixes": {"a/": {"max_pages": 0}}}', "max_pages must be 1 or more"),
        ('{"prefixes": {"a/": 5}}', "prefixes must map each prefix"),
        ('{"prefixes": {"a/": {"max_pagez": 1}}}', "max_pagez"),
        ('{"window_tokens": 255}', "window_tokens must be from 32 to 254"),
        ('{"window_tokens": "128"}', "window_tokens must be a whole number, not '128'"),
        ('{"window_tokens": true}', "window_tokens must be a whole number"),
        ('{"chunking_strategy": "random"}', "chunking_strategy must be one of"),
        ('{"allowed_types": "pdf"}', "allowed_types must be a list of texts"),
        ('{"window_tokens": 1, "max_pages": 0}', "; max_pages must be 1 or more"),
        ('{"ocr": "perhaps"}', "ocr must be one of auto, off, always, not 'perhaps'"),
        ('{"ocr_languages": ["en", "ru"]}', "ocr_languages has languages that cannot be read: ru; known are"),
        ('{"ocr_languages": []}', "ocr_languages must be a list of languages"),
        ("[1]", "is not valid"),
    ],
)
def test_an_invalid_file_stops_ingestion_and_is_named(content: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=r"s3://portfolio-config/ingestion-rules/default.json") as caught:
        source({INGESTION_RULES_KEY: content}).rules_for("a.md")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"temperature": 1.5}', "temperature must be from 0 to 1"),
        ('{"top_k": 2.5}', "top_k must be a whole number"),
        ('{"embedding_backend": "tf"}', "embedding_backend must be onnx or torch, not 'tf'"),
        ('{"gpt_model": 4}', "gpt_model must be a text"),
        ('{"model": "x"}', "model"),
        ('{"prices": [1]}', "prices must be an object"),
        ('{"prices": {"m": {"prompt": 1}}}', "prices of m must be an object with `prompt` and `completion`"),
        ('{"prices": {"m": {"prompt": -1, "completion": 1}}}', "prices of m must be numbers, 0 or more"),
    ],
)
def test_an_invalid_model_configuration_is_named(content: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=r"s3://portfolio-config/model-configs/default.json") as caught:
        source({MODEL_CONFIG_KEY: content}).model_config()
    assert problem in str(caught.value)


def test_prices_of_chat_models() -> None:
    prices = {"my-model": {"prompt": 0.5, "completion": 2}}
    assert source({MODEL_CONFIG_KEY: json.dumps({"prices": prices})}).model_config().prices == prices
    assert source({}).model_config().prices == {}


def test_a_whole_number_is_a_temperature() -> None:
    assert source({MODEL_CONFIG_KEY: '{"temperature": 1}'}).model_config().temperature == 1


def test_the_model_configuration_wins_over_the_environment() -> None:
    config = source({MODEL_CONFIG_KEY: '{"gpt_model": "gpt-4o", "top_k": 7}'}, Settings(gpt_model="gpt-4o-mini"))
    assert (config.model_config().gpt_model, config.model_config().top_k) == ("gpt-4o", 7)


def test_defaults_are_valid() -> None:
    assert IngestionRules().for_key("anything").window_tokens == 128


class Bucket:
    """The config bucket with a clock: what is in it may change, be broken or be out of reach."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.reads = 0
        self.down = False
        self.content = ""
        self.config = ConfigSource(cast(ObjectStore, self), Settings(), now=lambda: self.seconds)

    def get(self, ref: ObjectRef) -> bytes:
        self.reads += 1
        if self.down:
            raise StorageUnavailable("S3 does not answer.")
        return self.content.encode()


def test_a_changed_model_configuration_holds_within_a_minute() -> None:
    bucket = Bucket()
    bucket.content = '{"gpt_model": "gpt-4o", "temperature": 0.2, "top_k": 3}'
    assert bucket.config.model_config().gpt_model == "gpt-4o"
    bucket.content = '{"gpt_model": "gpt-5", "temperature": 0.9, "top_k": 8}'
    bucket.seconds = 59
    assert bucket.config.model_config().gpt_model == "gpt-4o"
    assert bucket.reads == 1
    bucket.seconds = 60
    chosen = bucket.config.model_config()
    assert (chosen.gpt_model, chosen.temperature, chosen.top_k) == ("gpt-5", 0.9, 8)


@pytest.mark.parametrize("trouble", ["invalid", "down"])
def test_the_last_model_configuration_holds_on_and_is_read_again_a_minute_later(
    trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = Bucket()
    bucket.content = '{"gpt_model": "gpt-4o"}'
    bucket.config.model_config()
    bucket.content, bucket.down = '{"gpt_model": 5}', trouble == "down"
    bucket.seconds = 60
    assert bucket.config.model_config().gpt_model == "gpt-4o"
    assert bucket.config.model_config().gpt_model == "gpt-4o"
    assert bucket.reads == 2
    assert "the last one holds on" in caplog.text
    bucket.content, bucket.down = '{"gpt_model": "gpt-5"}', False
    bucket.seconds = 120
    assert bucket.config.model_config().gpt_model == "gpt-5"


def test_a_slow_read_keeps_only_the_one_who_reads_waiting() -> None:
    bucket = Bucket()
    bucket.content = '{"gpt_model": "gpt-4o"}'
    bucket.config.model_config()
    seen_meanwhile: list[str] = []

    class SlowStore:
        def get(self, ref: ObjectRef) -> bytes:
            seen_meanwhile.append(bucket.config.model_config().gpt_model)
            return b'{"gpt_model": "gpt-5"}'

    bucket.config._store = cast(ObjectStore, SlowStore())
    bucket.seconds = 60
    assert bucket.config.model_config().gpt_model == "gpt-5"
    assert seen_meanwhile == ["gpt-4o"]


def test_rules_that_are_no_longer_valid_stop_ingestion() -> None:
    """Unlike the model configuration: a document cut by the last rules would be wrong for good."""
    bucket = Bucket()
    bucket.content = '{"max_pages": 3}'
    assert bucket.config.rules_for("a.md").max_pages == 3
    bucket.content = '{"max_pages": 0}'
    bucket.seconds = 60
    with pytest.raises(ConfigurationError, match="max_pages"):
        bucket.config.rules_for("a.md")
