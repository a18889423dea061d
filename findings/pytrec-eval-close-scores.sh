#!/usr/bin/env bash
# pytrec-eval-terrier 0.5.11 (PyPI, CPython 3.11): scores that differ behind their seventh digit are a tie, which the
# document's name decides.
#
# Behaviour: the relevant d1 has 0.87654322 and d2 has 0.87654321, and the reciprocal rank is 0.5. With names the other way
# round the same two scores give 1.0. Scores near 1,000,000,000, as of a rank that was turned into a score, tie in whole
# numbers. There is no error. It is the library under ir-measures 0.4.3, which gives the same 0.5.
# Reason: trec_eval keeps a score in 32 bits, and ranks equal ones by descending name. That ties go by name is known of
# trec_eval; that what Python takes for different scores is a tie is not in the package's README.
# Expected: 1.0, since Python's floats, which the run is given in, tell both scores apart.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pytrec-eval-terrier==0.5.11 ir-measures==0.4.3

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import ir_measures
import pytrec_eval

RUNS = {
    "apart": ("d1", {"d1": 0.88, "d2": 0.87}),
    "close": ("d1", {"d1": 0.87654322, "d2": 0.87654321}),
    "close, names changed": ("d2", {"d2": 0.87654322, "d1": 0.87654321}),
    "large": ("d1", {"d1": 1_000_000_002.0, "d2": 1_000_000_001.0}),
}

print(", ".join(f"{name} {version(name)}" for name in ("pytrec-eval-terrier", "ir-measures")))
seen = {}
for name, (relevant, scores) in RUNS.items():
    qrels, run = {"question": {relevant: 1}}, {"question": scores}
    seen[name] = [
        pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(run)["question"]["recip_rank"],
        ir_measures.calc_aggregate([ir_measures.RR], qrels, run)[ir_measures.RR],
    ]
    print(f"{name}: {scores}, relevant {relevant}: reciprocal rank {seen[name]}")

assert seen["apart"] == seen["close, names changed"] == [1, 1], "the input is not sound"
for name in ("close", "large"):
    _, scores = RUNS[name]
    assert scores["d1"] > scores["d2"], "the input is not sound: the scores are the same"
    assert seen[name] == [0.5, 0.5], f"changed: {name} {seen[name]}"
print("As described: the better score of the relevant document is not seen, and the name decides.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
