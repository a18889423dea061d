#!/usr/bin/env bash
# llama-index-core 0.14.25 (PyPI, CPython 3.11): NDCG and average precision go above 1, and a retriever that repeats one
# document scores higher than a perfect one.
#
# Behaviour: with the expected ids a and b, the retrieved ids a, a, a have an NDCG of 1.31 and an average precision of 1.5.
# The perfect a, b has 1.0 in both. Where ids name documents and the index holds chunks, or where several queries are
# fused, repeated ids are the normal case, so that the mean over a test set is raised by the questions that find least.
# Reason: each position of the ranking is looked up among the expected ids, whether or not it was counted before, while the
# ideal counts each once. Upstream pull request 22683 (open when this was written) would bound them.
# Expected: at most 1, by the definition of both: an NDCG of 0.61 and an average precision of 0.5, as haystack-ai 3.4.1
# gives them. Recall of the same package counts a repeated id once.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llama-index-core==0.14.25
python3 -m venv "$folder/haystack"
"$folder/haystack/bin/pip" install --quiet haystack-ai==3.4.1

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from llama_index.core.evaluation.retrieval.metrics import NDCG, AveragePrecision, Recall

EXPECTED = ["a", "b"]
RANKINGS = [["a", "b"], ["a", "a", "a"], ["x", "b"]]

print(f"llama-index-core {version('llama-index-core')}, expected: {EXPECTED}")
seen = {}
for ranking in RANKINGS:
    for metric in (NDCG(), AveragePrecision(), Recall()):
        score = metric.compute(expected_ids=EXPECTED, retrieved_ids=ranking).score
        seen[type(metric).__name__, *ranking] = round(score, 3)
    print(ranking, {name: score for (name, *ids), score in seen.items() if ids == ranking})

assert seen["NDCG", "a", "b"] == seen["AveragePrecision", "a", "b"] == seen["Recall", "a", "b"] == 1, "the perfect one"
assert seen["NDCG", "x", "b"] == 0.387 and seen["AveragePrecision", "x", "b"] == 0.25, "the one without repetition"
assert seen["Recall", "a", "a", "a"] == 0.5, "recall counts repeated ids, too"
assert seen["NDCG", "a", "a", "a"] == 1.307, f"changed: NDCG {seen['NDCG', 'a', 'a', 'a']}"
assert seen["AveragePrecision", "a", "a", "a"] == 1.5, f"changed: {seen['AveragePrecision', 'a', 'a', 'a']}"
PYTHON
cat > "$folder/witness.py" <<'PYTHON'
from importlib.metadata import version

from haystack import Document
from haystack.components.evaluators import DocumentMAPEvaluator, DocumentNDCGEvaluator

expected, retrieved = ([[Document(content=name) for name in names]] for names in ("ab", "aaa"))
scores = [
    round(evaluator.run(ground_truth_documents=expected, retrieved_documents=retrieved)["score"], 3)
    for evaluator in (DocumentNDCGEvaluator(), DocumentMAPEvaluator())
]
print(f"haystack-ai {version('haystack-ai')}, retrieved a, a, a: NDCG {scores[0]}, average precision {scores[1]}")
assert scores == [0.613, 0.5], "the witness counts repeated documents, too"
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
HAYSTACK_TELEMETRY_ENABLED=False "$folder/haystack/bin/python" "$folder/witness.py"
echo "As described: one of two documents, found three times, scores above a perfect ranking."
