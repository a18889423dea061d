#!/usr/bin/env bash
# llama-index-readers-file 0.7.0 (PyPI, CPython 3.11, with llama-index-core 0.14.25): MarkdownReader deletes what is
# between a "<" and a ">" of one line.
#
# Behaviour: "Open it at < 5 bar, never at > 9 bar." becomes "Open it at  9 bar.": the limit and the word "never" are
# gone. In a block of code `if a < 5 and b > 9:` becomes `if a  9:`, and `List<String>` within a line becomes `List`.
# There is no error.
# Reason: tags are removed by the pattern <.*?> from everything, code included, and nothing asks whether it is a tag.
# Expected: the text. For CommonMark (6.6) a tag begins with a letter, a slash, ! or ? directly behind the "<", and code
# has none; markdown-it-py 4.3.0 gives the words as they are. The documentation offers to remove links and images, and
# no tags.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llama-index-readers-file==0.7.0 llama-index-core==0.14.25 markdown-it-py==4.3.0

cat > "$folder/check.py" <<'PYTHON'
import html
import re
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")

from llama_index.readers.file import MarkdownReader
from markdown_it import MarkdownIt

CASES = [
    ("Open it at 5 bar, never at 9 bar.", "Open it at 5 bar, never at 9 bar.", "Open it at 5 bar, never at 9 bar."),
    ("Open it at < 5 bar, never at > 9 bar.", "Open it at < 5 bar, never at > 9 bar.", "Open it at  9 bar."),
    ("Give a `List<String>` here.", "Give a List<String> here.", "Give a `List` here."),
    ("```\nif a < 5 and b > 9:\n```", "if a < 5 and b > 9:", "```\nif a  9:\n```"),
]

file = Path(sys.argv[1])


def by_llama_index(source: str) -> str:
    file.write_text(source, encoding="utf-8")
    documents = MarkdownReader(remove_hyperlinks=False, remove_images=False).load_data(file)
    return "".join(document.text for document in documents)


def shown(source: str) -> str:
    """The text of the page that the Markdown makes."""
    return html.unescape(re.sub(r"</?\w+>", "", MarkdownIt().render(source))).strip()


print(f"llama-index-readers-file {version('llama-index-readers-file')}, markdown-it-py {version('markdown-it-py')}")
for source, text, expected in CASES:
    seen, witness = by_llama_index(source), shown(source)
    print(f"{source!r}: {seen!r}, markdown-it-py: {witness!r}")
    assert witness == text, f"the file itself is not what it should be: {witness!r}"
    assert seen == expected, f"changed: {seen!r}"
print("As described: what is between < and > is gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/valve.md"
