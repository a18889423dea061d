#!/usr/bin/env bash
# rapidocr 3.10.0 (PyPI, CPython 3.11, Linux x86-64, onnxruntime 1.31.1) finds nothing on a page with one short line.
#
# Behaviour: an A4 page at 150 dpi that holds a single short line of 11 points gives no text at all, with the library's
# defaults and also when the picture is scaled to 960 pixels before lines are looked for. With 640 pixels the same line
# is found and read with a score of 0.99. A page with three such lines is read at every size. There is no error and no
# warning: the page looks empty.
# Expected: the line, at any of these sizes, since its letters are the same.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet rapidocr==3.10.0 onnxruntime==1.31.1 fpdf2==2.8.8 pypdfium2==5.15.2

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import pypdfium2
from fpdf import FPDF
from rapidocr import RapidOCR

LINE = "Vellmark harbour"


def page(lines):
    """An A4 page at 150 dpi with these lines, each 40 mm below the one before."""
    pdf = FPDF(format="A4")
    pdf.add_page()
    pdf.set_font("Times", size=11)
    for number, line in enumerate(lines):
        pdf.text(10, 14 + 40 * number, line)
    drawn = pypdfium2.PdfDocument(bytes(pdf.output()))[0]
    return drawn.render(scale=150 / 72, rev_byteorder=True).to_numpy()[..., :3]


def read(picture, **params):
    engine = RapidOCR(params={"Global.log_level": "error", **{name.replace("__", "."): v for name, v in params.items()}})
    return list(engine(picture, use_cls=False).txts or ())


lone = page([LINE])
seen = {
    "defaults": read(lone),
    "longer side 960": read(lone, Det__limit_type="max", Det__limit_side_len=960),
    "longer side 640": read(lone, Det__limit_type="max", Det__limit_side_len=640),
    "defaults, three lines": read(page([LINE, LINE, LINE])),
}
print(f"rapidocr {version('rapidocr')}")
for name, texts in seen.items():
    print(f"{name}: {texts}")
expected = {
    "defaults": [],
    "longer side 960": [],
    "longer side 640": [LINE],
    "defaults, three lines": [LINE] * 3,
}
assert seen == expected, f"changed: {expected} before"
print("As stated: a lone line is found at one size alone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
