"""Whether the check before display tells a claim that its source holds from one that it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.claims import Pair
from evaluation.metrics import auroc
from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.scoring import rank_sources
from portfolio_rag.domain.answers import Verdict


@dataclass
class Validated:
    """Scores of true and of false claims, and what the shipped check made of them."""

    true: list[float] = field(default_factory=list)
    false: list[float] = field(default_factory=list)
    verdicts_true: list[Verdict] = field(default_factory=list)
    verdicts_false: list[Verdict] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Caught: flagged or dropped. False alarms: the same of true claims."""
        return {
            "true": float(len(self.true)),
            "false": float(len(self.false)),
            "AUROC": auroc(self.true, self.false),
            "caught at 5 % false alarms": self._caught(0.05),
            "caught at 10 % false alarms": self._caught(0.10),
            "caught as shipped": _share(self.verdicts_false, Verdict.FLAGGED, Verdict.DROPPED),
            "dropped as shipped": _share(self.verdicts_false, Verdict.DROPPED),
            "false alarms as shipped": _share(self.verdicts_true, Verdict.FLAGGED, Verdict.DROPPED),
            "true dropped as shipped": _share(self.verdicts_true, Verdict.DROPPED),
        }

    def _caught(self, alarms: float) -> float:
        """The share of false claims below the score that loses at most that share of the true ones."""
        ordered = np.sort(self.true)
        return float((np.array(self.false) < ordered[int(alarms * len(ordered))]).mean())


def measure_validation(pairs: Sequence[Pair]) -> Validated:
    result = Validated()
    for pair in pairs:
        sources = [SourceText.build(number, text, "") for number, text in enumerate(pair.texts, start=1)]
        supports = rank_sources(Claim(pair.claim, pair.question), sources)
        score = max((support.score for support in supports), default=0.0)
        drafted = DraftSentence(pair.claim, tuple(source.number for source in sources), 0)
        verdict = check(pair.question, [drafted], sources)[0].verdict
        (result.true if pair.holds else result.false).append(score)
        (result.verdicts_true if pair.holds else result.verdicts_false).append(verdict)
    return result


def _share(verdicts: Sequence[Verdict], *counted: Verdict) -> float:
    return sum(verdict in counted for verdict in verdicts) / len(verdicts)
