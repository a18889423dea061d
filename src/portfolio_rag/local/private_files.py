"""Folders and files of the stack that are for their owner alone: documents, questions and keys lie in them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portfolio_rag.local.config import StackConfig

OWNER_ONLY_UMASK = 0o077
_SECRET_BYTES = 32


@contextmanager
def private_files() -> Iterator[None]:
    """What this process and its children make meanwhile is for its owner alone."""
    before = os.umask(OWNER_ONLY_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> None:
    """Make the folder, and take from group and others what an older version left them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else can read, not even while it is being written."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def write_secrets(config: StackConfig) -> None:
    """For processes that are about to start. Files and not variables: each is read by those that need it."""
    write_private(config.api_environment_file, json.dumps(config.secrets()))
    write_private(config.lambda_secret_file, secrets.token_hex(_SECRET_BYTES))


def write_api_environment(config: StackConfig, credentials: Mapping[str, str]) -> None:
    """For an API that is about to start: its secrets, and the credentials that it calls AWS with."""
    write_private(config.api_environment_file, json.dumps(config.secrets() | dict(credentials)))


def remove_secrets(config: StackConfig) -> None:
    for path in (config.api_environment_file, config.lambda_secret_file):
        path.unlink(missing_ok=True)
