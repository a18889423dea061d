"""The tables of docs/quality.md as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation import page_texts
from evaluation.retrieving import ANSWER_SHARE, FIGURES, HYBRID

Figures = Mapping[str, Any]

NAMES = {
    "aws_qa": "AWS guides",
    "aws_qa_fifth": "AWS guides, a fifth",
    "squad2": "SQuAD 2",
    "scifact": "SciFact",
}

ANSWER_COLUMNS = (
    "questions",
    "answered",
    "answer in the passages found",
    "answer in the text",
    "citation precision",
    "citation recall",
)
SENTENCE_COLUMNS = (
    "sentences shown",
    "sentences of the right document",
    "first sentences of it",
    "later sentences of it",
    "sentences whose quote holds the answer",
)


def retrieval(name: str, found: Figures) -> str:
    lines = [
        f"### {NAMES[name]}: {found['questions']:,} questions, {found['documents']:,} documents, "
        f"{found['windows']:,} windows\n",
        "| Search | " + " | ".join(FIGURES) + " |",
        "|---" * (len(FIGURES) + 1) + "|",
    ]
    for way, row in found["ways"].items():
        lines.append(f"| {way} | " + " | ".join(f"{row[figure]:.3f}" for figure in FIGURES) + " |")
    for over, gains in found["gain"].items():
        cells = (f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]" for gain, low, high in (gains[figure] for figure in FIGURES))
        lines.append(f"| *gain over {over}* | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def peers(found: Figures) -> str:
    """Other libraries on the sets where they were measured; nothing where they were not."""
    sets = {name: row for name, row in found.items() if "peers" in row}
    if not sets:
        return ""
    shown = ("hit@1", "hit@5", "nDCG@10")
    versions = next(iter(sets.values()))["peers"]["versions"]
    lines = [
        page_texts.PEERS.format(versions=", ".join(f"{name} {version}" for name, version in versions.items())),
        "| Set | Library | " + " | ".join(shown) + " | our gain in hit@5 | our gain in nDCG@10 |",
        "|---" * (len(shown) + 4) + "|",
    ]
    for name, one in sets.items():
        ours = one["ways"][HYBRID]
        lines.append(
            f"| {NAMES[name]} | **ours** | " + " | ".join(f"{ours[figure]:.3f}" for figure in shown) + " | | |"
        )
        for way, row in one["peers"]["ways"].items():
            cells = [f"{row[figure]:.3f}" for figure in shown]
            for figure in ("hit@5", "nDCG@10"):
                gain, low, high = one["peers"]["gain"][way][figure]
                cells.append(f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]")
            lines.append(f"| {NAMES[name]} | {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def passages(found: Mapping[str, float]) -> str:
    return (
        f"The answer itself, of {found['questions']:.0f} questions on the AWS guides: a passage of the right document "
        f"that has {ANSWER_SHARE:.0%} of\nthe answer's words is among the first five for "
        f"**{found['in the first five passages']:.2f}** of them, and within 1,250 tokens of excerpts (five\n"
        f"pieces of 250) for **{found['in 1,250 tokens of them']:.2f}**.\n"
    )


def chunking(found: Mapping[str, float]) -> str:
    text = (
        f"Of {found['questions']:.0f} questions whose answer is an exact span of a long text, the share of that span "
        "(characters that are not\nblank) inside the first 1,250 tokens of context: "
        f"**{found['shipped']:.2f}** with the parts of chunks that the API takes,\n"
        f"**{found['one vector per chunk']:.2f}** with whole chunks, one vector each.\n"
    )
    if "shipped, any copy" not in found:
        return text
    return text + (
        f"\nFor {found['questions with copies']:.0f} of them the same text stands elsewhere, too. Where any copy of it "
        "counts and not only the place that\nwas annotated, the share is "
        f"**{found['shipped, any copy']:.2f}**, and with whole chunks "
        f"**{found['one vector per chunk, any copy']:.2f}**.\n"
    )


def table(found: Mapping[str, Mapping[str, float]], columns: Sequence[str] = ()) -> str:
    """A row for each entry; `columns` are all that any of them has, unless they are named."""
    columns = columns or list(dict.fromkeys(key for row in found.values() for key in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in found.items():
        cells = " | ".join(_cell(row.get(column)) for column in columns)
        lines.append(f"| {NAMES.get(name, name)} | {cells} |")
    return "\n".join(lines) + "\n"


def two_columns(found: Mapping[str, float]) -> str:
    """A line for each figure."""
    lines = [f"| {name} | {_cell(value)} |" for name, value in found.items()]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value > 1 and value == int(value) else f"{value:.3f}"
