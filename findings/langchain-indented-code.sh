#!/usr/bin/env bash
# langchain-text-splitters 1.1.3 (PyPI, CPython 3.11): MarkdownHeaderTextSplitter takes the comments of indented code for
# headings.
#
# Behaviour: in a shell snippet that is indented by four blanks, the line "# remove the old release" becomes a heading. All
# that follows, the paragraphs behind the snippet too, has it as its heading until the next one of the same level, and the
# comment itself is not in any chunk. Nothing is said. The code's and nested lists' indentation is gone as well, so that a
# step of a step stands beside it.
# Reason: each line is stripped of its blanks before it is looked at. Only the lines between ``` and ~~~ are passed over.
# Expected: no heading, as CommonMark 0.31.2 (4.4 and the example beside 4.2) has it and markdown-it-py 4.3.0 reads it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain-text-splitters==1.1.3 markdown-it-py==4.3.0

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from langchain_text_splitters import MarkdownHeaderTextSplitter
from markdown_it import MarkdownIt

CODE = "    # remove the old release\n    if test -d old; then\n        rm -r old\n    fi\n"
FENCED = "```\n" + CODE.replace("\n    ", "\n").lstrip() + "```\n"
TEXT = "# Updating\n\nStop the service.\n\n{}\nWait for ten minutes.\n\n- Start it\n    - with a new log\n"


def by_langchain(text: str) -> list[tuple[str | None, str]]:
    splitter = MarkdownHeaderTextSplitter([("#", "title")])
    return [(chunk.metadata.get("title"), chunk.page_content) for chunk in splitter.split_text(text)]


def headings(text: str) -> list[str]:
    tokens = MarkdownIt().parse(text)
    return [inner.content for outer, inner in zip(tokens, tokens[1:], strict=False) if outer.type == "heading_open"]


print(f"langchain-text-splitters {version('langchain-text-splitters')}, markdown-it-py {version('markdown-it-py')}")
seen = {}
for name, code in (("indented", CODE), ("fenced", FENCED)):
    text = TEXT.format(code)
    seen[name] = by_langchain(text)
    print(f"\n{name}: markdown-it-py sees the headings {headings(text)}, and the splitter makes")
    print(*(f"  {title!r}: {content!r}" for title, content in seen[name]), sep="\n")
    assert headings(text) == ["Updating"], "the input is not sound"

assert [title for title, _ in seen["fenced"]] == ["Updating"], "fenced code is cut, too"
assert [title for title, _ in seen["indented"]] == ["Updating", "remove the old release"], "changed: the headings"
(_, before), (_, behind) = seen["indented"]
assert "remove the old release" not in before + behind, "changed: the comment is in a chunk"
assert "Wait for ten minutes." in behind, "changed: the paragraph behind the code"
assert "then\nrm -r old\nfi" in behind and "- Start it\n- with a new log" in behind, "changed: the indentation is kept"
print("\nAs described: a comment in indented code is a heading, also of the paragraphs behind it.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
