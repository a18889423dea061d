#!/usr/bin/env bash
# rank-bm25 0.2.2 (PyPI, CPython 3.11): delta changes no ranking of BM25Plus, and BM25L grows with each repetition of a word.
#
# Behaviour: BM25+ exists to put a long document that holds both words of a query before a short one that repeats one of
# them. With BM25Plus the order is that of delta=0, whatever delta is: a document without the word gets delta for it, too,
# so that all scores rise by the same. bm25s 0.3.16 does so as well, with method="bm25+".
# With BM25L, a word that stands a hundred times counts two hundred times as much as one that stands once, where the
# formula stays below three times as much. Keyword stuffing, tables and logs come first.
# Reason: the sums run over all words of the query instead of those in the document, and a factor q_freq too many is in
# BM25L. It was taken out in 2022 (upstream pull request 20), and no release has been made since.
# Expected: the formulas of Lv and Zhai, "Lower-Bounding Term Frequency Normalization" (CIKM 2011), where delta counts for
# words that occur, and "When Documents Are Very Long, BM25 Fails!" (SIGIR 2011). BM25L of bm25s does not grow so.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet rank-bm25==0.2.2 bm25s==0.3.16

cat > "$folder/check.py" <<'PYTHON'
import math
from importlib.metadata import version

import bm25s
from rank_bm25 import BM25L, BM25Plus

K1, B = 1.5, 0.75
QUERY = ["rent", "deposit"]


def filler(name: str, count: int) -> list[str]:
    return [f"{name}{number}" for number in range(count)]


BOTH, ONE = ["rent", "deposit", *filler("a", 300)], ["rent"] * 6 + filler("b", 20)
CORPUS = [BOTH, ONE, *(filler(f"c{number}-", 20) for number in range(6))]


def by_the_paper(corpus: list[list[str]], query: list[str], delta: float) -> list[float]:
    average = sum(map(len, corpus)) / len(corpus)
    scores = []
    for document in corpus:
        score = 0.0
        for word in set(query) & set(document):
            holding, count = sum(word in other for other in corpus), document.count(word)
            saturated = count * (K1 + 1) / (K1 * (1 - B + B * len(document) / average) + count)
            score += math.log((len(corpus) + 1) / holding) * (saturated + delta)
        scores.append(score)
    return scores


def with_bm25s(corpus: list[list[str]], query: list[str], method: str, delta: float) -> list[float]:
    index = bm25s.BM25(method=method, k1=K1, b=B, delta=delta)
    index.index(corpus, show_progress=False)
    return [float(score) for score in index.get_scores(query)]


def order(scores) -> list[int]:
    return sorted(range(2), key=lambda number: -scores[number])


print(f"rank-bm25 {version('rank-bm25')}, bm25s {version('bm25s')}; document 0 holds both words, document 1 one six times")
for delta in (0, 1, 5, 50):
    seen = {
        "rank-bm25": BM25Plus(CORPUS, k1=K1, b=B, delta=delta).get_scores(QUERY),
        "bm25s": with_bm25s(CORPUS, QUERY, "bm25+", delta),
        "the paper": by_the_paper(CORPUS, QUERY, delta),
    }
    for name, scores in seen.items():
        print(f"delta {delta}, {name}: {scores[0]:.2f} and {scores[1]:.2f}, none of them: {scores[2]:.2f}")
    assert order(seen["the paper"]) == ([1, 0] if delta == 0 else [0, 1]), "the input is not sound"
    for name in ("rank-bm25", "bm25s"):
        assert order(seen[name]) == [1, 0], f"changed: delta reorders with {name}"

counts = (1, 10, 100)
repeating = [["rent"] * count + filler(f"d{count}-", 200 - count) for count in counts]
corpus = repeating + [filler(f"e{number}-", 200) for number in range(9)]
seen = [float(score) for score in BM25L(corpus).get_scores(["rent"])[:3]]
witness = with_bm25s(corpus, ["rent"], "bm25l", 0.5)[:3]
print(f"BM25L for {counts} of 200 words: {[round(score, 2) for score in seen]}, bm25s: {[round(s, 2) for s in witness]}")
assert witness[2] / witness[0] < 3, "the witness grows with the count, too"
assert 190 < seen[2] / seen[0] < 210, f"changed: BM25L grows by {seen[2] / seen[0]:.0f}"
print("As described: delta reorders nothing, and a hundred repetitions count two hundredfold.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
