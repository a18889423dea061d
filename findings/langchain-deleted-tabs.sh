#!/usr/bin/env bash
# langchain-text-splitters 1.1.3 (PyPI, CPython 3.11): MarkdownHeaderTextSplitter deletes tabs and no-break spaces within
# lines, so that words and numbers run together.
#
# Behaviour: "Basic<tab>10 MB" comes as "Basic10 MB", in fenced code too, and "§ 12" and "10 000 km" with the no-break
# spaces of good typography as "§12" and "10000km". A soft hyphen and the joiners of emoji and of Persian are deleted, too.
# What is indexed and cited is then not in the document, and a search for "Basic" or "000" misses it.
# Reason: of each line the characters are kept for which str.isprintable() is true. In Python a blank is printable, and all
# other kinds of spaces and a tab are not. It was meant for a byte order mark (upstream issue 20643).
# Expected: the line's own characters, as ExperimentalMarkdownSyntaxTextSplitter of the same package gives them.
# Known upstream: issue 40071, open when this was written.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain-text-splitters==1.1.3

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from langchain_text_splitters import ExperimentalMarkdownSyntaxTextSplitter, MarkdownHeaderTextSplitter

HEADINGS = [("#", "title")]
LINES = {
    "Basic\t10 MB": "Basic10 MB",
    "See §\u00a012 of the terms.": "See §12 of the terms.",
    "It runs 10\u202f000\u00a0km a year.": "It runs 10000km a year.",
    "Persian: \u0645\u06cc\u200c\u0634\u0648\u062f": "Persian: \u0645\u06cc\u0634\u0648\u062f",
    "A plain line.": "A plain line.",
}
TEXT = "# Plans\n\n{}\n\n```\nx\ty\n```\n"

print(f"langchain-text-splitters {version('langchain-text-splitters')}")
for line, run_together in LINES.items():
    text = TEXT.format(line)
    (chunk,) = MarkdownHeaderTextSplitter(HEADINGS).split_text(text)
    beside = "".join(part.page_content for part in ExperimentalMarkdownSyntaxTextSplitter(HEADINGS).split_text(text))
    print(f"{line!r}: {chunk.page_content!r}")
    assert line in beside and "x\ty" in beside, "the witness changes the line, too"
    assert chunk.page_content.startswith(run_together), f"changed: {chunk.page_content!r}"
    assert "xy" in chunk.page_content, "changed: a tab in fenced code"
print("As described: tabs and no-break spaces are deleted, and what they part runs together.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
