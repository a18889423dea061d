#!/usr/bin/env bash
# pysubs2 1.8.1 (PyPI, CPython 3.11) reads backslashes and braces in the words of SubRip and WebVTT files as commands of
# ASS.
#
# Behaviour: "Log in as ACME\Nora, not ACME\Otto" from an .srt or .vtt file has the `plaintext` "Log in as ACME", a line
# end, and "ora, not ACME\Otto"; of "\hidden" the backslash and the h are a blank. "Use {name} in the template" becomes
# "Use  in the template". If the file is written again as .srt, the same is missing in it. There is no error.
# Reason: lines of all formats are kept as text in the ASS notation, where \N, \n and \h are white space and braces hold
# commands; what stands in the words is not escaped when a file is read.
# Expected: the words as they stand. Neither format has such commands by itself: in WebVTT (W3C) backslash and braces are
# text like any other. webvtt-py 0.6.0 gives them from both files. Upstream, issue 70 (2023) has it of braces when a file
# is written.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pysubs2==1.8.1 webvtt-py==0.6.0

cat > "$folder/check.py" <<'PYTHON'
import io
from importlib.metadata import version

import pysubs2
import webvtt

LINES = [r"Log in as ACME\Nora, not ACME\Otto.", r"Look in \hidden first.", "Use {name} in the template.", "The end."]
WRONG = ["Log in as ACME\nora, not ACME\\Otto.", "Look in  idden first.", "Use  in the template.", "The end."]


def cue(number: int, line: str, point: str) -> str:
    return f"{number}\n00:00:0{number}{point}000 --> 00:00:0{number}{point}900\n{line}\n\n"


FILES = {
    "srt": "".join(cue(number, line, ",") for number, line in enumerate(LINES, 1)),
    "vtt": "WEBVTT\n\n" + "".join(cue(number, line, ".") for number, line in enumerate(LINES, 1)),
}

print(f"pysubs2 {version('pysubs2')}, webvtt-py {version('webvtt-py')}")
for kind, file in FILES.items():
    witness = [caption.text for caption in webvtt.from_buffer(io.StringIO(file), format=kind)]
    read = pysubs2.SSAFile.from_string(file)
    seen = [line.plaintext for line in read]
    print(f"{kind}:", *seen, sep="\n  ")
    assert witness == LINES, "the file itself is not what it should be"
    assert seen == WRONG, f"changed: {kind}"
    again = [caption.text for caption in webvtt.from_buffer(io.StringIO(read.to_string("srt")), format="srt")]
    assert again[0] == WRONG[0] and again[2] == WRONG[2] and again[3] == LINES[3], f"changed: {kind} written as srt"
print(r"As described: ACME\Nora is ACME, a line end and 'ora', and {name} is gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
