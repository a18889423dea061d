"""The stages of the raw bucket, and the keys that one logical key has in them."""

from __future__ import annotations

import posixpath

INCOMING = "incoming/"
PROCESSED = "processed/"
FAILED = "failed/"
ARCHIVED = "archived/"
STAGES = (INCOMING, PROCESSED, FAILED, ARCHIVED)

SIDECAR_SUFFIX = ".metadata.json"

MAX_LOGICAL_KEY_BYTES = 1000
"""S3 keys end at 1,024 bytes of UTF-8; this leaves room for the longest stage prefix and a version suffix."""


def stage_of(key: str) -> str | None:
    """The stage prefix of a key, or None for a key outside all stages."""
    return next((stage for stage in STAGES if key.startswith(stage)), None)


def logical_key_of(key: str) -> str:
    """The key without its stage prefix: what identifies a document while it moves."""
    stage = stage_of(key)
    return key[len(stage) :] if stage else key


def is_folder_marker(key: str) -> bool:
    return key.endswith("/")


def is_sidecar(key: str) -> bool:
    return key.endswith(SIDECAR_SUFFIX)


def sidecar_of(key: str) -> str:
    return key + SIDECAR_SUFFIX


def document_of(sidecar_key: str) -> str:
    return sidecar_key.removesuffix(SIDECAR_SUFFIX)


def filename_of(key: str) -> str:
    return posixpath.basename(key)


def archived_key(logical_key: str, label: str) -> str:
    """`guides/sqs.md`, `v1` -> `archived/guides/sqs.v1.md`: one key per replaced version, extension kept."""
    stem, extension = posixpath.splitext(logical_key)
    return f"{ARCHIVED}{stem}.{label}{extension}"
