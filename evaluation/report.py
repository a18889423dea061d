"""docs/quality.md and its charts, from the figures alone: the same figures give the same page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation import strategies
from evaluation.plots import bars
from evaluation.retrieving import ANSWER_SHARE, AS_WRITTEN, DENSE, FIGURES, HYBRID
from evaluation.targets import TARGETS
from portfolio_rag.answering.generation.answerability import THRESHOLD, THRESHOLD_GROWTH

Figures = Mapping[str, Any]

NAMES = {
    "aws_qa": "AWS guides",
    "aws_qa_fifth": "AWS guides, a fifth",
    "squad2": "SQuAD 2",
    "scifact": "SciFact",
}

_HEAD = """# Quality

Measured on data that this project did not write, with the model and the code that are shipped, and no language model.
`make eval` measures anew and renders this page; the figures are also in [quality.json](quality.json).
"""

_RETRIEVAL = """## Finding the document

Documents are ranked by their best chunk or window.

- *{as_written}* embeds each 1,000-token chunk once; the model reads its first 256 word pieces.
- *{dense}* embeds 128-token windows under their headings.
- *{hybrid}* is what the API does.

Gains are of the shipped search, with a 95 % interval of a paired bootstrap over the questions.
The questions of SQuAD were written with the passage in view, which flatters words; the AWS guides and SciFact say more.
Whole chunks of all AWS guides are slow to embed, so that baseline is measured on *{fifth}*: every fifth document and
those that hold answers, which is easier.

![hit@5](quality-retrieval.svg)
"""

_PEERS = """### Beside other libraries

The same documents, questions and model (all-MiniLM-L6-v2, as sentence-transformers runs it), each library as its own
documentation shows it: LlamaIndex cuts with its sentence splitter and searches its default vector index, or fuses that
with BM25 by reciprocal rank; txtai's hybrid index has LlamaIndex's pieces. Fetched are 50 pieces; documents are ranked
by their best. {versions}; `PEERS=1 make eval` measures them anew.
"""

_ABSTENTION = """## Saying "not in the documents"

Each question is asked twice: of all documents, and with the article or guide that answers it taken away. The shipped
threshold refuses what scores below it: {threshold} up to 1,000 windows and {growth} more for each tenfold, as the best
of more windows comes nearer to any question by chance. Both numbers were chosen on these two sets, so that other
documents may do less well. *Lost* are answerable questions that are refused, *rejected* those
without their document. *Misleading* questions of SQuAD were written by people to look answerable from a passage that
does not answer them; nothing but a reader tells those, and nothing is claimed of them.

![abstention](quality-abstention.svg)
"""

_ANSWERS = """## Answers and citations

The extractive answer (no key needed) to questions that have one. *In the passages found* bounds what any answer can
hold. A citation is right when it cites the document that holds the answer. Containment wants the gold answer word for
word, whatever the case and punctuation.
"""

_VALIDATION = """## Validation

Claims that their source holds against claims that it does not. *As shipped* is the decision that the API takes before
it shows a sentence: *caught* and *false alarms* are flagged (shown with a question mark) or dropped, and the columns
behind each say how many of those were dropped. A true sentence copied word for word scores full marks, and a changed
one less, so that a ranking of those is perfect by construction: of the planted rows only the shipped decision counts.
The claims of wice sum up whole articles; a check that reads a few sentences loses more of those than of answers.

The score is a logistic model of thirteen features, fitted on claims of all these sets and of others
(`python -m bench.calibrate_validation`). The same script leaves each source of data out in turn, fits on the rest, and
reports on what its weights have never seen. The claims of rgb_fact are questions with an answer behind them. The chat
knows the question, and does not ask a source to name again what that names; *question not known* judges the same
claims without.

The judge (`VALIDATION_JUDGE=true`) is a second reading by the language model. It needs a key and is not measured here:
the tests hold it to being stricter only, to its deadline, and to saying when it failed.

![validation](quality-validation.svg)
"""

_STRATEGIES = f"""The strategies that an ingestion rule can choose for a prefix, with the shipped search; documents are
those of {NAMES[strategies.SET]}. The guides have headings; the long texts of the first column have next to none.
"""

_SAMPLES = """## How it was measured

