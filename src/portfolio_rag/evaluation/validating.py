"""Whether the check before display tells a claim that its source holds from one that it does not."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from portfolio_rag.answers import Verdict
from portfolio_rag.evaluation.datasets import rows
from portfolio_rag.evaluation.metrics import auroc
from portfolio_rag.ports import Embedder
from portfolio_rag.services.draft import DraftSentence
from portfolio_rag.services.evidence import Claim, SourceText, support
from portfolio_rag.services.validation import check
from portfolio_rag.text.sentences import sentences

_SEED = 5
_CONFLICT_COST = 1.0
"""What a hard fact that speaks against a claim takes from its score: no wording makes up for it."""

_NUMBER = re.compile(r"(?<![\w.,])\d{2,4}(?![\w,]|\.\d)")


@dataclass(frozen=True)
class Pair:
    """A claim against the texts that it cites. `holds`: whether they say it."""

    claim: str
    texts: tuple[str, ...]
    holds: bool


@dataclass
class Validated:
    """Scores of true and of false claims, and what the shipped check made of them."""

    true: list[float]
    false: list[float]
    kept_true: list[bool]
    kept_false: list[bool]

    def figures(self) -> dict[str, float]:
        return {
            "true": float(len(self.true)),
            "false": float(len(self.false)),
            "AUROC": auroc(self.true, self.false),
            "caught at 5 % false alarms": self._caught(0.05),
            "caught at 10 % false alarms": self._caught(0.10),
            "caught as shipped": 1 - float(np.mean(self.kept_false)),
            "false alarms as shipped": 1 - float(np.mean(self.kept_true)),
        }

    def _caught(self, alarms: float) -> float:
        """The share of false claims below the score that loses at most that share of the true ones."""
        ordered = np.sort(self.true)
        return float((np.array(self.false) < ordered[int(alarms * len(ordered))]).mean())


def measure_validation(pairs: Sequence[Pair], embedder: Embedder) -> Validated:
    result = Validated([], [], [], [])
    for pair in pairs:
        sources = [SourceText.build(number, text, "") for number, text in enumerate(pair.texts, start=1)]
        best = max(
            (
                found.score - (_CONFLICT_COST if found.conflict else 0.0)
                for found in support([Claim(pair.claim)], sources, embedder)[0]
            ),
            default=-_CONFLICT_COST,
        )
        drafted = DraftSentence(pair.claim, tuple(source.number for source in sources), 0)
        # The claim stands for the question, so that only the claim itself is judged.
        kept = check(pair.claim, [drafted], sources, embedder)[0].verdict is Verdict.SUPPORTED
        (result.true if pair.holds else result.false).append(best)
        (result.kept_true if pair.holds else result.kept_false).append(kept)
    return result


def rgb_rephrased(directory: Path) -> list[Pair]:
    """The question with the true and with the planted answer, against the passages with the true one."""
    return [
        Pair(f"{row['query'].rstrip(' ?')}: {_text(row[answer])}", tuple(row["positive"]), answer == "answer")
        for row in rows(directory / "rgb_fact" / "en_fact.jsonl")
        for answer in ("answer", "fakeanswer")
    ]


def rgb_verbatim(directory: Path) -> list[Pair]:
    """The sentence in which a passage states the fact, and the same sentence with the planted one."""
    found = []
    for row in rows(directory / "rgb_fact" / "en_fact.jsonl"):
        for right, wrong in zip(row["positive"], row["positive_wrong"], strict=False):
            for (start, end), (first, last) in zip(sentences(right), sentences(wrong), strict=False):
                if right[start:end] != wrong[first:last]:
                    found += [Pair(right[start:end], (right,), True), Pair(wrong[first:last], (right,), False)]
                    break
    return found


def wice(directory: Path) -> list[Pair]:
    """Claims of Wikipedia that their source supports, against those that it does not; partial support is left out."""
    return [
        Pair(row["claim"], ("\n".join(row["evidence"]),), row["label"] == "supported")
        for row in rows(directory / "wice" / "claims.jsonl.gz")
        if row["label"] != "partially_supported"
    ]


def scifact(directory: Path, limit: int) -> list[Pair]:
    """Claims that an abstract supports against claims that it contradicts."""
    abstracts = {
        str(row["id"]): " ".join([f"{row['title']}.", *row["sentences"]])
        for row in rows(directory / "scifact" / "corpus.jsonl.gz")
    }
    pairs = [
        Pair(row["claim"], (abstracts[document],), evidence[0]["label"] == "SUPPORT")
        for row in rows(directory / "scifact" / "claims_train.jsonl")
        for document, evidence in (row["evidence"] or {}).items()
        if document in abstracts
    ]
    return random.Random(_SEED).sample(pairs, min(limit, len(pairs)))  # noqa: S311 - the same ones in every run


def planted_absent(directory: Path, limit: int) -> list[Pair]:
    """A number in a sentence of a SQuAD passage is made one that the passage lacks."""

    def other(number: str, text: str, chance: random.Random) -> str | None:
        while (made := str(chance.randint(10 ** (len(number) - 1), 10 ** len(number) - 1))) in text:
            pass
        return made

    return list(_planted(directory, limit, other))


def planted_elsewhere(directory: Path, limit: int) -> list[Pair]:
    """A number in a sentence of a SQuAD passage is made one that stands in another sentence of it."""

    def other(number: str, text: str, chance: random.Random) -> str | None:
        there = sorted({one for one in _NUMBER.findall(text) if one != number and len(one) == len(number)})
        return chance.choice(there) if there else None

    return list(_planted(directory, limit, other))


def _planted(directory: Path, limit: int, other: Callable[[str, str, random.Random], str | None]) -> Iterator[Pair]:
    chance = random.Random(_SEED)  # noqa: S311 - the same plants in every run
    passages: list[dict[str, Any]] = list(rows(directory / "squad2" / "passages.jsonl"))
    chance.shuffle(passages)
    made = 0
    for row in passages:
        text = row["text"]
        for start, end in sentences(text):
            sentence = text[start:end]
            match = _NUMBER.search(sentence)
            wrong = other(match.group(), text[:start] + text[end:], chance) if match else None
            if match is None or wrong is None or wrong in sentence:
                continue
            yield Pair(sentence, (text,), True)
            yield Pair(sentence[: match.start()] + wrong + sentence[match.end() :], (text,), False)
            made += 1
            break
        if made == limit:
            return


def _text(answer: object) -> str:
    """Of a list of ways to put it, the first."""
    while isinstance(answer, list):
        answer = answer[0]
    return str(answer)
