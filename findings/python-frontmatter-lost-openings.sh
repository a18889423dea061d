#!/usr/bin/env bash
# python-frontmatter 1.3.0 (PyPI, CPython 3.11): of a Markdown file that begins with a horizontal rule, the text to the
# next rule is neither content nor metadata.
#
# Behaviour: a file has a rule, "Smoking is not allowed.", a rule, and "The hall opens at nine.". The content is the
# last sentence, the metadata is empty, and there is no error. The same happens to a list between the two
# lines, and to a title with a line of hyphens above and below it, as reStructuredText has it.
# Reason: two lines of three or more hyphens are enough for front matter. What is between them is parsed as YAML, where
# any sentence is a text, and what is no mapping is dropped.
# Expected: the whole text. The documentation of `parse` promises the original text where no front matter is found. For
# CommonMark (4.1) such a line is a thematic break, and markdown-it-py 4.3.0 gives two paragraphs.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet python-frontmatter==1.3.0 markdown-it-py==4.3.0 docutils==0.23

cat > "$folder/check.py" <<'PYTHON'
import re
from importlib.metadata import version

import docutils.core
import frontmatter
from markdown_it import MarkdownIt

END = "The hall opens at nine."
SENTENCE = f"---\n\nSmoking is not allowed.\n\n---\n\n{END}\n"
POINTS = f"---\n\n- Smoking is not allowed.\n- Dogs are not allowed.\n\n---\n\n{END}\n"
TITLE = f"-----------\nHouse rules\n-----------\n\n{END}\n"


def by_frontmatter(text: str) -> tuple[dict, str]:
    post = frontmatter.loads(text)
    return post.metadata, post.content


def words(html: str) -> list[str]:
    return [line.strip() for line in re.sub(r"<[^>]+>", "\n", html).splitlines() if line.strip()]


print(f"python-frontmatter {version('python-frontmatter')}, markdown-it-py {version('markdown-it-py')}")
sound = f"---\ntitle: House rules\n---\n\n{END}\n", f"Smoking is not allowed.\n\n---\n\n{END}\n"
assert by_frontmatter(sound[0]) == ({"title": "House rules"}, END), "the input is not sound"
assert by_frontmatter(sound[1]) == ({}, sound[1].strip()), "the input is not sound"

paragraphs, items = words(MarkdownIt().render(SENTENCE)), words(MarkdownIt().render(POINTS))
assert paragraphs == ["Smoking is not allowed.", END], "the file itself is not what it should be"
assert items == ["Smoking is not allowed.", "Dogs are not allowed.", END], "the list itself is not what it should be"
title = docutils.core.publish_parts(TITLE, writer="html5")["title"]
assert title == "House rules", f"the title itself is not what it should be: {title!r}"

for text in (SENTENCE, POINTS, TITLE):
    seen = by_frontmatter(text)
    print(f"{text!r}: metadata {seen[0]}, content {seen[1]!r}")
    assert seen == ({}, END), f"changed: {seen}"
print("As described: what is between two rules at the beginning is gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
