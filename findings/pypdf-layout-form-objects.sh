#!/usr/bin/env bash
# pypdf 7.1.1 (PyPI, CPython 3.11): extraction_mode="layout" leaves out all text that is drawn by a form XObject.
#
# Behaviour: of three lines of a page, of which the second is drawn by a form XObject (the operator Do), the layout mode
# gives the first and the third, without an error or a warning. A form XObject is no form to fill in: it is how stamps,
# letterheads, placed pages and figures with captions are drawn, and where they hold the whole page, the text is empty.
# Reason: the layout mode walks the page's own content stream alone.
# Expected: the three lines, as the plain mode of the same package and pypdfium2 5.15.2 give them. The docstring of
# extract_text (version 7.1.1) says of the layout mode that rotated text is left out, and nothing of this.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pypdf==7.1.1 pypdfium2==5.15.2 reportlab==5.1.0

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import pypdf
import pypdfium2
from reportlab.pdfgen.canvas import Canvas

LINES = ["Invoice 4711", "Pay within ten days", "Thank you"]

file = sys.argv[1]
canvas = Canvas(file, pageCompression=0)
canvas.drawString(72, 720, LINES[0])
canvas.beginForm("terms")
canvas.drawString(72, 700, LINES[1])
canvas.endForm()
canvas.doForm("terms")
canvas.drawString(72, 680, LINES[2])
canvas.save()


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


page = pypdf.PdfReader(file).pages[0]
plain = lines(page.extract_text())
layout = lines(page.extract_text(extraction_mode="layout"))
witness = lines(pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range())
print(f"pypdf {version('pypdf')}, plain: {plain}\npypdf, layout: {layout}")
print(f"pypdfium2 {version('pypdfium2')}: {witness}")

assert sorted(witness) == sorted(LINES), "the file itself is not what it should be"
assert sorted(plain) == sorted(LINES), "the plain mode loses text, too"
assert layout == [LINES[0], LINES[2]], f"changed: {layout}"
print("As described: the line of the form XObject is not in the layout mode's text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/invoice.pdf"