Answers: a fixed choice of at most {sample} questions a set. Planted numbers and SciFact claims: a fixed choice of at
most {plants}. Retrieval and abstention: all questions of a set.
The intervals say how far so few questions carry.
"""


def render(figures: Figures) -> str:
    """The page as Markdown. `figures` are those of `run`, with the commit that they were measured at."""
    parts = [
        _HEAD,
        f"Code measured: `{figures['commit']}`.\n",
        "## Targets\n",
        _targets(figures),
        _missed(figures),
        _RETRIEVAL.format(as_written=AS_WRITTEN, dense=DENSE, hybrid=HYBRID, fifth=NAMES["aws_qa_fifth"]),
        _passages(figures["passages"]),
        *(_retrieval(name, found) for name, found in figures["retrieval"].items()),
        _peers(figures["retrieval"]),
        "## Chunking\n",
        _chunking(figures["chunking"]),
        _STRATEGIES,
        strategies.table(figures["strategies"]),
        _ABSTENTION.format(threshold=THRESHOLD, growth=THRESHOLD_GROWTH),
        _table(figures["abstention"]),
        _ANSWERS,
        _table(figures["answers"]),
        _VALIDATION,
        _table(figures["validation"]),
        _SAMPLES.format(**figures["samples"]),
    ]
    return "\n".join(parts)


def charts(figures: Figures) -> dict[str, str]:
    """File name -> SVG."""
    found, abstained = figures["retrieval"], figures["abstention"]
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
            {NAMES[name]: [1 - one["lost"], one["rejected"]] for name, one in abstained.items()},
        ),
        "quality-validation.svg": bars(
            "False claims caught, and true claims kept, as shipped",
            ("caught", "kept"),
            {
                name.split(",")[-1].strip(): [one["caught as shipped"], 1 - one["false alarms as shipped"]]
                for name, one in figures["validation"].items()
            },
        ),
    }


def _targets(figures: Figures) -> str:
    lines = ["| What | Target | Measured | |", "|---|---|---|---|"]
    for target in TARGETS:
        value = target.measured(figures)
        state = "met" if target.met(value) else f"missed by {target.bound - value:.3f}"
        lines.append(f"| {target.what} | ≥ {target.bound:g} | {value:.3f} | {state} |")
    return "\n".join(lines) + "\n"


def _missed(figures: Figures) -> str:
    reasons: dict[str, list[str]] = {}
    for target in TARGETS:
        if not target.met(target.measured(figures)):
            reasons.setdefault(target.tried, []).append(target.what)
    if not reasons:
        return ""
    lines = [f"- **{'; '.join(whats)}.** {tried}" for tried, whats in reasons.items()]
    return "### What is missed, and what was tried\n\n" + "\n".join(lines) + "\n"


def _retrieval(name: str, found: Figures) -> str:
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


def _peers(found: Figures) -> str:
    """Other libraries on the sets where they were measured; nothing where they were not."""
    sets = {name: one for name, one in found.items() if "peers" in one}
    if not sets:
        return ""
    shown = ("hit@1", "hit@5", "nDCG@10")
    versions = next(iter(sets.values()))["peers"]["versions"]
    lines = [
        _PEERS.format(versions=", ".join(f"{name} {version}" for name, version in versions.items())),
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


def _passages(found: Mapping[str, float]) -> str:
    return (
        f"The answer itself, of {found['questions']:.0f} questions on the AWS guides: a passage of the right document "
        f"that has {ANSWER_SHARE:.0%} of\nthe answer's words is among the first five for "
        f"**{found['in the first five passages']:.2f}** of them, and within 1,250 tokens of excerpts (five\n"
        f"pieces of 250) for **{found['in 1,250 tokens of them']:.2f}**.\n"
    )


def _chunking(found: Figures) -> str:
    return (
        f"Of {found['questions']:.0f} questions whose answer is an exact span of a long text, the share of that span "
        "(characters that are not\nblank) inside the first 1,250 tokens of context: "
        f"**{found['shipped']:.2f}** with the parts of chunks that the API takes,\n"
        f"**{found['one vector per chunk']:.2f}** with whole chunks, one vector each.\n"
    )


def _table(found: Mapping[str, Mapping[str, float]]) -> str:
    columns: Sequence[str] = list(dict.fromkeys(key for row in found.values() for key in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in found.items():
        lines.append(f"| {NAMES.get(name, name)} | " + " | ".join(_cell(row.get(one)) for one in columns) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value > 1 and value == int(value) else f"{value:.3f}"
