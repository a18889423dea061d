#!/usr/bin/env bash
# xlsx2csv 0.8.6 (PyPI, CPython 3.11): a number whose format shows a unit such as "days" or "µg/dl" is written as a date
# or time.
#
# Behaviour: a cell with the number 30 and the format `0 "days"`, which a spreadsheet shows as "30 days", becomes the
# text `0 "29ays"`. 1500 with `#,##0 "m"` becomes `#,##0 "02"`, the 1.5 of `0.0 "h"` is gone, and 0.8 with `0.0 "µg/dl"`
# becomes the time "19:12". There is no error, and negative numbers in the same column stay what they are.
# Reason: every format in which one of the letters d, h, m, s and y occurs is taken for a date's, quoted text included,
# and then its letters are replaced.
# Expected: "30", as with the unit "kg"; the specification (ECMA-376, part 1, 18.8.31) has text in quotation marks shown
# as it is. openpyxl 3.1.5 and python-calamine 0.9.1 read the same cells as the numbers.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet xlsx2csv==0.8.6 openpyxl==3.1.5 python-calamine==0.9.1

cat > "$folder/check.py" <<'PYTHON'
import csv
import io
import sys
from importlib.metadata import version

import openpyxl
import python_calamine
import xlsx2csv

SOUND = [(30, '0 "kg"', "30"), (0.8, "0.0", "0.8"), (30, "0", "30"), (-30, '0 "days"', "-30")]
WRONG = [
    (30, '0 "days"', '0 "29ays"'),
    (1500, '#,##0 "m"', '#,##0 "02"'),
    (1.5, '0.0 "h"', '0.0 "12"'),
    (0.8, '0.0 "µg/dl"', "19:12"),
]

file = sys.argv[1]
book = openpyxl.Workbook()
for number, shape, _ in SOUND + WRONG:
    book.active.append([number])
    book.active.cell(book.active.max_row, 1).number_format = shape
book.save(file)

numbers = [number for number, _, _ in SOUND + WRONG]
by_openpyxl = [row[0] for row in openpyxl.load_workbook(file).active.values]
by_calamine = [row[0] for row in python_calamine.load_workbook(file).get_sheet_by_index(0).to_python()]
assert by_openpyxl == by_calamine == numbers, "the file itself is not what it should be"

written = io.StringIO()
xlsx2csv.Xlsx2csv(file).convert(written)
seen = [row[0] for row in csv.reader(io.StringIO(written.getvalue()))]
print(f"xlsx2csv {version('xlsx2csv')}, openpyxl {version('openpyxl')}, python-calamine {version('python-calamine')}")
for (number, shape, expected), cell in zip(SOUND + WRONG, seen, strict=True):
    print(f"{number} with the format {shape}: {cell!r}")
    assert cell == expected, f"changed: {cell!r} instead of {expected!r}"
print("As described: numbers with the units days, m, h and µg/dl are no numbers any more.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/stock.xlsx"
