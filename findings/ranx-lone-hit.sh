#!/usr/bin/env bash
# ranx 0.3.21 (PyPI, CPython 3.11): `fuse` with min-max normalisation, the default, counts a retriever's only hit as nothing.
#
# Behaviour: the search for words finds one document, such as the one that holds the part number asked for, and the search
# by vectors finds three others. The only hit is fused with the score 0, equal to the worst of the three. A second, worse
# hit of the words (score 0.1) lifts the first one to 1, to the top.
# Reason: the lowest score of a list becomes 0, and in a list of one the lowest is the best.
# Expected: 1, as for the best hit of any other list. The documentation gives the formula alone, whose denominator is 0
# here, and not what is done then.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ranx==0.3.21

cat > "$folder/check.py" <<'PYTHON'
import warnings
from importlib.metadata import version

from ranx import Run, fuse

warnings.simplefilter("ignore")
VECTORS = {"x": 0.9, "y": 0.6, "z": 0.3}


def by_ranx(*lists):
    runs = [Run({"question": scores}) for scores in lists]
    fused = dict(fuse(runs=runs, method="sum").run["question"])
    return {name: round(float(score), 3) for name, score in sorted(fused.items())}


lone = by_ranx({"part": 7.5}, VECTORS)
pair = by_ranx({"part": 7.5, "other": 0.1}, VECTORS)
print(f"ranx {version('ranx')}, one hit of the words: {lone}\nranx, two: {pair}")

assert pair == {"part": 1, "other": 0, "x": 1, "y": 0.5, "z": 0}, "the input is not sound"
assert lone == {"part": 0, "x": 1, "y": 0.5, "z": 0}, f"changed: {lone}"
print("As described: the only hit of a list counts nothing; with a worse one beside it, it counts 1.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
