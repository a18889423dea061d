"""What was asked of a language model in a month."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """Questions that were answered, and the tokens that the answers took."""

    questions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: ModelUsage) -> ModelUsage:
        return ModelUsage(
            self.questions + other.questions,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )
