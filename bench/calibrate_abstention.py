"""When to say "not in the documents": the weights and the threshold of answering/generation/answerability.py.

    python -m bench.calibrate_abstention squad2 aws_qa

Every answerable question is asked twice: of the whole corpus, and with the article or guide that answers it left
out. `lost` is the share of the first that a threshold refuses, `rejected` of the second. A good setting loses little
and rejects much on both sets with the same numbers, as a user's corpus is neither.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass

import numpy as np

from evaluation.metrics import auroc
from evaluation.workbench import Bench, open_bench, search_of
from portfolio_rag.answering.generation import answerability
from portfolio_rag.answering.generation.answerability import (
    COVERAGE_WEIGHT,
    MISSING_NAME_PENALTY,
    penalty,
    threshold_for,
)
from portfolio_rag.domain.answers import Passage
from portfolio_rag.text.language.content_words import coverage, terms

MAX_QUESTIONS = 400
MAX_LOST = 0.10
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
PENALTIES = (0.0, 0.1, 0.2, 0.3, 0.4)
GROWTHS = (0.0, 0.05, 0.1, 0.12, 0.15, 0.2)


@dataclass(frozen=True)
class Signals:
    """Of one search: cosine and coverage of each window found, and whether a name of the question is nowhere."""

    cosines: np.ndarray
    covered: np.ndarray
    name_missing: bool
    shipped: float

    def score(self, weight: float, penalized: float) -> float:
        best = float((self.cosines + weight * self.covered).max()) if len(self.cosines) else 0.0
        return best - penalized * self.name_missing


def signals(question: str, passages: list[Passage]) -> Signals:
    wanted = frozenset(terms(question))
    pairs = [
        (score, coverage(wanted, frozenset(terms(passage.chunk.window_texts[window]))))
        for passage in passages
        for window, score in zip(passage.windows, passage.window_scores, strict=True)
    ]
    cosines, covered = np.array(pairs).T if pairs else (np.zeros(0), np.zeros(0))
    return Signals(cosines, covered, penalty(question, passages) > 0, answerability.score(question, passages))


Groups = tuple[list[Signals], list[Signals], list[Signals], int]


def measure(bench: Bench) -> Groups:
    """Of questions that are answerable, whose group is left out, and that mislead; and how many windows there are."""
    corpus = bench.corpus
    retrieval = search_of(bench)
    plain = [question for question in bench.questions if not question.adversarial]
    tricky = [question for question in bench.questions if question.adversarial]
    answerable, absent, misleading = [], [], []
    for question in plain[:: max(1, len(plain) // MAX_QUESTIONS)]:
        answerable.append(signals(question.text, retrieval.search(question.text)))
        corpus.groups_left_out = frozenset([question.group])
        absent.append(signals(question.text, retrieval.search(question.text)))
        corpus.groups_left_out = frozenset()
    for question in tricky[:: max(1, len(tricky) // MAX_QUESTIONS)]:
        misleading.append(signals(question.text, retrieval.search(question.text)))
    return answerable, absent, misleading, len(corpus.windows)


def report(
    name: str, answerable: list[Signals], absent: list[Signals], misleading: list[Signals], windows: int
) -> None:
    print(f"\n## {name}: {len(answerable)} questions\n")
    print("| coverage weight | name penalty | AUROC | rejected at 10 % lost |\n|---|---|---|---|")
    for weight in WEIGHTS:
        for penalized in PENALTIES:
            held = np.array([one.score(weight, penalized) for one in answerable])
            missing = np.array([one.score(weight, penalized) for one in absent])
            rejected = float((missing < np.quantile(held, MAX_LOST)).mean())
            print(f"| {weight} | {penalized} | {auroc(held, missing):.3f} | {rejected:.2f} |")
    held, missing = (np.array([one.shipped for one in group]) for group in (answerable, absent))
    print(f"\nshipped: {COVERAGE_WEIGHT} and {MISSING_NAME_PENALTY}, AUROC {auroc(held, missing):.3f}", end="")
    if misleading:
        print(f"; against misleading questions {auroc(held, [one.shipped for one in misleading]):.3f}", end="")
    print("\n\n| threshold | lost | rejected |\n|---|---|---|")
    chosen = round(threshold_for(windows), 3)
    for threshold in sorted({*np.arange(0.55, 1.01, 0.05).round(2).tolist(), chosen}):
        mark = f" (shipped for {windows:,} windows)" if threshold == chosen else ""
        print(f"| {threshold}{mark} | {(held < threshold).mean():.3f} | {(missing < threshold).mean():.3f} |")


def choose(measured: dict[str, Groups]) -> None:
    """The one setting for all sets that rejects most on the worst of them while no set loses more than 10 %."""
    best: tuple[float, ...] = (-1.0,)
    for weight, penalized, growth in itertools.product(WEIGHTS, PENALTIES, GROWTHS):
        scores = [
            [
                np.array([one.score(weight, penalized) - growth * np.log10(windows / 1000) for one in group])
                for group in (held, missing)
            ]
            for held, missing, _, windows in measured.values()
        ]
        threshold = min(float(np.quantile(held, MAX_LOST)) for held, _ in scores)
        worst = min(float((missing < threshold).mean()) for _, missing in scores)
        best = max(best, (worst, weight, penalized, growth, threshold))
    print(
        f"\nBest for all sets at once: coverage weight {best[1]}, name penalty {best[2]}, threshold {best[4]:.2f} at "
        f"1,000 windows and {best[3]} more for each tenfold: rejects {best[0]:.0%} on the worst of them."
    )


if __name__ == "__main__":
    measured = {name: measure(open_bench(name)) for name in sys.argv[1:] or ["squad2", "aws_qa"]}
    for name, groups in measured.items():
        report(name, *groups)
    choose(measured)
