"""Teaches the embedding model to read a text for a question: thin matrices beside its own (LoRA, arXiv 2106.09685).

With its norms, the token types and a head that is trained, too, what is kept is a twentieth of the model.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.reader_training.examples import Example, Text
from portfolio_rag.adapters.models.onnx_reader import pair
from portfolio_rag.adapters.models.weights import Source
from portfolio_rag.bake.reader import BASE_KEY, DOWN, SCALE_KEY, UP
from portfolio_rag.domain.chunks import Span

RANK = 32
SCALE = 2.0
WARM_UP = 0.04
TOGETHER = 8
"""Questions of a step."""
_BUCKET = 16
"""Steps whose paragraphs are sorted by length, so that few are padded far."""
_ANSWER_WEIGHT = 0.5
_ABSENCE_WEIGHT = 0.5
_ADAPTED = ("query", "key", "value", "dense")


@dataclass(frozen=True, slots=True)
class Read:
    """A pair of question and paragraph as the model reads it; the places are those of the paragraph's word pieces."""

    ids: list[int]
    types: list[int]
    first: int
    count: int
    sentence: list[int]
    answer: list[int]


def read_pair(tokenizer: Any, question: str, text: Text, sentence: Span = (0, 0), answer: Span = (0, 0)) -> Read:
    """The question and a text; `sentence` and `answer` are empty in one that does not answer."""
    ids, types, first, offsets = pair(tokenizer, question, text.heading, text.text)
    return Read(
        ids,
        types,
        first,
        len(offsets),
        [place for place, (left, _) in enumerate(offsets) if sentence[0] <= left < sentence[1]],
        [place for place, (left, right) in enumerate(offsets) if answer[0] <= left and right <= answer[1]],
    )


def read_group(tokenizer: Any, example: Example, others: int, chance: random.Random) -> list[Read]:
    """The right text, then as many others; nothing where the answer is beyond what the model sees."""
    right = read_pair(tokenizer, example.question, example.right, example.sentence, example.answer)
    if not right.sentence or not right.answer:
        return []
    beside = chance.sample(example.others, min(others, len(example.others)))
    return [right, *(read_pair(tokenizer, example.question, text) for text in beside)]


