"""The ingestion rules and model configuration that live in the config bucket, and how they are read.

`ingestion-rules/default.json` holds the rules; `prefixes` overrides them for the logical keys under a prefix (the
longest matching prefix wins). A missing file means the defaults of the environment; an invalid one stops ingestion
with a ConfigurationError that names the file and the field, because guessing would index documents wrongly.
"""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from portfolio_rag.config import Settings
from portfolio_rag.errors import ConfigurationError, NotFound
from portfolio_rag.models import ObjectRef
from portfolio_rag.ports import ObjectStore
from portfolio_rag.text.strategy import Strategy

INGESTION_RULES_KEY = "ingestion-rules/default.json"
MODEL_CONFIG_KEY = "model-configs/default.json"
FILE_TYPES = frozenset({"md", "txt", "pdf", "html", "docx"})

_Schema = TypeVar("_Schema", bound=BaseModel)

_CACHE_SECONDS = 60.0  # A changed rule is obeyed within a minute; a warm function reads S3 once a minute.


class Rules(BaseModel):
    """The rules for one document. Sizes in bytes, tokens of the embedding model, seconds and megabytes as named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allowed_types: frozenset[str] = FILE_TYPES
    max_file_size_bytes: Annotated[int, Field(ge=1, le=5 * 1024**3)] = 50 * 1024**2
    chunk_size_tokens: Annotated[int, Field(ge=64, le=2000)] = 1000
    chunk_overlap_tokens: Annotated[int, Field(ge=0)] = 200
    window_tokens: Annotated[int, Field(ge=32, le=254)] = 128
    chunking_strategy: Strategy = Strategy.STRUCTURE
    # For `semantic` alone (text/topics.py).
    semantic_breakpoint_percentile: Annotated[int, Field(ge=50, le=99)] = 95
    semantic_buffer_sentences: Annotated[int, Field(ge=0, le=5)] = 1
    max_pages: Annotated[int, Field(ge=1)] = 5000
    max_characters: Annotated[int, Field(ge=1)] = 20_000_000
    extraction_timeout_seconds: Annotated[int, Field(ge=1, le=800)] = 35
    extraction_memory_mb: Annotated[int, Field(ge=128)] = 1024

    @model_validator(mode="after")
    def _consistent(self) -> Rules:
        if self.chunk_overlap_tokens >= self.chunk_size_tokens:
            raise ValueError("chunk_overlap_tokens must be below chunk_size_tokens")
        if unknown := self.allowed_types - FILE_TYPES:
            raise ValueError(f"allowed_types has unknown types: {', '.join(sorted(unknown))}")
        return self


class IngestionRules(Rules):
    """The rules file: defaults and per-prefix overrides of any of them."""

    prefixes: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _overrides_valid(self) -> IngestionRules:
        for prefix in self.prefixes:
            self.for_key(prefix)
        return self

    def for_key(self, logical_key: str) -> Rules:
        """The rules for a document, its longest matching prefix applied."""
        base = self.model_dump(exclude={"prefixes"})
        matching = [prefix for prefix in self.prefixes if logical_key.startswith(prefix)]
        override = self.prefixes[max(matching, key=len)] if matching else {}
        return Rules.model_validate({**base, **override})


class ModelConfig(BaseModel):
    """The model configuration file. What it sets wins over the environment's defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    embedding_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    embedding_backend: Annotated[str, Field(pattern="^(onnx|torch)$")] = "onnx"
    gpt_model: str = "gpt-4o-mini"
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.1
    top_k: Annotated[int, Field(ge=1, le=20)] = 5


class ConfigSource:
    """Reads both files from the config bucket, each at most once a minute."""

    def __init__(self, store: ObjectStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._cache: dict[str, tuple[float, BaseModel]] = {}

    def rules_for(self, logical_key: str) -> Rules:
        """Raises ConfigurationError for an invalid file, StorageUnavailable when S3 does not answer."""
        defaults = {
            "chunk_size_tokens": self._settings.chunk_size,
            "chunk_overlap_tokens": self._settings.chunk_overlap,
        }
        return self._read(INGESTION_RULES_KEY, IngestionRules, defaults).for_key(logical_key)

    def model_config(self) -> ModelConfig:
        defaults = {
            "embedding_model": self._settings.embedding_model,
            "embedding_backend": self._settings.embedding_backend,
            "gpt_model": self._settings.gpt_model,
        }
        return self._read(MODEL_CONFIG_KEY, ModelConfig, defaults)

    def _read(self, key: str, schema: type[_Schema], defaults: dict[str, Any]) -> _Schema:
        cached = self._cache.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1]  # type: ignore[return-value]
        bucket = self._settings.s3_config_bucket
        try:
            content = json.loads(self._store.get(ObjectRef(bucket, key)))
        except NotFound:
            content = {}
        except ValueError as error:
            raise ConfigurationError(f"s3://{bucket}/{key} is not valid JSON: {error}") from error
        try:
            value = schema.model_validate({**defaults, **content})
        except (ValidationError, TypeError) as error:
            raise ConfigurationError(f"s3://{bucket}/{key} is not valid: {error}") from error
        self._cache[key] = (time.monotonic() + _CACHE_SECONDS, value)
        return value
