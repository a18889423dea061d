"""What both pictures tell: a question that nobody can answer, a document dropped into S3, and the answer from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.config import StackConfig
from portfolio_rag.settings.environment import Settings

FILENAME = "kittiwake-ferry.md"
TEXT = """\
# The Kittiwake ferry

The Kittiwake leaves Port Ellis at 06:40 and at 17:15, every day from April to October.
A bicycle costs 4.50 euros. Dogs travel free of charge.
"""
QUESTION = "When does the Kittiwake leave Port Ellis?"

_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Scene:
    """A running stack, the environment of commands against it, and the folder with the document."""

    config: StackConfig
    environment: Mapping[str, str]
    folder: Path

    @property
    def upload(self) -> str:
        """The command that drops the document in, as one types it."""
        return f"aws s3 cp {FILENAME} s3://{self._settings.s3_raw_bucket}/incoming/"

    def wait_until_answered_from(self) -> float:
        """Seconds until the document is COMPLETED."""
        return self._wait(lambda response: response.is_success and response.json()["status"] == "COMPLETED")

    @contextmanager
    def without_the_document(self) -> Iterator[None]:
        """It is not there before, and not there after."""
        self._remove()
        try:
            yield
        finally:
            self._remove()

    def _remove(self) -> None:
        with self._api() as api:
            if api.delete(self._path).status_code == 202:
                self._wait(lambda response: response.json().get("deleted_at") is not None)

    def _wait(self, settled: Callable[[httpx.Response], bool]) -> float:
        begun = time.monotonic()
        with self._api() as api:
            while not settled(api.get(self._path)):
                if time.monotonic() - begun > _PATIENCE_SECONDS:
                    raise TimeoutError(f"{FILENAME} has not come to its end: `make logs` may say why.")
                time.sleep(0.1)
        return time.monotonic() - begun

    def _api(self) -> httpx.Client:
        key = self.config.settings.get("API_KEY")
        headers = {"X-API-Key": key} if key else {}
        return httpx.Client(base_url=self.config.api_url, headers=headers, timeout=30, trust_env=False)

    @property
    def _settings(self) -> Settings:
        return Settings.from_env(self.environment)

    @property
    def _path(self) -> str:
        return f"/api/documents/{document_id_for(self._settings.s3_raw_bucket, FILENAME)}"
