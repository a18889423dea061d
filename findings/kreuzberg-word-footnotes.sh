#!/usr/bin/env bash
# kreuzberg 4.10.4 (PyPI, CPython 3.11, Linux x86-64) leaves the first footnote out of a Word file's text.
#
# Behaviour: the footnote with w:id="1" is missing from the result, without an error or a warning; the one with w:id="2"
# is there. Word gives its two separators the ids -1 and 0 (they carry a w:type) and its footnotes 1, 2, 3 …, so it is the
# first footnote of a file that goes.
# Expected: both texts, as mammoth 1.13.0 gives them for the same file.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kreuzberg==4.10.4 mammoth==1.13.0

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import kreuzberg
import mammoth

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def footnote(number: int, text: str, kind: str = "") -> str:
    content = "<w:r><w:separator/></w:r>" if kind else f"<w:r><w:t>{text}</w:t></w:r>"
    return f'<w:footnote {kind} w:id="{number}"><w:p>{content}</w:p></w:footnote>'


def paragraph(text: str, number: int) -> str:
    return f'<w:p><w:r><w:t>{text}</w:t></w:r><w:r><w:footnoteReference w:id="{number}"/></w:r></w:p>'


PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/footnotes.xml" ContentType="{TYPE}.footnotes+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
    "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/footnotes" Target="footnotes.xml"/></Relationships>',
    "word/document.xml": f"<w:document {W}><w:body>{paragraph('The deposit is due at once.', 1)}"
    f"{paragraph('The rent is due monthly.', 2)}</w:body></w:document>",
    "word/footnotes.xml": f"<w:footnotes {W}>"
    + footnote(-1, "", 'w:type="separator"')
    + footnote(0, "", 'w:type="continuationSeparator"')
    + footnote(1, "Except for Tenantius.")
    + footnote(2, "Except in Februarius.")
    + "</w:footnotes>",
}

file = Path(sys.argv[1])
with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, xml in PARTS.items():
        archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + xml)

seen = kreuzberg.extract_file_sync(str(file)).content
with file.open("rb") as stream:
    beside = mammoth.convert_to_html(stream).value
print(f"kreuzberg {version('kreuzberg')}:\n{seen}\n")
print(f"mammoth {version('mammoth')}:\n{beside}\n")

assert "Tenantius" in beside and "Februarius" in beside, "the file itself is not what it should be"
assert "Februarius" in seen, "changed: the second footnote is gone too"
assert "Tenantius" not in seen, "changed: the first footnote is there"
print("As described: the first footnote is not in kreuzberg's text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/rent.docx"
