#!/usr/bin/env bash
# pycaption 2.3.14 (PyPI, CPython 3.11): of a TTML file with several divisions in one language, the last one alone is
# read.
#
# Behaviour: a file has three `div` elements, as subtitles of several scenes or speakers have them. DFXPReader gives the
# captions of the last one; those of the first two are in no caption set and in no file that is written from it. Whether
# the language stands at the root or at each `div` makes no difference. There is no error, and the reader says that the
# file is one that it can read. Divisions in different languages are all there.
# Reason: each `div` is put under its language, in the place of what was there before (dfxp/reader.py).
# Expected: all captions; a body may have any number of divisions (TTML1, 7.1.3 and 7.1.4), each with the language that
# it inherits. ttconv 1.2.3 reads all of them.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycaption==2.3.14 ttconv==1.2.3

cat > "$folder/check.py" <<'PYTHON'
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version

import pycaption
import ttconv.imsc.reader
import ttconv.srt.writer

LINES = ["Close the valve.", "Do not open it.", "Wait for an hour."]


def division(place: int, line: str, attributes: str) -> str:
    times = f'begin="00:00:0{place}.000" end="00:00:0{place + 1}.000"'
    return f"<div{attributes}><p {times}>{line}</p></div>"


def file(languages: list[str]) -> str:
    """One division a line. A language of "" is inherited from the root."""
    divisions = [
        division(place, line, f' xml:lang="{language}"' if language else "")
        for place, (line, language) in enumerate(zip(LINES, languages, strict=True), 1)
    ]
    return f'<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body>{"".join(divisions)}</body></tt>'


def by_pycaption(text: str) -> dict[str, list[str]]:
    assert pycaption.detect_format(text) is pycaption.DFXPReader, "the file is not recognised"
    captions = pycaption.DFXPReader().read(text)
    written = pycaption.SRTWriter().write(captions)
    read = {
        language: [caption.get_text() for caption in captions.get_captions(language)]
        for language in captions.get_languages()
    }
    assert all(line in written for lines in read.values() for line in lines), "SRTWriter leaves out more"
    return read


def by_ttconv(text: str) -> list[str]:
    model = ttconv.imsc.reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text)))
    written = ttconv.srt.writer.from_model(model)
    return [line for line in LINES if line in written]


print(f"pycaption {version('pycaption')}, ttconv {version('ttconv')}")
for languages in (["", "", ""], ["en", "en", "en"]):
    text = file(languages)
    seen, witness = by_pycaption(text), by_ttconv(text)
    print(f"languages {languages}: pycaption {seen}, ttconv {witness}")
    assert witness == LINES, "the file itself is not what it should be"
    assert seen == {"en": LINES[-1:]}, f"changed: {seen}"

seen = by_pycaption(file(["en", "de", "fr"]))
print(f"languages of their own: {seen}")
assert seen == {"en": LINES[:1], "de": LINES[1:2], "fr": LINES[2:]}, f"changed: {seen}"
print("As described: the captions of the first two divisions are gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
