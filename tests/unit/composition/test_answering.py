"""What the API answers with follows the model configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from portfolio_rag.adapters.aws.s3 import S3ObjectStore
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import MODEL_CONFIG_KEY, ConfigSource
from tests.simulation.s3 import S3Model
from tests.support.openai_server import says, serving

MESSAGES = [{"role": "user", "content": "Why?"}]


def test_a_changed_chat_model_is_asked_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    s3, seconds = S3Model(["portfolio-config"], lambda: datetime.now(UTC)), [0.0]

    def configure(model: str) -> None:
        s3.put_object(Bucket="portfolio-config", Key=MODEL_CONFIG_KEY, Body=json.dumps({"gpt_model": model}).encode())

    configure("gpt-first")
    with serving(says("Because.")) as server:
        parts = AnsweringParts(Settings(openai_api_key="sk-test", openai_base_url=server.url, validation_judge="true"))
        parts.config = ConfigSource(S3ObjectStore(s3), parts.settings, now=lambda: seconds[0])
        writer, judge = parts.language_model, parts.judge
        assert writer is not None
        assert judge is not None
        writer.complete(MESSAGES, temperature=0.0)
        configure("gpt-second")
        seconds[0] = 60.0
        writer.complete(MESSAGES, temperature=0.0)
        judge._model.complete(MESSAGES, temperature=0.0)
        assert [body["model"] for _, _, body in server.requests] == ["gpt-first", "gpt-second", "gpt-second"]
