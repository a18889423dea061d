#!/usr/bin/env bash
# markitdown 0.1.9 (PyPI, CPython 3.11, with openpyxl 3.1.5) changes values of an Excel workbook.
#
# Behaviour, without an error or a warning:
# - The texts "NA" and "None" come as NaN, as an empty cell does. The country code of Namibia is lost, and so is a name.
# - The number 0.0000005 comes as 0.0 where its column also holds a text.
# - Where its column holds numbers alone, all of them come with seven digits: 1234567.25 as 1.234567e+06.
# Reason: the sheet goes through pandas, which reads such texts as missing values and writes floats with six decimals.
# Expected: the cells' own texts and numbers, as openpyxl reads them from the same file.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'markitdown[xlsx]==0.1.9' openpyxl==3.1.5 pandas==3.1.1

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import openpyxl
from markitdown import MarkItDown

ROWS = [
    ("Country", "Surname", "Dose in g", "Share"),
    ("NA", "None", 0.0000005, 0.0000005),
    ("SE", "Berg", "trace", 0.5),
    (None, "Lind", 2.25, 1234567.25),
]

file = sys.argv[1]
book = openpyxl.Workbook()
for row in ROWS:
    book.active.append(row)
book.save(file)
stored = [tuple(row) for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True)]
seen = MarkItDown().convert(file).text_content

print(f"openpyxl {openpyxl.__version__}:")
print(*stored, sep="\n")
print(f"\nmarkitdown {version('markitdown')}, pandas {version('pandas')}:\n{seen}\n")

assert stored == ROWS, "the file itself is not what it should be"
lines = [line.strip("|").split("|") for line in seen.splitlines() if line.startswith("|")]
first, _, last = [[cell.strip() for cell in line] for line in lines[2:]]
assert first[:2] == ["NaN", "NaN"], f"changed: the texts NA and None come as {first[:2]}"
assert last[0] == "NaN", f"changed: an empty cell comes as {last[0]!r}"
assert float(first[2]) == 0, f"changed: 0.0000005 beside a text comes as {first[2]}"
assert float(last[3]) == 1234567, f"changed: 1234567.25 comes as {last[3]}"
print("As described: NA and None are NaN like the empty cell, 0.0000005 is 0.0, and 1234567.25 has lost its decimals.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/doses.xlsx"
