#!/usr/bin/env bash
# pysbd 0.3.4 (PyPI, CPython 3.11): a sentence with "B♭" in it is not among the sentences.
#
# Behaviour: "The sonata in B♭ major is long. It has four parts." has one sentence for pysbd, the second. A text of one
# such sentence has none. The same goes for "∮" of an integral, "♬" before a line of a song, and "☝". With char_span the
# sentence is left out, too, so that the spans do not cover the text. There is no error.
# Reason: these characters are its own marks for what it has replaced, such as a dot within a name. At the end all of
# them become punctuation marks, the sentence so changed is looked for in the text, is not found, and is dropped.
# Expected: the sentence, as sentencex 1.0.32 gives it. `clean` is False here, which is to leave the text as it is.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pysbd==0.3.4 sentencex==1.0.32

cat > "$folder/check.py" <<'PYTHON'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")

import pysbd
import sentencex

END = "It has four parts."
FIRST = [
    "The sonata in B♭ major is long.",
    "The integral ∮ B·dl is not zero.",
    "♬ Stay with me tonight.",
    "Press ☝ to open the valve.",
]


def by_pysbd(text: str) -> list[str]:
    sentences = [sentence.strip() for sentence in pysbd.Segmenter(language="en", clean=False).segment(text)]
    spans = pysbd.Segmenter(language="en", clean=False, char_span=True).segment(text)
    assert [text[span.start : span.end].strip() for span in spans] == sentences, "the spans are others"
    return sentences


def by_sentencex(text: str) -> list[str]:
    return [sentence.strip() for sentence in sentencex.segment("en", text)]


print(f"pysbd {version('pysbd')}, sentencex {version('sentencex')}")
sound = "The sonata in B major is long."
assert by_pysbd(f"{sound} {END}") == by_sentencex(f"{sound} {END}") == [sound, END], "the input is not sound"

for first in FIRST:
    text = f"{first} {END}"
    seen, alone = by_pysbd(text), by_pysbd(first)
    print(f"{text!r}: {seen}; the first sentence alone: {alone}")
    assert by_sentencex(text) == [first, END], "sentencex splits otherwise"
    assert seen == [END], f"changed: {seen}"
    assert alone == [], f"changed: {alone}"
print("As described: the first sentence is gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
