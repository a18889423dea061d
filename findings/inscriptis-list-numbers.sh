#!/usr/bin/env bash
# inscriptis 2.7.6 and html-to-markdown 3.21.2 (PyPI, CPython 3.11): a list that does not begin with 1 is numbered from
# 1 on.
#
# Behaviour: a list with `<ol start="5">`, as after a note between two points of a contract, is numbered 1, 2 in the
# text of inscriptis, which follows `<li value="5">`. html-to-markdown does it the other way round: it follows `start`
# and numbers a list whose first point has the value 5 from 1 on. "As stated in point 5" then leads to nothing, or to
# another point. Neither tells of it.
# Expected: 5, 6 in both cases, as browsers show both lists: `start` of `ol` and `value` of `li` are in the HTML
# standard (4.4.5 and 4.4.8). Each of the two is the witness for what the other leaves out.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet inscriptis==2.7.6 html-to-markdown==3.21.2

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import html_to_markdown
import inscriptis

BEFORE = "<html><body><p>Note.</p>"
PLAIN = f"{BEFORE}<ol><li>Pay.</li><li>Leave.</li></ol></body></html>"
BY_START = f'{BEFORE}<ol start="5"><li>Pay.</li><li>Leave.</li></ol></body></html>'
BY_VALUE = f'{BEFORE}<ol><li value="5">Pay.</li><li>Leave.</li></ol></body></html>'


def points(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and line.strip() != "Note."]


def by_inscriptis(page: str) -> list[str]:
    return points(inscriptis.get_text(page))


def by_html_to_markdown(page: str) -> list[str]:
    return points(html_to_markdown.convert(page).content)


FROM_ONE, FROM_FIVE = ["1. Pay.", "2. Leave."], ["5. Pay.", "6. Leave."]
print(f"inscriptis {version('inscriptis')}, html-to-markdown {version('html-to-markdown')}")
assert by_inscriptis(PLAIN) == by_html_to_markdown(PLAIN) == FROM_ONE, "the page itself is not what it should be"
for name, page, wrong, right in (
    ("start", BY_START, by_inscriptis, by_html_to_markdown),
    ("value", BY_VALUE, by_html_to_markdown, by_inscriptis),
):
    seen, witness = wrong(page), right(page)
    print(f"{name}: {wrong.__name__} {seen}, {right.__name__} {witness}")
    assert witness == FROM_FIVE, f"changed, or the page itself is not what it should be: {witness}"
    assert seen == FROM_ONE, f"changed: {seen}"
print("As described: the points 5 and 6 are called 1 and 2.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
