#!/usr/bin/env bash
# markdownify 1.2.3 (PyPI, CPython 3.11) moves the cells beside a cell that spans two rows under the wrong header.
#
# Behaviour: in a table of region, year and sales whose region spans two rows, the second row is "| 2025 | 70 |": the year
# stands under "Region" and the sales stand under "Year". There is no error. markitdown 0.1.9 is built on it and gives the
# same for HTML, and for the vertically merged cells of Word files.
# Reason: colspan is read and rowspan is not.
# Expected: the cells in their own columns, as pandas 3.1.1 (read_html) reads them from the same table. The README (1.2.3)
# does not name it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet markdownify==1.2.3 markitdown==0.1.9 pandas==3.1.1 lxml==6.1.3

cat > "$folder/check.py" <<'PYTHON'
import io
from importlib.metadata import version

import pandas
from markdownify import markdownify
from markitdown import MarkItDown, StreamInfo

TABLE = (
    "<table><tr><th>Region</th><th>Year</th><th>Sales</th></tr>"
    "<tr><td{}>North</td><td>2024</td><td>50</td></tr><tr>{}<td>2025</td><td>70</td></tr></table>"
)


def rows(markdown):
    lines = [line.strip().strip("|").split("|") for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines]


print(", ".join(f"{name} {version(name)}" for name in ("markdownify", "markitdown", "pandas")))
seen = {}
for name, table in (("plain", TABLE.format("", "<td>North</td>")), ("spanned", TABLE.format(" rowspan=2", ""))):
    info = StreamInfo(extension=".html", mimetype="text/html", charset="utf-8")
    by_markitdown = MarkItDown().convert_stream(io.BytesIO(table.encode()), stream_info=info).text_content
    seen[name] = [rows(markdownify(table))[-1], rows(by_markitdown)[-1]]
    witness = [str(value) for value in pandas.read_html(io.StringIO(table))[0].iloc[-1]]
    print(f"{name}: markdownify and markitdown {seen[name]}, pandas {witness}")
    assert witness == ["North", "2025", "70"], "the table itself is not what it should be"

assert seen["plain"] == [["North", "2025", "70"]] * 2, "a table without spans is changed, too"
assert seen["spanned"] == [["2025", "70"]] * 2, f"changed: {seen['spanned']}"
print("As described: the cells beside the spanning one stand one column too far to the left.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
