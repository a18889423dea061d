"""What the tokens of an answer cost. Prices are data: dated, of a stated source, and overruled by the model config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from portfolio_rag.domain.answers import Usage

AS_OF = "2026-06-21"
SOURCE = "https://platform.openai.com/docs/pricing"


class Price(NamedTuple):
    """USD for a million tokens, read and written."""

    prompt: float
    completion: float


PRICES: Mapping[str, Price] = {
    "gpt-4o": Price(2.50, 10.00),
    "gpt-4o-mini": Price(0.15, 0.60),
    "gpt-4.1": Price(2.00, 8.00),
    "gpt-4.1-mini": Price(0.40, 1.60),
    "gpt-4.1-nano": Price(0.10, 0.40),
    "gpt-5": Price(1.25, 10.00),
    "gpt-5-mini": Price(0.25, 2.00),
    "gpt-5-nano": Price(0.05, 0.40),
    "o4-mini": Price(1.10, 4.40),
    "amazon.nova-micro-v1:0": Price(0.035, 0.14),
    "amazon.nova-lite-v1:0": Price(0.06, 0.24),
    "amazon.nova-pro-v1:0": Price(0.80, 3.20),
}
"""Standard tier at SOURCE on AS_OF, those of Amazon in us-east-1 at https://aws.amazon.com/bedrock/pricing; cached and
batched tokens cost less, which the estimate does not know."""

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_INFERENCE_PROFILE = re.compile(r"^(?:us|eu|apac|global)\.")
_MILLION = 1_000_000


def price_of(model: str, configured: Mapping[str, Price]) -> Price | None:
    """The model's price; None where none is known. `configured` ones win.

    A snapshot such as `gpt-4o-mini-2024-07-18` and an inference profile of Bedrock such as
    `us.amazon.nova-lite-v1:0` cost what their model costs.
    """
    names = (model, _SNAPSHOT.sub("", model), _INFERENCE_PROFILE.sub("", model))
    return next((table[name] for table in (configured, PRICES) for name in names if name in table), None)


def cost_of(model: str, prompt_tokens: int, completion_tokens: int, configured: Mapping[str, Price]) -> Usage:
    """The tokens with their cost; None where no price is known for the model (`price_of`)."""
    price = price_of(model, configured)
    cost = None if price is None else (price.prompt * prompt_tokens + price.completion * completion_tokens) / _MILLION
    return Usage(prompt_tokens, completion_tokens, cost)
