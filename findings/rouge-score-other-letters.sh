#!/usr/bin/env bash
# rouge-score 0.1.2 (PyPI, CPython 3.11) scores a wrong name, a lost minus sign and a changed comparison as perfect.
#
# Behaviour: "Herr Müller" against "Herr Möller", "-5 %" against "5 %" and "x < y" against "x > y" have a ROUGE-1 and a
# ROUGE-L of 1.0. A Russian answer that is word for word the reference has 0.0.
# Reason: all but a to z and 0 to 9 is replaced by a blank before words are compared, so that "Müller" and "Möller" are both
# "m" and "ller". The README (0.1.2) speaks of text normalisation without saying of what.
# Expected: less than 1.0 for what differs and 1.0 for what is the same, as with a tokenizer of one's own, which
# RougeScorer takes: the one below keeps words of all scripts, and signs.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet rouge-score==0.1.2

cat > "$folder/check.py" <<'PYTHON'
import re
from importlib.metadata import version

from rouge_score.rouge_scorer import RougeScorer

WRONG = [("Herr Müller", "Herr Möller"), ("-5 %", "5 %"), ("x < y", "x > y")]
RIGHT = ("оплата сразу", "оплата сразу")
ASCII = ("Herr Miller", "Herr Moller")


class Words:
    def tokenize(self, text):
        return re.findall(r"\w+|[^\w\s]", text.lower())


TYPES = ["rouge1", "rougeL"]
SCORERS = {"default": RougeScorer(TYPES), "words and signs": RougeScorer(TYPES, tokenizer=Words())}

print(f"rouge-score {version('rouge-score')}")
seen = {}
for pair in (*WRONG, RIGHT, ASCII):
    for name, scorer in SCORERS.items():
        seen[name, pair] = [scorer.score(*pair)[kind].fmeasure for kind in TYPES]
        print(f"{pair}, {name}: {[round(score, 2) for score in seen[name, pair]]}")

assert max(seen["default", ASCII]) < 1, "the input is not sound"
assert seen["words and signs", RIGHT] == [1, 1], "the witness does not see what is the same"
for pair in WRONG:
    assert max(seen["words and signs", pair]) < 1, "the witness does not see the difference"
    assert seen["default", pair] == [1, 1], f"changed: {pair}"
assert seen["default", RIGHT] == [0, 0], "changed: the Russian answer"
print("As described: what is wrong has 1.0, and what is right has 0.0.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
