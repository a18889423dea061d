#!/usr/bin/env bash
# pypdfium2 5.15.2 (PyPI, CPython 3.11): the text of a page has the layers that are switched off, the picture has not.
#
# Behaviour: a line in a layer (optional content) that the file switches off is not drawn by render(), so that no reader
# sees it, and is in get_text_range() and get_text_bounded() like any other. Plans, forms in two languages and drafts hold
# what is out of date in such layers, and an answer then cites a line that nobody finds on the page.
# Reason: the text of a page is collected from all its objects, and only drawing asks for their layers.
# Expected: one page in both, or a parameter for it. ISO 32000-2, 8.11 says that such content is not to be shown. Its
# documentation (README and docstrings of 5.15.2) does not name it. pypdf 7.1.1 and pdfplumber 0.11.10 give the line, too.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pypdfium2==5.15.2 pypdf==7.1.1 pdfplumber==0.11.10 numpy==2.4.6

cat > "$folder/check.py" <<'PYTHON'
import io
from importlib.metadata import version

import pdfplumber
import pypdf
import pypdfium2

LINES = ["The rent is 900.", "The rent is 700."]


def written(state: str) -> bytes:
    """A page of two lines, the second one in a layer that is ON or OFF."""
    shown = (
        f"BT /F1 12 Tf 72 700 Td ({LINES[0]}) Tj ET "
        f"/OC /Draft BDC BT /F1 12 Tf 72 600 Td ({LINES[1]}) Tj ET EMC"
    )
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</{state}[6 0 R]/Order[6 0 R]>>>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>/Properties<</Draft 6 0 R>>>>>>",
        f"<</Length {len(shown)}>>stream\n{shown}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        "<</Type/OCG/Name(Draft)>>",
    ]
    text, offsets = "%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "0000000000 65535 f \n" + "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    return (text + end).encode("ascii")


def drawn(page) -> list[bool]:
    """Whether there is ink at the first line and at the second."""
    picture = page.render(scale=1, grayscale=True).to_numpy().squeeze()
    return [bool((picture[792 - bottom - 15 : 792 - bottom + 5] < 128).any()) for bottom in (700, 600)]


print(", ".join(f"{name} {version(name)}" for name in ("pypdfium2", "pypdf", "pdfplumber")))
for state in ("ON", "OFF"):
    data = written(state)
    page = pypdfium2.PdfDocument(data)[0]
    texts = {
        "get_text_range": page.get_textpage().get_text_range(),
        "get_text_bounded": page.get_textpage().get_text_bounded(),
        "pypdf": pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text(),
        "pdfplumber": pdfplumber.open(io.BytesIO(data)).pages[0].extract_text(),
    }
    seen = {name: text.splitlines() for name, text in texts.items()}
    print(f"layer {state}: drawn {drawn(page)}, texts {seen}")
    assert drawn(page) == [True, state == "ON"], "the file itself is not what it should be"
    for name, lines in seen.items():
        assert lines == LINES, f"changed: {state}: {name}: {lines}"
print("As described: the line of a layer that is off is not drawn, and is in the text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
