"""Settings from the environment."""

from __future__ import annotations

import pytest

from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings


def test_the_variables_of_the_architecture_have_their_defaults() -> None:
    settings = Settings.from_env({})
    assert (settings.s3_raw_bucket, settings.s3_embeddings_bucket) == ("portfolio-raw", "portfolio-embeddings")
    assert (settings.sqs_dlq, settings.chroma_collection) == ("portfolio-ingestion-dlq", "portfolio_knowledge")
    assert (settings.chunk_size, settings.chunk_overlap, settings.gpt_model) == (1000, 200, "gpt-4o-mini")


def test_every_setting_reads_its_variable() -> None:
    settings = Settings.from_env({"S3_RAW_BUCKET": "mine", "CHUNK_SIZE": "500", "CHUNK_OVERLAP": " 50 "})
    assert (settings.s3_raw_bucket, settings.chunk_size, settings.chunk_overlap) == ("mine", 500, 50)


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"OPENAI_API_KEY": "", "CHUNK_SIZE": ""}) == Settings()


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"CHUNK_SIZE": "many"}, "CHUNK_SIZE must be a whole number"),
        ({"CHUNK_SIZE": "10"}, "CHUNK_SIZE must be at least 64"),
        ({"CHUNK_SIZE": "100", "CHUNK_OVERLAP": "100"}, "CHUNK_OVERLAP"),
        ({"VALIDATION_JUDGE": "perhaps"}, "VALIDATION_JUDGE must be `true` or `false`"),
        ({"SEARCH_REPLICA": "half"}, "SEARCH_REPLICA must be `whole`, `words` or `off`, not 'half'"),
        ({"EMBEDDING_BACKEND": "magic"}, "EMBEDDING_BACKEND must be"),
        ({"CHROMA_URL": "chromadb:8000"}, "CHROMA_URL must start with http"),
        ({"CHROMA_API_KEY": "ck-1", "CHROMA_URL": "http://chroma.example"}, "CHROMA_URL must start with https://"),
        ({"CHROMA_API_KEY": "ck\n1", "CHROMA_URL": "https://chroma.example"}, "CHROMA_API_KEY must be printable"),
        ({"EMBEDDING_COMPATIBLE_FINGERPRINTS": "0123abcd,fp32"}, "EMBEDDING_COMPATIBLE_FINGERPRINTS must be hex"),
        ({"CHROMA_PARTITIONS": "0"}, "CHROMA_PARTITIONS must be between 1 and 100"),
        ({"CHROMA_PARTITIONS": "101"}, "CHROMA_PARTITIONS must be between 1 and 100"),
        ({"CHROMA_COLLECTION": "docs-1a2b3c4d-of4"}, "CHROMA_COLLECTION must not end"),
        ({"CHROMA_COLLECTION": "docs-1a2b3c4d-of4-0"}, "CHROMA_COLLECTION must not end"),
        (
            {"CHROMA_API_KEY": "ck-1", "CHROMA_URL": "https://chroma.example", "CHROMA_COLLECTION": "x" * 111},
            "CHROMA_COLLECTION must have at most 102 bytes",
        ),
    ],
)
def test_what_cannot_work_is_named(env: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Settings.from_env(env)


@pytest.mark.parametrize("url", ["https://api.trychroma.com", "http://127.0.0.1:8001", "http://localhost:8001"])
def test_the_key_of_chroma_goes_over_https_and_to_this_machine(url: str) -> None:
    settings = Settings.from_env({"CHROMA_API_KEY": "ck-1", "CHROMA_URL": url, "OPENAI_API_KEY": "sk-1"})
    assert settings.secrets == ("sk-1", "ck-1")


def test_compatible_fingerprints_are_listed_with_commas() -> None:
    settings = Settings.from_env({"EMBEDDING_COMPATIBLE_FINGERPRINTS": "0123abcd, 4567abcd,"})
    assert settings.compatible_fingerprints == ("0123abcd", "4567abcd")
    assert Settings().compatible_fingerprints == ()
