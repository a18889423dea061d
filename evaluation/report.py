"""docs/quality.md and its charts, from the figures alone: the same figures give the same page.

What has not been measured is left out of the page: a section without figures, and a target without its figure.
"""

from __future__ import annotations

from collections.abc import Callable

from evaluation import page_texts, strategies, tables
from evaluation.fitting import NAMES as FEATURES
from evaluation.plots import bars
from evaluation.retrieving import AS_WRITTEN, DENSE, HYBRID
from evaluation.tables import NAMES, Figures
from evaluation.targets import TARGETS
from portfolio_rag.answering.generation.answerability import THRESHOLD, THRESHOLD_GROWTH
from portfolio_rag.answering.grounding.check import SUPPORTED_FROM


def render(figures: Figures) -> str:
    """The page as Markdown. `figures` are those of `run`, with the commit that they were measured at."""
    sections: dict[str, Callable[[Figures], list[str]]] = {
        "retrieval": lambda found: _retrieval(found, figures),
        "chunking": lambda found: ["## Chunking\n", tables.chunking(found)],
        "strategies": lambda found: [
            page_texts.STRATEGIES.format(set_name=NAMES[strategies.SET]),
            strategies.table(found),
        ],
        "abstention": lambda found: [
            page_texts.ABSTENTION.format(threshold=THRESHOLD, growth=THRESHOLD_GROWTH),
            tables.table(found),
        ],
        "answers": _answers,
        "structured": lambda found: [page_texts.STRUCTURED, tables.two_columns(found)],
        "validation": lambda found: [page_texts.VALIDATION.format(features=len(FEATURES)), tables.table(found)],
        "calibration": lambda found: [
            page_texts.CALIBRATION.format(supported_from=SUPPORTED_FROM),
            tables.table(found),
        ],
    }
    parts = [
        page_texts.HEAD,
        f"Code measured: `{figures['commit']}`.\n",
        *_incomplete(figures),
        "## Targets\n",
        _targets(figures),
        _missed(figures),
    ]
    for name, section in sections.items():
        if figures.get(name):
            parts += section(figures[name])
    return "\n".join([*parts, page_texts.SAMPLES.format(**figures["samples"])])


def charts(figures: Figures) -> dict[str, str]:
    """File name -> SVG."""
    found, abstained = figures.get("retrieval", {}), figures.get("abstention", {})
    three = [name for name in found if AS_WRITTEN in found[name]["ways"]]
    return {
        "quality-retrieval.svg": bars(
            "The right document in the first five (hit@5)",
            (AS_WRITTEN, DENSE, HYBRID),
            {NAMES[name]: [found[name]["ways"][way]["hit@5"] for way in (AS_WRITTEN, DENSE, HYBRID)] for name in three},
        ),
        "quality-abstention.svg": bars(
            "Answerable or not, at the shipped threshold",
            ("answerable, kept", "not answerable, rejected"),
            {NAMES[name]: [1 - row["lost"], row["rejected"]] for name, row in abstained.items()},
        ),
        "quality-validation.svg": bars(
            "False claims caught, and true claims kept, as shipped",
            ("caught", "kept"),
            {
                name.split(",")[-1].strip(): [row["caught as shipped"], 1 - row["false alarms as shipped"]]
                for name, row in figures.get("validation", {}).items()
            },
        ),
    }


def _incomplete(figures: Figures) -> list[str]:
    """Which sets were not there, and where a run was cut off."""
    lines = []
    if absent := figures.get("absent"):
        lines.append(f"Not in the folder of the sets, and not measured: {', '.join(f'`{name}`' for name in absent)}.\n")
    if pending := figures.get("pending"):
        lines.append(f"The run was cut off, and has not measured: {'; '.join(pending)}.\n")
    return lines


def _targets(figures: Figures) -> str:
    lines = ["| What | Target | Measured | |", "|---|---|---|---|"]
    for target in TARGETS:
        value = target.measured(figures)
        if value is not None:
            state = "met" if target.met(value) else f"missed by {abs(target.bound - value):.3f}"
            lines.append(f"| {target.what} | {target.sign} {target.bound:g} | {value:.3f} | {state} |")
    return "\n".join(lines) + "\n"


def _missed(figures: Figures) -> str:
    reasons: dict[str, list[str]] = {}
    for target in TARGETS:
        if target.missed(figures) and target.tried:
            reasons.setdefault(target.tried, []).append(target.what)
    if not reasons:
        return ""
    lines = [f"- **{'; '.join(whats)}.** {tried}" for tried, whats in reasons.items()]
    return "### What is missed, and what was tried\n\n" + "\n".join(lines) + "\n"


def _retrieval(found: Figures, figures: Figures) -> list[str]:
    head = page_texts.RETRIEVAL.format(as_written=AS_WRITTEN, dense=DENSE, hybrid=HYBRID, fifth=NAMES["aws_qa_fifth"])
    passages = [tables.passages(figures["passages"])] if "passages" in figures else []
    return [head, *passages, *(tables.retrieval(name, row) for name, row in found.items()), tables.peers(found)]


def _answers(found: Figures) -> list[str]:
    measured_by_sentence = any(column in row for row in found.values() for column in tables.SENTENCE_COLUMNS)
    by_sentence = [page_texts.SENTENCES, tables.table(found, tables.SENTENCE_COLUMNS)] if measured_by_sentence else []
    return [page_texts.ANSWERS, tables.table(found, tables.ANSWER_COLUMNS), *by_sentence]
