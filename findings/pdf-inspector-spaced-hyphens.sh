#!/usr/bin/env bash
# pdf-inspector 1.25.2 (PyPI, CPython 3.11, Linux x86-64) takes the spaces off a hyphen between words.
#
# Behaviour: a line that reads "The line Arden - Bosk is closed." is "The line Arden-Bosk is closed." in the Markdown of
# process_pdf and extract_pages_markdown. "Total - VAT" is "Total-VAT" and "x - y" is "x-y", while "7 - 4" stays: so a
# pause, a minus sign or a separator becomes a compound. An exact quote is not found in the page, nor a phrase in the index.
# Reason: the step that repairs hyphenation replaces each " - " between two Latin letters, wherever it is. No parameter of
# the Python package turns it off. The README names this step "Rejoins words broken across lines"; here nothing is broken.
# Expected: the page's own text, as extract_text of the same package and pypdfium2 5.15.2 give it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pdf-inspector==1.25.2 pypdfium2==5.15.2

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import pdf_inspector
import pypdfium2

LINES = ["The line Arden - Bosk is closed.", "Total - VAT is the net sum.", "Here x - y is positive.", "Here 7 - 4 is 3."]
JOINED = ["The line Arden-Bosk is closed.", "Total-VAT is the net sum.", "Here x-y is positive.", "Here 7 - 4 is 3."]


def written(lines: list[str]) -> bytes:
    shown = "BT /F1 12 Tf 72 720 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(shown)}>>stream\n{shown}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    text, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "0000000000 65535 f \n" + "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    return (text + end).encode("ascii")


file = Path(sys.argv[1])
file.write_bytes(written(LINES))
witness = pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range()
plain = pdf_inspector.extract_text(str(file))
seen = {
    "process_pdf": pdf_inspector.process_pdf(str(file)).markdown,
    "extract_pages_markdown": pdf_inspector.extract_pages_markdown(str(file)).pages[0].markdown,
}

print(f"pypdfium2 {version('pypdfium2')}:\n{witness}\n")
print(f"pdf-inspector {version('pdf-inspector')}, extract_text:\n{plain}")
for name, markdown in seen.items():
    print(f"\n{name}:\n{markdown}")

assert witness.splitlines() == LINES, "the file itself is not what it should be"
assert plain.split() == " ".join(LINES).split(), "changed: extract_text"
for name, markdown in seen.items():
    assert markdown.split() == " ".join(JOINED).split(), f"changed: {name}"
print("As described: the spaces around a hyphen between letters are gone from the Markdown, and there in the text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/notice.pdf"
