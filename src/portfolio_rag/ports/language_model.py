"""The language model."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from portfolio_rag.domain.answers import FinishReason


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: FinishReason = FinishReason.STOP


class LanguageModel(Protocol):
    """A chat model. Raises LanguageModelUnavailable after bounded retries."""

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        """One answer; with a JSON `schema`, one that follows it if the server knows how.

        One that comes to the limit of tokens is asked for once more with a longer one; the tokens are those of both.
        """

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The same piece by piece, and the whole at the end. Nothing is tried again after the first piece."""
