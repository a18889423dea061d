#!/usr/bin/env bash
# striprtf 0.0.35 (PyPI, CPython 3.11): of an RTF file with tracked changes the deleted words stay in the text,
# unmarked.
#
# Behaviour: "The rent is 700 euros", where 700 replaces 900 as a tracked change, becomes "The rent is 900700 euros".
# "It is due in May", out of which "not" was deleted, becomes "It is not due in May". Hidden text is there, too. There
# is no error, and no option that leaves either out.
# Reason: \deleted and \v are dropped as formatting, like \b.
# Expected: the text as it stands, or a sign: pandoc 3.9 strikes the deleted words out, and leaves out the hidden ones.
# The specification (RTF 1.9.1) has \deleted mark text as deleted by revision tracking, and \v as hidden.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet striprtf==0.0.35 pypandoc-binary==1.17

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import pypandoc
from striprtf.striprtf import rtf_to_text

HEAD = r"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}{\*\revtbl{Unknown;}{Editor;}}\pard "
DELETED, INSERTED = r"\deleted\revauthdel1\revdttmdel1218", r"\revised\revauth1\revdttm1218"
SOUND = r"The rent is {\b 700} euros."
CASES = [
    (
        rf"The rent is {{{DELETED} 900}}{{{INSERTED} 700}} euros.",
        "The rent is ~~900~~700 euros.",
        "The rent is 900700 euros.",
    ),
    (rf"It is {{{DELETED} not }}due in May.", "It is ~~not~~ due in May.", "It is not due in May."),
    (r"It is due in May.{\v Ask for more.}", "It is due in May.", "It is due in May.Ask for more."),
]


def by_striprtf(source: str) -> str:
    return rtf_to_text(HEAD + source + r"\par}").strip()


def by_pandoc(source: str) -> str:
    return pypandoc.convert_text(HEAD + source + r"\par}", "plain", format="rtf", extra_args=["--wrap=none"]).strip()


print(f"striprtf {version('striprtf')}, pandoc {pypandoc.get_pandoc_version()}")
assert by_striprtf(SOUND) == by_pandoc(SOUND) == "The rent is 700 euros.", "the file itself is not what it should be"
for source, shown, expected in CASES:
    seen, witness = by_striprtf(source), by_pandoc(source)
    print(f"striprtf: {seen!r}, pandoc: {witness!r}")
    assert witness == shown, f"the file itself is not what it should be: {witness!r}"
    assert seen == expected, f"changed: {seen!r}"
print("As described: deleted and hidden words are words of the text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
