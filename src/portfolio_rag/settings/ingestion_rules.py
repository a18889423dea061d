"""The ingestion rules and model configuration that live in the config bucket, and how they are read.

`ingestion-rules/default.json` holds the rules; `prefixes` overrides them for the logical keys under a prefix (the
longest matching prefix wins). A missing file means the defaults of the environment; an invalid one stops ingestion
with a ConfigurationError that names the file and the field, because guessing would index documents wrongly.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from portfolio_rag.domain.access import AccessRules, parse_access_rules
from portfolio_rag.domain.chunking_strategy import Strategy
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.domain.errors import ConfigurationError, DependencyUnavailable, NotFound
from portfolio_rag.domain.ocr import SCRIPTS, OcrMode
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.settings.environment import Settings

_log = logging.getLogger(__name__)

INGESTION_RULES_KEY = "ingestion-rules/default.json"
MODEL_CONFIG_KEY = "model-configs/default.json"
ACCESS_LISTS_KEY = "access-lists/default.json"
_FILE_TYPES = (
    "md",
    "txt",
    "pdf",
    "html",
    "docx",
    "xlsx",
    "pptx",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ipynb",
    "eml",
    "epub",
)
FILE_TYPES = frozenset(_FILE_TYPES)
FILE_TYPES_IN_WORDS = f"{', '.join(_FILE_TYPES[:-1])} or {_FILE_TYPES[-1]}"

_Schema = TypeVar("_Schema", "IngestionRules", "ModelConfig")
_Value = TypeVar("_Value")

_CACHE_SECONDS = 60.0  # A changed rule is obeyed within a minute; a warm function reads S3 once a minute.

# Dataclasses, and not Pydantic: importing it and building these two models took a quarter of a light function's start.


def _checked(default: Any, check: Callable[[Any], Any]) -> Any:
    """A field whose value `check` answers, perhaps converted; it raises ValueError for one that cannot be."""
    return field(default=default, metadata={"check": check})


def _number(default: float, low: float, high: float = float("inf")) -> Any:
    kinds = int if isinstance(default, int) else (int, float)
    what = "a whole number" if isinstance(default, int) else "a number"

    def check(value: Any) -> Any:
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise ValueError(f"must be {what}, not {value!r}")
        if not low <= value <= high:
            raise ValueError(f"must be {f'from {low:,} to {high:,}' if high < float('inf') else f'{low:,} or more'}")
        return value

    return _checked(default, check)


def _text(default: str, *allowed: str) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or (allowed and value not in allowed):
            raise ValueError(f"must be {' or '.join(allowed) if allowed else 'a text'}, not {value!r}")
        return value

    return _checked(default, check)


def _file_types(value: Any) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in value):
        raise ValueError("must be a list of texts")
    if unknown := set(value) - FILE_TYPES:
        raise ValueError(f"has unknown types: {', '.join(sorted(unknown))}")
    return frozenset(value)


def _choice(allowed: type[StrEnum]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        try:
            return allowed(value)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r}") from None

    return check


def _ocr_languages(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(language, str) for language in value):
        raise ValueError("must be a list of languages (ISO 639-1), at least one")
    if unknown := set(value) - SCRIPTS.keys():
        raise ValueError(f"has languages that cannot be read: {', '.join(sorted(unknown))}; known are {_KNOWN}")
    return tuple(value)


_KNOWN = ", ".join(sorted(SCRIPTS))


def _overrides(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping) or not all(isinstance(one, Mapping) for one in value.values()):
        raise ValueError("must map each prefix to the rules that differ there")
    return value


def _check(values: Any) -> None:
    """Run the checks of all fields; raises ValueError that names every field that is wrong, and why."""
    problems = []
    for one in fields(values):
        try:
            object.__setattr__(values, one.name, one.metadata["check"](getattr(values, one.name)))
        except ValueError as error:
            problems.append(f"{one.name} {error}")
    if problems:
        raise ValueError("; ".join(problems))


@dataclass(frozen=True)
class Rules:
    """The rules for one document. Sizes in bytes, tokens of the embedding model, seconds and megabytes as named.

    Raises ValueError for a value that is not allowed.
    """

    allowed_types: frozenset[str] = field(default=FILE_TYPES, metadata={"check": _file_types})
    max_file_size_bytes: int = _number(50 * 1024**2, 1, 5 * 1024**3)
    chunk_size_tokens: int = _number(1000, 64, 2000)
    chunk_overlap_tokens: int = _number(200, 0)
    window_tokens: int = _number(128, 32, 254)
    chunking_strategy: Strategy = field(default=Strategy.STRUCTURE, metadata={"check": _choice(Strategy)})
    # For `semantic` alone (text/chunking/topic_boundaries.py).
    semantic_breakpoint_percentile: int = _number(95, 50, 99)
    semantic_buffer_sentences: int = _number(1, 0, 5)
    max_pages: int = _number(5000, 1)
    max_characters: int = _number(20_000_000, 1)
    extraction_timeout_seconds: int = _number(35, 1, 800)
    extraction_memory_mb: int = _number(1280, 128)
    # Text in pictures (domain/ocr.py).
    ocr: OcrMode = field(default=OcrMode.AUTO, metadata={"check": _choice(OcrMode)})
    ocr_languages: tuple[str, ...] = field(default=("en",), metadata={"check": _ocr_languages})
    ocr_max_pages: int = _number(1000, 1)
    ocr_page_timeout_seconds: int = _number(30, 1, 800)

    def __post_init__(self) -> None:
        _check(self)
        if self.chunk_overlap_tokens >= self.chunk_size_tokens:
            raise ValueError("chunk_overlap_tokens must be below chunk_size_tokens")


@dataclass(frozen=True)
class IngestionRules(Rules):
    """The rules file: defaults and per-prefix overrides of any of them."""

    prefixes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, metadata={"check": _overrides})

    def __post_init__(self) -> None:
        super().__post_init__()
        for prefix in self.prefixes:
            self.for_key(prefix)

    def for_key(self, logical_key: str) -> Rules:
        """The rules for a document, its longest matching prefix applied."""
        base = {one.name: getattr(self, one.name) for one in fields(Rules)}
        matching = [prefix for prefix in self.prefixes if logical_key.startswith(prefix)]
        override = self.prefixes[max(matching, key=len)] if matching else {}
        return Rules(**{**base, **override})


def _prices(value: Any) -> Any:
    """Chat model -> USD for a million tokens."""
    if not isinstance(value, Mapping):
        raise ValueError("must be an object: chat model to prices")
    for model, price in value.items():
        if not isinstance(price, Mapping) or price.keys() != {"prompt", "completion"}:
            raise ValueError(f"of {model} must be an object with `prompt` and `completion`: USD for a million tokens")
        if not all(isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in price.values()):
            raise ValueError(f"of {model} must be numbers, 0 or more")
    return value


@dataclass(frozen=True)
class ModelConfig:
    """The model configuration file. What it sets wins over the environment's defaults.

    `prices`: of chat models, for the cost in the reply; they win over answering/generation/cost.py.
    """

    embedding_model: str = _text("sentence-transformers/all-MiniLM-L6-v2")
    embedding_backend: str = _text("onnx", "onnx", "torch")
    gpt_model: str = _text("gpt-4o-mini")
    temperature: float = _number(0.1, 0, 1)
    top_k: int = _number(5, 1, 20)
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict, metadata={"check": _prices})

    def __post_init__(self) -> None:
        _check(self)


class ConfigSource:
    """Reads both files from the config bucket, each at most once a minute. `now` is in seconds from any start."""

    def __init__(self, store: ObjectStore, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._cache: dict[str, tuple[float, Any]] = {}

    def rules_for(self, logical_key: str) -> Rules:
        """Raises ConfigurationError for an invalid file, StorageUnavailable when S3 does not answer."""
        defaults = {
            "chunk_size_tokens": self._settings.chunk_size,
            "chunk_overlap_tokens": self._settings.chunk_overlap,
        }
        return self._read(INGESTION_RULES_KEY, IngestionRules, defaults).for_key(logical_key)

    def access_rules(self) -> AccessRules:
        """Who may see what, by prefix; none where there is no such file. Raises as `rules_for`."""
        cached = self._cache.get(ACCESS_LISTS_KEY)
        if cached and cached[0] > self._now():
            return cached[1]  # type: ignore[no-any-return]
        return self._load(
            ACCESS_LISTS_KEY, lambda content: parse_access_rules(content, self._settings.s3_raw_bucket), missing=[]
        )

    def model_config(self) -> ModelConfig:
        """What holds now, read within the last minute.

        Where the file cannot be read, or is not valid any more, the last one that was holds on: questions are answered
        all the while. Raises as `rules_for` while there has been none.
        """
        defaults = {
            "embedding_model": self._settings.embedding_model,
            "embedding_backend": self._settings.embedding_backend,
            "gpt_model": self._settings.gpt_model,
        }
        last = self._cache.get(MODEL_CONFIG_KEY)
        if last is None or last[0] > self._now():
            return self._read(MODEL_CONFIG_KEY, ModelConfig, defaults)
        # Others go on with the last one while this thread reads, so a slow S3 keeps one question waiting and not all.
        self._cache[MODEL_CONFIG_KEY] = (self._now() + _CACHE_SECONDS, last[1])
        try:
            return self._fetch(MODEL_CONFIG_KEY, ModelConfig, defaults)
        except (ConfigurationError, DependencyUnavailable) as error:
            _log.warning("The model configuration cannot be read; the last one holds on: %s", error)
            return last[1]  # type: ignore[no-any-return]

    def _read(self, key: str, schema: type[_Schema], defaults: dict[str, Any]) -> _Schema:
        cached = self._cache.get(key)
        if cached and cached[0] > self._now():
            return cached[1]  # type: ignore[no-any-return]
        return self._fetch(key, schema, defaults)

    def _fetch(self, key: str, schema: type[_Schema], defaults: dict[str, Any]) -> _Schema:
        return self._load(key, lambda content: schema(**{**defaults, **content}), missing={})

    def _load(self, key: str, make: Callable[[Any], _Value], missing: Any) -> _Value:
        """What `make` makes of the file, or of `missing`; it raises ValueError or TypeError for what is not valid."""
        bucket = self._settings.s3_config_bucket
        try:
            content = json.loads(self._store.get(ObjectRef(bucket, key)))
        except NotFound:
            content = missing
        except ValueError as error:
            raise ConfigurationError(f"s3://{bucket}/{key} is not valid JSON: {error}") from error
        try:
            value = make(content)
        except (ValueError, TypeError) as error:  # TypeError: not an object, or a field that there is not
            raise ConfigurationError(f"s3://{bucket}/{key} is not valid: {error}") from error
        self._cache[key] = (self._now() + _CACHE_SECONDS, value)
        return value
