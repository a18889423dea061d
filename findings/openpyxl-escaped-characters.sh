#!/usr/bin/env bash
# openpyxl 3.1.5 (PyPI, CPython 3.11) does not decode the escaped characters (_xHHHH_) of a workbook's texts.
#
# Behaviour: a cell with "Main Street 12\r\nSpringfield" is read as "Main Street 12_x000D_\nSpringfield", with and without
# read_only. A caller cannot mend it: a cell that really holds the text "_x000D_" (in the file: _x005F_x000D_) is read as
# the same text as a cell that holds a carriage return.
# Reason: the text "x005F_" is deleted from each shared string, and nothing else is done. openpyxl.utils.escape.unescape
# is there, but is applied to headers, footers and the names of table columns and not to cells.
# Expected: the carriage return. ECMA-376 part 1, 22.9.2.19 (ST_Xstring, the type of <t>) says that such characters are
# escaped so, and [MS-OI29500] 2.1.1747 that Office escapes the carriage return. python-calamine 0.9.1 decodes it.
# The file is written by XlsxWriter 3.3.1.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openpyxl==3.1.5 python-calamine==0.9.1 xlsxwriter==3.3.1

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version

import openpyxl
import python_calamine
import xlsxwriter

TEXTS = ["Main Street 12\r\nSpringfield", "\r", "_x000D_"]
STORED = ["Main Street 12_x000D_\nSpringfield", "_x000D_", "_x005F_x000D_"]

file = sys.argv[1]
with xlsxwriter.Workbook(file) as book:
    sheet = book.add_worksheet()
    for row, text in enumerate(TEXTS):
        sheet.write_string(row, 0, text)
with zipfile.ZipFile(file) as archive:
    shared = archive.read("xl/sharedStrings.xml").decode()

seen = {}
for read_only in (False, True):
    rows = openpyxl.load_workbook(file, read_only=read_only).active.iter_rows(values_only=True)
    seen[read_only] = [row[0] for row in rows]
witness = [row[0] for row in python_calamine.load_workbook(file).get_sheet_by_index(0).to_python()]

print(f"written: {TEXTS}\nstored: {STORED}")
print(f"python-calamine {version('python-calamine')}: {witness}")
print(f"openpyxl {openpyxl.__version__}: {seen[False]}\nopenpyxl read_only: {seen[True]}")

assert all(f"<t>{text}</t>" in shared for text in STORED), "the file itself is not what it should be"
assert witness == TEXTS, "the witness does not read what was written"
for read_only, texts in seen.items():
    assert texts == ["Main Street 12_x000D_\nSpringfield", "_x000D_", "_x000D_"], f"changed: {read_only=} {texts}"
print("As described: a carriage return is read as the text _x000D_, and so is that text itself.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/addresses.xlsx"
