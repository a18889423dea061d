#!/usr/bin/env bash
# polars 2.1.0 (PyPI, CPython 3.11, with fastexcel 0.21.0): read_excel loses whole rows whose texts come late in a column.
#
# Behaviour: a sheet has 150 rows of numbers, then a row of texts ("withdrawn", "see note 4"), then numbers again. The frame
# has one row less: the row of texts is not there, not even empty, and nothing tells of it. A text beside a number becomes
# null.
# Reason: the types come from the first 100 rows, as documented (infer_schema_length). What does not fit becomes null, and
# then drop_empty_rows, documented as omitting empty rows, takes the row that has become empty.
# Expected: an error, as read_csv of the same package gives for the same rows, or the row. With engine="openpyxl", or with
# infer_schema_length=None, it is there.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5 pyarrow==26.0.1

cat > "$folder/check.py" <<'PYTHON'
import io
import sys
from importlib.metadata import version

import openpyxl
import polars

NUMBERS = [(number, number * 2) for number in range(1, 151)]
TEXTS = [("withdrawn", "see note 4"), (151, "pending"), (152, 304)]
ROWS = [("Article", "Stock"), *NUMBERS, *TEXTS]

file = sys.argv[1]
book = openpyxl.Workbook()
for row in ROWS:
    book.active.append(row)
book.save(file)

seen = polars.read_excel(file)
scanned = polars.read_excel(file, infer_schema_length=None)
witness = polars.read_excel(file, engine="openpyxl")
try:
    polars.read_csv(io.StringIO("\n".join(f"{left},{right}" for left, right in ROWS)))
    by_csv = "no error"
except polars.exceptions.ComputeError as error:
    by_csv = type(error).__name__

print(f"polars {version('polars')}, fastexcel {version('fastexcel')}: {len(ROWS) - 1} rows were written")
for name, frame in (("default", seen), ("all rows scanned", scanned), ("openpyxl", witness)):
    print(f"{name}: {frame.height} rows, the last ones: {frame.rows()[149:]}")
print(f"read_csv: {by_csv}")

for frame in (scanned, witness):
    assert frame.height == 153 and frame.rows()[150] == TEXTS[0], "the file itself is not what it should be"
assert by_csv == "ComputeError", "read_csv takes it, too"
assert seen.height == 152, f"changed: {seen.height} rows"
assert seen.rows()[150:] == [(151, None), (152, 304)], f"changed: {seen.rows()[150:]}"
print("As described: the row of texts is gone, and a text beside a number is null.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/stock.xlsx"
