#!/usr/bin/env bash
# sentencex 1.0.32 (PyPI, CPython 3.11) ends a German sentence at an ordinal number, unless a month follows.
#
# Behaviour, with the language "de": "Die 2. Auflage erschien 1998." ("the 2nd edition appeared in 1998") comes as "Die 2. "
# and "Auflage erschien 1998.". German writes an ordinal as digits and a dot and each noun with a capital, so that this
# hits "19. Jahrhundert", "1. Vorsitzende", "2. Stock" and "2. Quartal" alike. A date ("am 3. Oktober") stays whole.
# Reason: behind a number the names of the twelve months are the only capitalised words that are taken to go on.
# Expected: one sentence, as pysbd 0.3.4 gives it for "de". The library's own README says that it rather leaves two
# sentences together than splits one.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sentencex==1.0.32 pysbd==0.3.4

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import pysbd
import sentencex

ORDINALS = [
    ("Die 2. ", "Auflage erschien 1998."),
    ("Das Haus stammt aus dem 19. ", "Jahrhundert."),
    ("Der 1. ", "Vorsitzende unterschreibt."),
    ("Sie wohnt im 2. ", "Stock links."),
    ("Im 2. ", "Quartal stieg der Umsatz."),
]
DATE = "Sie kam am 3. Oktober an."
PAIR = "Er zog 1998 um. Danach blieb er."

witness = pysbd.Segmenter(language="de", clean=False)
texts = ["".join(parts) for parts in ORDINALS]
seen = {text: sentencex.segment("de", text) for text in [*texts, DATE, PAIR]}
print(f"sentencex {version('sentencex')}, pysbd {version('pysbd')}")
for text, sentences in seen.items():
    print(f"{text}\n  sentencex: {sentences}\n  pysbd: {witness.segment(text)}")

assert len(seen[PAIR]) == len(witness.segment(PAIR)) == 2, "two sentences are not split"
assert seen[DATE] == witness.segment(DATE) == [DATE], "changed: a date is split"
for text, parts in zip(texts, ORDINALS, strict=True):
    assert witness.segment(text) == [text], "the witness splits it too"
    assert seen[text] == list(parts), f"changed: {text}"
print("As described: each sentence with an ordinal number is cut behind it, the one with a date is not.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
