#!/usr/bin/env bash
# sentencex 1.0.32 (PyPI, CPython 3.11) ends a sentence at the dot of a name such as ".NET", "ASP.NET" or "Node.JS".
#
# Behaviour: "It needs .NET 8 on the server." comes as "It needs ." and "NET 8 on the server.", in "en" and in "de". So do
# ".PDF" and "ASP.NET": a dot with a capital right behind it ends a sentence, with or without a blank before it, unless the
# word before it is an abbreviation or one letter. In small letters (".net", "asp.net") the sentence stays whole. A passage
# that begins with "NET 8" no longer names .NET.
# Reason: no blank is asked for behind the dot, so that "Hello world.Today is Tuesday." is split; that a blank before the
# dot, or capitals alone behind it, speak for a name makes no difference.
# Expected: one sentence, as syntok 1.4.4 gives it. The library's own README says that it rather leaves two sentences
# together than splits one.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sentencex==1.0.32 syntok==1.4.4

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import sentencex
from syntok.segmenter import analyze

CUT = [
    ("It needs .", "NET 8 on the server."),
    ("Send us the .", "PDF file."),
    ("We use ASP.", "NET on the server."),
    ("It runs on Node.", "JS and Deno."),
]
WHOLE = ["It needs .net 8 on the server.", "We use asp.net on the server."]
PAIR = "It needs Java. It runs on the server."


def by_syntok(text: str) -> list[str]:
    sentences = [sentence for paragraph in analyze(text) for sentence in paragraph]
    return ["".join(token.spacing + token.value for token in sentence) for sentence in sentences]


texts = ["".join(parts) for parts in CUT]
seen = {}
print(f"sentencex {version('sentencex')}, syntok {version('syntok')}")
for text in [*texts, *WHOLE, PAIR]:
    for language in ("en", "de"):
        seen[language, text] = sentencex.segment(language, text)
    print(f"{text}\n  sentencex en: {seen['en', text]}\n  sentencex de: {seen['de', text]}\n  syntok: {by_syntok(text)}")

for text in [*texts, *WHOLE]:
    assert by_syntok(text) == [text], "the witness splits it too"
assert len(by_syntok(PAIR)) == 2, "the witness does not split two sentences"
for language in ("en", "de"):
    assert len(seen[language, PAIR]) == 2, "sentencex does not split two sentences"
    for text, parts in zip(texts, CUT, strict=True):
        assert seen[language, text] == list(parts), f"changed: {language}: {text}"
    for text in WHOLE:
        assert seen[language, text] == [text], f"changed: {language}: {text}"
print("As described: a sentence ends at the dot of a name in capitals, although no blank follows it.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
