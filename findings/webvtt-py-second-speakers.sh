#!/usr/bin/env bash
# webvtt-py 0.6.0 (PyPI, CPython 3.11): what the second speaker of a cue says is the first one's, and escapes stay in the
# text.
#
# Behaviour: of a cue with "<v Bob>Do you accept?</v>" and "<v Anna>No.</v>" on two lines, `text` is both lines without
# the names and `voice` is "Bob"; Anna is nowhere. If a dash stands before the first <v>, `voice` is None.
# "R&amp;D costs &lt; 5 %" stays as it is written, so that a search for "R&D" does not find it; pysubs2 1.8.1 does the
# same.
# Reason: `voice` looks at the begin of the first line only, and `text` takes the tags out and nothing else (models.py).
# Expected: no voice, or each line's; "R&D costs < 5 %". WebVTT (W3C) allows several voice spans in a cue, and has "&" and
# "<" written as "&amp;" and "&lt;" always: a file cannot have them otherwise. The texts read the same by Python's
# html.unescape.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet webvtt-py==0.6.0 pysubs2==1.8.1

cat > "$folder/check.py" <<'PYTHON'
import html
import io
from importlib.metadata import version

import pysubs2
import webvtt

FILE = """WEBVTT

00:01.000 --> 00:02.000
<v Anna>One speaker.</v>

00:03.000 --> 00:05.000
<v Bob>Do you accept?</v>
<v Anna>No.</v>

00:06.000 --> 00:08.000
- <v Bob>And now?</v>
- <v Anna>Yes.</v>

00:09.000 --> 00:10.000
R&amp;D costs &lt; 5 %.
"""

cues = [(cue.voice, cue.text) for cue in webvtt.from_buffer(io.StringIO(FILE))]
print(f"webvtt-py {version('webvtt-py')}:", *cues, sep="\n  ")
other = pysubs2.SSAFile.from_string(FILE)[3].plaintext
print(f"pysubs2 {version('pysubs2')}: {other!r}")

assert cues[0] == ("Anna", "One speaker."), "the file itself is not what it should be"
assert html.unescape(FILE.splitlines()[-1]) == "R&D costs < 5 %.", "the file itself is not what it should be"
assert cues[1] == ("Bob", "Do you accept?\nNo."), "changed: the second speaker"
assert cues[2] == (None, "- And now?\n- Yes."), "changed: speakers behind a dash"
assert cues[3][1] == other == "R&amp;D costs &lt; 5 %.", "changed: the escapes are read"
print('As described: Anna\'s "No." is Bob\'s, and "R&D" is "R&amp;D".')
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
