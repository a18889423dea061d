#!/usr/bin/env bash
# mdit-py-plugins 0.7.0 (PyPI, CPython 3.11, with markdown-it-py 4.3.0): dollarmath_plugin with allow_digits=False misses
# a formula that begins a paragraph, if the paragraph ends in a digit.
#
# Behaviour: "$a$ is x" holds a formula and "$a$ is 6" holds none: it stays plain text. The same goes for each paragraph and
# heading that begins with a formula and ends in a number, such as a year or a version, without a full stop.
# Reason: the check for a digit before the opening $ reads src[pos - 1]. At pos 0 this is src[-1], the last character.
# Expected: a formula in both, as the option forbids only a digit right before the opening $ and right after the closing
# one. texmath_plugin of the same package, which has the same rule, finds both.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mdit-py-plugins==0.7.0 markdown-it-py==4.3.0

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin

PARSERS = {
    "dollarmath, no digits": MarkdownIt().use(dollarmath_plugin, allow_digits=False),
    "dollarmath": MarkdownIt().use(dollarmath_plugin),
    "texmath": MarkdownIt().use(texmath_plugin, delimiters="dollars"),
}
TEXTS = ["$a$ is x", "$a$ is 6", "# $a$ in 2024", "$a$ is 6.", "So $a$ is 6", "6$a$ is x"]


def formulas(parser: MarkdownIt, text: str) -> list[str]:
    children = [child for token in parser.parse(text) for child in token.children or []]
    return [child.content for child in children if child.type in ("math_inline", "math_single")]


print(f"mdit-py-plugins {version('mdit-py-plugins')}, markdown-it-py {version('markdown-it-py')}")
seen = {name: [formulas(parser, text) for text in TEXTS] for name, parser in PARSERS.items()}
for name, found in seen.items():
    print(name, *(f"  {text!r}: {contents}" for text, contents in zip(TEXTS, found, strict=True)), sep="\n")

A = ["a"]
assert seen["dollarmath"] == [A, A, A, A, A, A], "the formulas are not formulas"
assert seen["texmath"] == [A, A, A, A, A, []], "the witness does not find them"
assert seen["dollarmath, no digits"] == [A, [], [], A, A, []], "changed: what is found without digits"
print("As described: a formula at the start is missed where the paragraph's last character is a digit.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
