"""Claims that their source holds, and claims that it does not: what the check before display is measured on.

Those of wice, scifact and rgb_fact were written by people; the others are sentences of real texts in which one thing
has been made wrong. Every choice is the same in each run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.datasets import load, rows
from portfolio_rag.text.language.sentences import sentences

_SEED = 5
_NUMBER = re.compile(r"(?<![\w.,])\d{2,4}(?![\w,]|\.\d)")
_WHOLE_NUMBER = re.compile(r"\d{2,4}")
_WHOLE_NAME = re.compile(r"(?:[A-Z][\w'-]+ ?){1,3}")
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|can|will|has|had)\b(?! not\b)")
_MAX_PASSAGE = 6000
"""Characters of a guide that serve as a source: about a chunk."""

Other = Callable[[str, str, random.Random], str | None]
"""From a number, the rest of its text and a chance: the number to plant, or None where there is none."""


@dataclass(frozen=True)
class Pair:
    """A claim against the texts that it cites, and whether they say it. `question`: what it answers, if anything."""

    claim: str
    texts: tuple[str, ...]
    holds: bool
    question: str = ""


def has_both(pairs: Sequence[Pair]) -> bool:
    """Whether there are true and false claims among them, so that there is something to tell apart."""
    return len({pair.holds for pair in pairs}) > 1


def rgb_rephrased(directory: Path, *, asked: bool = True) -> list[Pair]:
    """The question with the true and with the planted answer, against the passages with the true one.

    `asked`: the check knows the question, as it does in the chat.
    """
    return [
        Pair(
            f"{row['query'].rstrip(' ?')}: {_text(row[answer])}",
            tuple(row["positive"]),
            answer == "answer",
            row["query"] if asked else "",
        )
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
    return _chance().sample(pairs, min(limit, len(pairs)))


def squad_texts(directory: Path) -> list[str]:
    return [row["text"] for row in rows(directory / "squad2" / "passages.jsonl")]


def guide_texts(directory: Path, limit: int) -> list[str]:
    """The beginnings of pages of AWS guides."""
    documents = load("aws_qa", directory).documents
    chosen = _chance().sample(documents, min(limit, len(documents)))
    return [one.data.decode(errors="replace")[:_MAX_PASSAGE] for one in chosen]


def planted_absent(texts: Sequence[str], limit: int) -> list[Pair]:
    """A number in a sentence of a text is made one that the text lacks."""

    def other(number: str, text: str, chance: random.Random) -> str | None:
        while (made := str(chance.randint(10 ** (len(number) - 1), 10 ** len(number) - 1))) in text:
            pass
        return made

    return list(_planted(texts, limit, other))


def planted_elsewhere(texts: Sequence[str], limit: int) -> list[Pair]:
    """A number in a sentence of a text is made one that stands in another sentence of it."""

    def other(number: str, text: str, chance: random.Random) -> str | None:
        there = sorted({one for one in _NUMBER.findall(text) if one != number and len(one) == len(number)})
        return chance.choice(there) if there else None

    return list(_planted(texts, limit, other))


def wice_elsewhere(directory: Path) -> list[Pair]:
    """A number of a claim that its source supports is made another one of that source: a rephrased wrong value."""
    chance, found = _chance(), []
    for pair in wice(directory):
        match = _NUMBER.search(pair.claim) if pair.holds else None
        there = match and sorted({one for one in _NUMBER.findall(pair.texts[0]) if len(one) == len(match.group())})
        wrong = chance.choice(there) if there else None
        if match and wrong and wrong not in pair.claim:
            claim = pair.claim[: match.start()] + wrong + pair.claim[match.end() :]
            found += [pair, Pair(claim, pair.texts, False)]
    return found


def answers_planted(directory: Path, limit: int, *, elsewhere: bool) -> list[Pair]:
    """Questions on a passage with their answer, and with another one of its kind: a number for one, a name for one.

    The planted answer stands `elsewhere` in the passage, or is not in it at all.
    """
    chance = _chance()
    passages = {row["id"]: row["text"] for row in rows(directory / "squad2" / "passages.jsonl")}
    asked = [row for row in rows(directory / "squad2" / "questions.jsonl") if row["answerable"] and row["answers"]]
    chance.shuffle(asked)
    found = []
    for kind in (_WHOLE_NUMBER, _WHOLE_NAME):
        group = [row for row in asked if kind.fullmatch(row["answers"][0])]
        made = 0
        for row in group:
            text, question = passages[row["passage_id"]], row["question"]
            others = {one["answers"][0] for one in group if (one["answers"][0] in text) is elsewhere}
            if kind is _WHOLE_NUMBER and elsewhere:
                others |= set(_NUMBER.findall(text))
            likely = sorted(
                one
                for one in others
                if one not in question
                and not _overlap(one, row["answers"])
                and (kind is _WHOLE_NAME or len(one) == len(row["answers"][0]))
            )
            if not likely or made == limit:
                continue
            made += 1
            for answer, holds in ((row["answers"][0], True), (chance.choice(likely), False)):
                found.append(Pair(f"{question.rstrip(' ?')}: {answer}", (text,), holds, question))
    return found


def astray(directory: Path, limit: int) -> list[Pair]:
    """Questions with their answer, against their passage and against another one of the same article."""
    chance = _chance()
    passages = {row["id"]: row for row in rows(directory / "squad2" / "passages.jsonl")}
    asked = [row for row in rows(directory / "squad2" / "questions.jsonl") if row["answerable"] and row["answers"]]
    found = []
    for row in chance.sample(asked, min(limit, len(asked))):
        own, answer = passages[row["passage_id"]], row["answers"][0]
        others = [
            one["text"] for one in passages.values() if one["title"] == own["title"] and answer not in one["text"]
        ]
        claim = f"{row['question'].rstrip(' ?')}: {answer}"
        if others:
            found += [
                Pair(claim, (own["text"],), True, row["question"]),
                Pair(claim, (chance.choice(others),), False, row["question"]),
            ]
    return found


def astray_sentences(texts: Sequence[str], limit: int) -> list[Pair]:
    """A sentence of the first half of a text, against that half and against the other one."""
    chance, found = _chance(), []
    for text in chance.sample(texts, len(texts)):
        half = text.rfind("\n\n", 0, len(text) // 2 + 1)
        first, second = text[: max(0, half)], text[max(0, half) :]
        own = [first[start:end] for start, end in sentences(first)]
        sentence = chance.choice(own) if own else ""
        if 40 <= len(sentence) <= 400 and "\n" not in sentence and sentence not in second:
            found += [Pair(sentence, (first,), True), Pair(sentence, (second,), False)]
        if len(found) >= 2 * limit:
            break
    return found


def denied(texts: Sequence[str], limit: int) -> list[Pair]:
    """A sentence of a text, and the same one with a `not` in it."""

    def wrong(sentence: str, _: random.Random) -> str | None:
        match = _AUXILIARY.search(sentence)
        return f"{sentence[: match.end()]} not{sentence[match.end() :]}" if match else None

    return list(_corrupted(texts, limit, wrong))


def extended(texts: Sequence[str], limit: int) -> list[Pair]:
    """A sentence of a text, and the same one with the end of a sentence of another text behind it."""
    pool = [text[start:end] for text in texts for start, end in sentences(text) if "\n" not in text[start:end]]

    def wrong(sentence: str, chance: random.Random) -> str | None:
        return f"{sentence.rstrip('. ')}, and {' '.join(chance.choice(pool).split()[-8:])}"

    return list(_corrupted(texts, limit, wrong))


def _corrupted(texts: Sequence[str], limit: int, wrong: Callable[[str, random.Random], str | None]) -> Iterator[Pair]:
    chance, made = _chance(), 0
    for text in chance.sample(texts, len(texts)):
        own = [text[start:end] for start, end in sentences(text)]
        sentence = chance.choice(own) if own else ""
        changed = wrong(sentence, chance) if 40 <= len(sentence) <= 400 and "\n" not in sentence else None
        if changed:
            yield Pair(sentence, (text,), True)
            yield Pair(changed, (text,), False)
            made += 1
        if made == limit:
            return


def _planted(texts: Sequence[str], limit: int, other: Other) -> Iterator[Pair]:
    chance, made = _chance(), 0
    for text in chance.sample(texts, len(texts)):
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


def _chance() -> random.Random:
    return random.Random(_SEED)  # noqa: S311 - the same choice in every run


def _overlap(one: str, answers: Sequence[str]) -> bool:
    return any(one in answer or answer in one for answer in answers)


def _text(answer: Any) -> str:
    """Of a list of ways to put it, the first."""
    while isinstance(answer, list):
        answer = answer[0]
    return str(answer)
