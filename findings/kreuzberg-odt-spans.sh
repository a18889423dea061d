#!/usr/bin/env bash
# kreuzberg 4.10.4 (PyPI, CPython 3.11, Linux x86-64) leaves out words of an ODT file: what is in a span within a span or
# within a link, and what follows a blank, a tab or a footnote within a span.
#
# Behaviour: "Pay <span><span>not</span></span> later" comes as "Pay  later", "See <a><span>the price list</span></a>" as
# "See ", and "<span>ten<s/> days</span>" as "ten", without an error or a warning. Writers nest spans where a style meets
# formatting by hand, and put one into a link for its colour. <text:s/> itself, a blank, is left out everywhere.
# Reason: of a span only the text before its first child is read, of a link only its own.
# Expected: the whole sentences, as odfpy 1.4.1 gives them for the same file. OpenDocument 1.3 part 3, 6.1.7 and 6.1.8, has
# spans, links and blanks as content of both. Its successor, xberg 1.3.9, has mended the spans, and leaves out the blank.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kreuzberg==4.10.4 odfpy==1.4.1

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import kreuzberg
from odf import teletype, text
from odf.opendocument import load

NAMES = "urn:oasis:names:tc:opendocument:xmlns"
TYPE = "application/vnd.oasis.opendocument.text"
PARAGRAPHS = {
    "Pay <text:span>not</text:span> later than May.": ("Pay not later than May.", "Pay not later than May."),
    "Pay <text:span><text:span>not</text:span></text:span> later.": ("Pay not later.", "Pay later."),
    "Pay <text:span>under <text:span>no</text:span> terms</text:span> late.": ("Pay under no terms late.", "Pay under late."),
    'See <text:a xlink:href="https://example.org/"><text:span>the price list</text:span></text:a>.': (
        "See the price list.",
        "See .",
    ),
    "Due in <text:span>ten<text:s/>days, at the latest</text:span>.": ("Due in ten days, at the latest.", "Due in ten."),
    "Rate:<text:s/>5 percent.": ("Rate: 5 percent.", "Rate:5 percent."),
}
CONTENT = (
    f'<office:document-content xmlns:office="{NAMES}:office:1.0" xmlns:text="{NAMES}:text:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"><office:body><office:text>'
    + "".join(f"<text:p>{paragraph}</text:p>" for paragraph in PARAGRAPHS)
    + "</office:text></office:body></office:document-content>"
)
MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{NAMES}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{TYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)

file = Path(sys.argv[1])
with zipfile.ZipFile(file, "w") as archive:
    archive.writestr("mimetype", TYPE)
    for name, xml in (("content.xml", CONTENT), ("META-INF/manifest.xml", MANIFEST)):
        archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + xml, zipfile.ZIP_DEFLATED)

result = kreuzberg.extract_file_sync(str(file))
seen = [" ".join(line.split()) for line in result.content.splitlines() if line.strip()]
witness = [teletype.extractText(paragraph) for paragraph in load(str(file)).getElementsByType(text.P)]
print(f"kreuzberg {version('kreuzberg')}, warnings: {result.processing_warnings}:", *seen, sep="\n  ")
print(f"odfpy {version('odfpy')}:", *witness, sep="\n  ")
assert witness == [whole for whole, _ in PARAGRAPHS.values()], "the file itself is not what it should be"
assert not result.processing_warnings, "changed: there is a warning"
for (paragraph, (_, expected)), line in zip(PARAGRAPHS.items(), seen, strict=True):
    assert line == expected, f"changed: {paragraph}: {line!r}"
print("As described: the words of nested spans and of links with a span are not there.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/terms.odt"