def build_model(source: Source) -> Any:
    """The embedding model with thin matrices beside its own, and a head that gives each word piece a logit."""
    import torch
    from transformers import BertModel

    class Adapted(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, linear: Any) -> None:
            super().__init__()
            self.linear = linear
            self.down = torch.nn.Parameter(torch.randn(RANK, linear.in_features) / math.sqrt(linear.in_features))
            self.up = torch.nn.Parameter(torch.zeros(linear.out_features, RANK))

        def forward(self, tokens: Any) -> Any:
            return self.linear(tokens) + SCALE * (tokens @ self.down.T) @ self.up.T

    class Trained(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.transformer = BertModel.from_pretrained(str(source.path), add_pooling_layer=False)
            self.head = torch.nn.Linear(self.transformer.config.hidden_size, 1)
            for module in self.transformer.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
            for name, parameter in self.transformer.named_parameters():
                parameter.requires_grad = "LayerNorm" in name or "token_type" in name
            for layer in self.transformer.encoder.layer:
                for parent in (layer.attention.self, layer.attention.output, layer.intermediate, layer.output):
                    for name in _ADAPTED:
                        if isinstance(getattr(parent, name, None), torch.nn.Linear):
                            setattr(parent, name, Adapted(getattr(parent, name)))

        def forward(self, ids: Any, types: Any, mask: Any) -> Any:
            hidden = self.transformer(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
            return self.head(hidden).squeeze(-1)

    return Trained()


def loss_of(model: Any, groups: Sequence[Sequence[Read]]) -> Any:
    """The mean over questions; the first of each group is the right paragraph, the others hold no answer.

    The probability of the right sentence among all that were read (a softmax shared by the paragraphs, arXiv
    1710.10723), that of the answer itself, and in each paragraph alone whether it holds one at all.
    """
    import torch

    pairs = [read for group in groups for read in group]
    length = max(len(read.ids) for read in pairs)
    ids, types, mask = (torch.zeros(len(pairs), length, dtype=torch.long) for _ in range(3))
    for row, read in enumerate(pairs):
        ids[row, : len(read.ids)] = torch.tensor(read.ids)
        types[row, : len(read.ids)] = torch.tensor(read.types)
        mask[row, : len(read.ids)] = 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(ids, types, mask)
    rows = [logits[row, read.first : read.first + read.count].float() for row, read in enumerate(pairs)]
    losses, row = [], 0
    for group in groups:
        own = rows[row : row + len(group)]
        row += len(group)
        everything = torch.logsumexp(torch.cat(own), 0)
        sentence = torch.logsumexp(own[0][group[0].sentence], 0)
        answer = torch.logsumexp(own[0][group[0].answer], 0)
        present = torch.nn.functional.softplus(torch.logsumexp(own[0], 0)) - sentence
        absent = [torch.nn.functional.softplus(torch.logsumexp(other, 0)) for other in own[1:]]
        absence = torch.stack(absent).mean() if absent else torch.zeros(())
        losses.append(
            everything - sentence + _ANSWER_WEIGHT * (everything - answer) + _ABSENCE_WEIGHT * (present + absence)
        )
    return torch.stack(losses).mean()


def train(
    model: Any, tokenizer: Any, examples: Sequence[Example], *, peak_rate: float, others: int = 1, seed: int = 1
) -> Iterator[float]:
    """One pass over the examples, each with so many other texts; gives the loss of each step."""
    import torch

    chance = random.Random(seed)  # noqa: S311 - the same in every run
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=peak_rate, betas=(0.9, 0.98), weight_decay=0.01)
    seen = 0
    for batch in _batches(examples, chance):
        share = seen / len(examples)
        for group in optimiser.param_groups:
            group["lr"] = max(1e-6, peak_rate * min(1.0, share / WARM_UP) * (1 - share))
        seen += len(batch)
        groups = [group for example in batch if (group := read_group(tokenizer, example, others, chance))]
        if not groups:
            continue
        loss = loss_of(model, groups)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        yield float(loss.detach())


def mean_of(ends: Sequence[tuple[dict[str, Any], float]]) -> dict[str, Any]:
    """The mean of the parameters by their names, each end with its weight."""
    whole = sum(weight for _, weight in ends)
    return {name: sum(end[name] * (weight / whole) for end, weight in ends) for name in ends[0][0]}


def trained_parameters(model: Any) -> dict[str, Any]:
    """Copies of what is trained, by name."""
    return {name: part.detach().clone() for name, part in model.named_parameters() if part.requires_grad}


def set_trained(model: Any, trained: dict[str, Any]) -> None:
    """Put the parameters, as `trained_parameters` gives them, into the model."""
    model.load_state_dict(trained, strict=False)


def save(trained: dict[str, Any], source: Source, target: Path) -> None:
    """What was trained, in half precision, under the names of what it changes."""
    import torch
    from safetensors.torch import save_file

    tensors = {}
    for name, parameter in trained.items():
        kept = name.removeprefix("transformer.")
        kept = re.sub(r"\.down$", DOWN, re.sub(r"\.up$", UP, kept))
        tensors[kept] = parameter.to(torch.float16).contiguous()
    save_file(tensors, str(target), {BASE_KEY: source.weights_sha256, SCALE_KEY: str(SCALE)})


def _batches(examples: Sequence[Example], chance: random.Random) -> Iterator[list[Example]]:
    for start in range(0, len(examples), TOGETHER * _BUCKET):
        bucket = sorted(examples[start : start + TOGETHER * _BUCKET], key=lambda example: len(example.right.text))
        batches = [bucket[place : place + TOGETHER] for place in range(0, len(bucket), TOGETHER)]
        chance.shuffle(batches)
        yield from batches
