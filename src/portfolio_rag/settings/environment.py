"""Settings from the environment: the variables of .env.example, read once by each entry point.

Each has a default that works on the local stack, so none is missing; a value that cannot work is named at the start and
not in the middle of a document. What belongs to documents rather than to a process stands in the config bucket
(ingestion_rules.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.domain.index_names import MAX_PARTITIONS, MAX_SUFFIX, looks_divided

_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
_MAX_CLOUD_NAME = 128 - MAX_SUFFIX

REPLICA_MODES = {"whole": "words and vectors", "words": "words, without vectors", "off": "nothing"}
"""What of the index an API process may keep beside itself: docs/decisions/0036-replica-modes.md."""


def _variable(name: str) -> str:
    return name.upper()


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per environment variable, the same name in lower case. Sizes and bounds say their unit."""

    # AWS. With an endpoint URL (the emulator) the keys default to `test`; without, boto3's own chain decides.
    aws_endpoint_url: str = ""
    aws_default_region: str = "us-east-1"
    # S3
    s3_raw_bucket: str = "portfolio-raw"
    s3_embeddings_bucket: str = "portfolio-embeddings"
    s3_config_bucket: str = "portfolio-config"
    # DynamoDB
    dynamodb_document_table: str = "document_registry"
    dynamodb_chunks_table: str = "embedding_chunks"
    dynamodb_jobs_table: str = "ingestion_jobs"
    # The content address of every backed-up vector: fingerprint + SHA-256 of the text -> place in S3.
    dynamodb_vectors_table: str = "embedding_vectors"
    # What was asked and answered before, for follow-up questions.
    dynamodb_conversations_table: str = "conversations"
    # What was asked, and what people said of the answers.
    dynamodb_answers_table: str = "answers"
    # The API's keys, as salted hashes, and what each has used of its budget.
    dynamodb_keys_table: str = "api_keys"
    # SQS
    sqs_ingestion_queue: str = "portfolio-ingestion-queue"
    sqs_embedding_queue: str = "portfolio-embedding-queue"
    sqs_dlq: str = "portfolio-ingestion-dlq"
    sqs_embedding_dlq: str = "portfolio-embedding-dlq"
    # Where asynchronous invocations end that failed all their retries.
    sqs_events_dlq: str = "portfolio-events-dlq"
    max_receive_count: int = 3
    # Functions
    reindex_function: str = "batch-reindex"
    # Processing defaults; the rules in the config bucket override them. In tokens of the model's own tokenizer.
    chunk_size: int = 1000
    chunk_overlap: int = 200
    embedding_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    # `onnx` (the baked model) or `torch` (sentence-transformers itself).
    embedding_backend: str = "onnx"
    # Directory of the baked model (made by `python -m portfolio_rag.bake`).
    model_dir: str = "/opt/model"
    # Comma-separated fingerprints of the same model in another precision: a reindex takes their vectors for this one's.
    embedding_compatible_fingerprints: str = ""
    # Threads inside one inference; 0 asks the CPU quota (see adapters/models/onnx_model.py).
    embedding_threads: int = 0
    # ChromaDB
    chroma_url: str = "http://chromadb:8000"
    # Of Chroma Cloud, or of a gateway before a distributed Chroma; with it the quotas of Chroma Cloud are kept.
    chroma_api_key: str = ""
    # Empty: those that the key opens, or without a key default_tenant and default_database.
    chroma_tenant: str = ""
    chroma_database: str = ""
    chroma_collection: str = "portfolio_knowledge"
    # Of how many collections the next index is made that a reindex builds: for stores that limit their records.
    chroma_partitions: int = 1
    # API
    # Who writes answers: `openai` (or a server that speaks its protocol), `bedrock` (with the API's own credentials) or
    # `none` (sentences of the documents). Empty: openai where there is a key, else none.
    chat_provider: str = ""
    # Of Amazon Bedrock: a model's id or that of an inference profile.
    bedrock_model: str = "amazon.nova-lite-v1:0"
    openai_api_key: str = ""
    openai_base_url: str = ""
    gpt_model: str = "gpt-4o-mini"
    # `true`: the language model reads its sentences a second time, beside their sources; one more call per answer.
    validation_judge: str = "false"
    # An admin key beside those that `rag keys` makes. Where there is none at all, only this machine is answered.
    api_key: str = ""
    # Comma-separated networks whose clients need no key while there is none.
    api_keyless_networks: str = "127.0.0.0/8,::1/128"
    # `true`: the API's page and description are shown without a key.
    api_docs_open: str = "false"
    # Comma-separated host names under which the API answers; empty: those of the machine itself.
    api_allowed_hosts: str = ""
    # Comma-separated origins whose pages may call the API from a browser; empty: none but its own.
    api_cors_origins: str = ""
    # `true`: keys see the documents that access lists allow them, and no others.
    access_lists: str = "false"
    # Bytes of one upload through the API; the ingestion rules may allow less, never more.
    api_max_upload_bytes: int = 50 * 1024 * 1024
    # Questions (chat, search) worked on at once; the next one gets 429. Each takes one of the server's 40 threads, and
    # the others are for documents, jobs and health.
    api_max_concurrent_questions: int = 32
    # Days for which questions are kept so that their answers can be rated; 0: not at all.
    answers_kept_days: int = 90
    # File of the API's full-text index; empty: a temporary one, built anew at every start. One file a process.
    lexical_index_path: str = ""
    # What of the index the API keeps beside itself: `whole` (words and vectors), `words`, or `off` (nothing).
    search_replica: str = "whole"
    # Metrics
    metrics_namespace: str = "PortfolioRAG"
    # What the names of the alarms begin with that the operations view shows.
    alarm_prefix: str = "portfolio-"
    # Versions of a document that were replaced and stay searchable as of a time, and for how many days after that.
    # No versions: none. No days: for ever.
    history_versions: int = 10
    history_days: int = 1095
    # `true`: the API publishes how many questions wait, by which an ECS service scales; it then needs PutMetricData.
    publish_load: str = "false"
    # Health: a document untouched for this long while not at its end counts as stuck.
    stuck_after_seconds: int = 1800
    log_level: str = "INFO"
    # Base URL of a collector that takes OTLP over HTTP; empty: no spans, and OpenTelemetry is not even loaded.
    otel_exporter_otlp_endpoint: str = ""

    @property
    def language_model_provider(self) -> str:
        """`openai`, `bedrock` or `none`."""
        return self.chat_provider or ("openai" if self.openai_api_key else "none")

    @property
    def compatible_fingerprints(self) -> tuple[str, ...]:
        given = (fingerprint.strip() for fingerprint in self.embedding_compatible_fingerprints.split(","))
        return tuple(filter(None, given))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that are set: what no log may hold."""
        return tuple(filter(None, (self.openai_api_key, self.api_key, self.chroma_api_key)))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; an empty variable counts as unset.

        Raises ConfigurationError when a number is not a number or a value cannot work.
        """
        env = os.environ if env is None else env
        values: dict[str, object] = {}
        for setting in fields(cls):
            raw = env.get(_variable(setting.name), "").strip()
            if not raw:
                continue
            if setting.type == "int":
                try:
                    values[setting.name] = int(raw)
                except ValueError:
                    raise ConfigurationError(
                        f"{_variable(setting.name)} must be a whole number, not {raw!r}."
                    ) from None
            else:
                values[setting.name] = raw
        settings = cls(**values)  # type: ignore[arg-type]
        settings._check()
        return settings

    def _check(self) -> None:
        if self.chunk_size < 64:
            raise ConfigurationError(f"CHUNK_SIZE must be at least 64 tokens, not {self.chunk_size}.")
        if not 0 <= self.chunk_overlap < self.chunk_size:
            raise ConfigurationError(
                f"CHUNK_OVERLAP must be at least 0 and below CHUNK_SIZE ({self.chunk_size}), not {self.chunk_overlap}."
            )
        if self.embedding_backend not in ("onnx", "torch"):
            raise ConfigurationError(f"EMBEDDING_BACKEND must be `onnx` or `torch`, not {self.embedding_backend!r}.")
        for fingerprint in self.compatible_fingerprints:
            if not _FINGERPRINT.fullmatch(fingerprint):
                raise ConfigurationError(
                    f"EMBEDDING_COMPATIBLE_FINGERPRINTS must be hex digests with commas between, not {fingerprint!r}."
                )
        if self.chat_provider not in ("", "openai", "bedrock", "none"):
            raise ConfigurationError(
                f"CHAT_PROVIDER must be `openai`, `bedrock`, `none` or empty, not {self.chat_provider!r}."
            )
        if self.chat_provider == "openai" and not self.openai_api_key:
            raise ConfigurationError("CHAT_PROVIDER is `openai`, and OPENAI_API_KEY is not set.")
        if self.search_replica not in REPLICA_MODES:
            raise ConfigurationError(f"SEARCH_REPLICA must be `whole`, `words` or `off`, not {self.search_replica!r}.")
        for name in ("validation_judge", "publish_load", "api_docs_open", "access_lists"):
            if (given := getattr(self, name)) not in ("true", "false"):
                raise ConfigurationError(f"{_variable(name)} must be `true` or `false`, not {given!r}.")
        if not 0 <= self.history_versions <= 1000:
            raise ConfigurationError(f"HISTORY_VERSIONS must be between 0 and 1000, not {self.history_versions}.")
        if not 0 <= self.history_days <= 36_500:
            raise ConfigurationError(f"HISTORY_DAYS must be between 0 and 36500, not {self.history_days}.")
        if self.api_max_upload_bytes < 1:
            raise ConfigurationError(f"API_MAX_UPLOAD_BYTES must be at least 1, not {self.api_max_upload_bytes}.")
        if not 1 <= self.api_max_concurrent_questions <= 40:
            raise ConfigurationError(
                f"API_MAX_CONCURRENT_QUESTIONS must be between 1 and 40, not {self.api_max_concurrent_questions}."
            )
        if not 0 <= self.answers_kept_days <= 3650:
            raise ConfigurationError(f"ANSWERS_KEPT_DAYS must be between 0 and 3650, not {self.answers_kept_days}.")
        if not self.chroma_url.startswith(("http://", "https://")):
            raise ConfigurationError(f"CHROMA_URL must start with http:// or https://, not {self.chroma_url!r}.")
        if not 1 <= self.chroma_partitions <= MAX_PARTITIONS:
            raise ConfigurationError(
                f"CHROMA_PARTITIONS must be between 1 and {MAX_PARTITIONS}, not {self.chroma_partitions}."
            )
        if looks_divided(self.chroma_collection):
            raise ConfigurationError(
                f"CHROMA_COLLECTION must not end as the names of indexes of several collections do: "
                f"{self.chroma_collection!r}."
            )
        if self.chroma_api_key:
            self._check_chroma_key()

    def _check_chroma_key(self) -> None:
        url = urlsplit(self.chroma_url)
        if url.scheme != "https" and url.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ConfigurationError("CHROMA_URL must start with https://: CHROMA_API_KEY is not sent in clear text.")
        if not (self.chroma_api_key.isascii() and self.chroma_api_key.isprintable()):
            raise ConfigurationError("CHROMA_API_KEY must be printable ASCII: it is sent as a header.")
        if len(self.chroma_collection.encode()) > _MAX_CLOUD_NAME:
            raise ConfigurationError(
                f"CHROMA_COLLECTION must have at most {_MAX_CLOUD_NAME} bytes with CHROMA_API_KEY: Chroma Cloud takes "
                f"names of 128, and the collections of a rebuilt index have up to {MAX_SUFFIX} more."
            )
