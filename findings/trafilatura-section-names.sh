#!/usr/bin/env bash
# trafilatura 2.3.1 and readability-lxml 0.9 (PyPI, CPython 3.11) leave out whole sections of a manual because of their
# headings.
#
# Behaviour: docutils 0.23 (which Sphinx is built on) puts each section in <section id="..."> and makes the id
# from the heading. Of such a page trafilatura drops the sections called "Sharing", "Hidden costs", "Social insurance",
# "Related products", "Author rights", "Premium", "Cookies" and "Tags", also with `favor_recall=True`; readability-lxml
# drops "Comments", "Community", "Extra charges", "Header files", "Pagination", "Related products" and "Tags". Heading and
# text are gone, all others stay, and nothing tells of it. Without the ids, the same page comes whole from both.
# Reason: both remove elements whose id or class holds a word of navigation or advertising ("hidden", "^shar" and "social"
# in trafilatura's xpaths.py; "comment", "extra", "header" in readability's unlikelyCandidatesRe). An id that was made
# from the heading of a text looks the same to them.
# Expected: the sections, at least where a section has its own heading and full sentences like its neighbours.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# One after the other: pip 23.2 fails on the two requirements of the same extra of lxml.
"$folder/venv/bin/pip" install --quiet trafilatura==2.3.1 docutils==0.23
"$folder/venv/bin/pip" install --quiet readability-lxml==0.9

cat > "$folder/check.py" <<'PYTHON'
import re
from importlib.metadata import version

import trafilatura
from docutils.core import publish_string
from readability import Document

BOTH = ("Related products", "Tags")
TRAFILATURA = ("Sharing", "Hidden costs", "Social insurance", "Author rights", "Premium", "Cookies", *BOTH)
READABILITY = ("Comments", "Community", "Extra charges", "Header files", "Pagination", *BOTH)
OTHERS = ("Installation", "Fees", "Liability", "Delivery", "Returns", "Warranty")
HEADINGS = [*OTHERS[:3], *dict.fromkeys(TRAFILATURA + READABILITY), *OTHERS[3:]]
RULE = (
    "The rule of part {0} is that the customer pays {0}0 euros within thirty days, and that both parties agree on it in"
    " writing beforehand, as is usual between them."
)

manual = "Manual\n======\n\nThe manual of the service, for customers and for partners.\n\n"
for number, heading in enumerate(HEADINGS):
    manual += f"{heading}\n{'-' * len(heading)}\n\n{RULE.format(number)}\n\n"
settings = {"output_encoding": "unicode", "embed_stylesheet": False, "stylesheet_path": None}
page = publish_string(manual, writer="html5", settings_overrides=settings)
plain = re.sub(r'<section id="[^"]*">', "<section>", page)

READERS = {
    f"trafilatura {version('trafilatura')}": (lambda html: trafilatura.extract(html) or "", TRAFILATURA),
    "trafilatura, favor_recall": (lambda html: trafilatura.extract(html, favor_recall=True) or "", TRAFILATURA),
    f"readability-lxml {version('readability-lxml')}": (lambda html: Document(html).summary(), READABILITY),
}


def gone(text: str) -> set[str]:
    return {heading for number, heading in enumerate(HEADINGS) if f"rule of part {number} is" not in text}


assert gone(page) == gone(plain) == set() and '<section id="hidden-costs">' in page, "the page is not what it should be"
for name, (read, dropped) in READERS.items():
    seen = gone(read(page))
    print(f"{name}: of {len(HEADINGS)} sections these are gone: {', '.join(sorted(seen))}")
    assert gone(read(plain)) == set(), f"the witness is gone: without ids {name} has not all sections"
    assert seen == set(dropped), f"changed: {name}"
print("As described: sections are left out because of their headings, and are there without the ids.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
