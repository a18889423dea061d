"""The language model."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int


class LanguageModel(Protocol):
    """A chat model. Raises LanguageModelUnavailable after bounded retries."""

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        """One answer; with a JSON `schema`, one that follows it if the server knows how."""

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The same piece by piece, and the whole at the end. Nothing is tried again after the first piece."""
