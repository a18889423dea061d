#!/usr/bin/env bash
# odfpy 1.4.1 (PyPI, CPython 3.11): the text of a paragraph has the numbers and texts of its footnotes and comments in it.
#
# Behaviour: "The fee is 100" with a footnote 1 behind it comes from `teletype.extractText` as "The fee is 1001Plus VAT.
# euros": the footnote's number is a digit of the amount. "Pay not later" with a comment in it has the comment's author,
# time and text in the middle. If one takes all paragraphs by `getElementsByType(text.P)`, the usual way to a file's text,
# note and comment come a second time, as paragraphs, and so do paragraphs that were deleted with tracked changes, at the
# top.
# Reason: each element's text is joined, without a blank, whatever the element is, and `getElementsByType` looks
# everywhere.
# Expected: "The fee is 100 euros", and the note apart: OpenDocument 1.3 has an element for the note's citation and one
# for its body, and keeps comments and deletions in elements of their own. The description of extractText speaks of white
# space and names none of these.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet odfpy==1.4.1

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version
from xml.etree import ElementTree

from odf import teletype, text
from odf.opendocument import load

OASIS = "urn:oasis:names:tc:opendocument:xmlns"
NAMES = (
    f'xmlns:office="{OASIS}:office:1.0" xmlns:text="{OASIS}:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' office:version="1.3"'
)
MADE = "<dc:creator>Ann</dc:creator><dc:date>2026-01-01T09:00:00</dc:date>"
CONTENT = f"""<office:document-content {NAMES}><office:body><office:text><text:tracked-changes>
<text:changed-region text:id="c1"><text:deletion><office:change-info>{MADE}</office:change-info>
<text:p>The fee is 80 euros.</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:p>The fee is 100<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1</text:note-citation>
<text:note-body><text:p>Plus VAT.</text:p></text:note-body></text:note> euros.</text:p>
<text:p>Pay <office:annotation>{MADE}<text:p>Sure?</text:p></office:annotation>not later.</text:p>
<text:p>It is due<text:s/>in May.</text:p><text:change text:change-id="c1"/>
</office:text></office:body></office:document-content>""".replace("\n", "")
MANIFEST = f"""<manifest:manifest xmlns:manifest="{OASIS}:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""

file = sys.argv[1]
with zipfile.ZipFile(file, "w") as archive:
    archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    archive.writestr("content.xml", '<?xml version="1.0" encoding="UTF-8"?>' + CONTENT)
    archive.writestr("META-INF/manifest.xml", '<?xml version="1.0" encoding="UTF-8"?>' + MANIFEST)

note = ElementTree.fromstring(CONTENT).find(f".//{{{OASIS}:text:1.0}}note")
assert note is not None and note.tail == " euros." and note[0].text == "1", "the file itself is not what it should be"
seen = [teletype.extractText(paragraph) for paragraph in load(file).getElementsByType(text.P)]
print(f"odfpy {version('odfpy')}:", *seen, sep="\n  ")
assert "It is due in May." in seen, "the witness within the file is gone"
assert "The fee is 1001Plus VAT. euros." in seen, "changed: the footnote is not within the amount"
assert "Pay Ann2026-01-01T09:00:00Sure?not later." in seen, "changed: the comment is not within the sentence"
assert {"Plus VAT.", "Sure?"} <= set(seen), "changed: note and comment are no paragraphs"
assert seen[0] == "The fee is 80 euros.", "changed: the deleted paragraph is not there"
print("As described: 100 with a footnote is 1001, the comment is in the sentence, and the deleted paragraph is first.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/fees.odt"
