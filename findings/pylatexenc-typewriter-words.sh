#!/usr/bin/env bash
# pylatexenc 2.11 (PyPI, CPython 3.11): of LaTeX, latex_to_text leaves out words in typewriter type and verbatim text.
#
# Behaviour: of "Set \texttt{force} to \texttt{false}." the words "Set to ." are left. The same happens to words in
# \textsf, \textup, \textmd and \mbox, and to what is in \verb and in the environment verbatim, such as a command to
# run. \textbf, \textit, \textsc and \fbox keep their words. There is no error or warning, also with
# tolerant_parsing=False.
# Reason: the parser knows these commands, and the table of what becomes of each has no entry for them. Without an entry
# a command is discarded with its arguments, and the parser keeps verbatim text as an argument.
# Expected: the words, as pandoc 3.9 gives them, and TexSoup 0.3.3 those within a line. The documentation recommends the
# result for full-text search, and does not say that words are left out.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pylatexenc==2.11 TexSoup==0.3.3 pypandoc-binary==1.17

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import pypandoc
from pylatexenc.latex2text import LatexNodes2Text
from TexSoup import TexSoup

KEPT = ["textbf", "textit", "textrm", "textsc", "textsl", "emph", "fbox"]
LOST = ["texttt", "textsf", "textup", "textmd", "mbox"]
SENTENCE = r"Set \texttt{force} to \texttt{false}."
INLINE = r"Run \verb|job --force| once."
BLOCK = "Run this:\n\\begin{verbatim}\njob --force\n\\end{verbatim}\nThen wait."


def by_pylatexenc(source: str) -> str:
    return " ".join(LatexNodes2Text().latex_to_text(source, tolerant_parsing=False).split())


def by_pandoc(source: str) -> str:
    return " ".join(pypandoc.convert_text(source, "plain", format="latex").split())


def by_texsoup(source: str) -> str:
    return " ".join("".join(TexSoup(source).text).split())


print(f"pylatexenc {version('pylatexenc')}, TexSoup {version('TexSoup')}, pandoc {pypandoc.get_pandoc_version()}")
for command in KEPT + LOST:
    source, text = f"Do \\{command}{{not}} open.", "Do not open."
    assert by_texsoup(source) == text, f"the source is not sound: {source}"
    seen = by_pylatexenc(source)
    print(f"{source}: {seen!r}")
    assert seen == (text if command in KEPT else "Do open."), f"changed: {seen!r}"

for source, text, left in (
    (SENTENCE, "Set force to false.", "Set to ."),
    (INLINE, "Run job --force once.", "Run once."),
    (BLOCK, "Run this: job --force Then wait.", "Run this: Then wait."),
):
    seen, witness = by_pylatexenc(source), by_pandoc(source)
    print(f"{source!r}: {seen!r}, pandoc: {witness!r}")
    assert witness == text, f"the source is not sound: {witness!r}"
    assert seen == left, f"changed: {seen!r}"
print("As described: words in typewriter type and verbatim text are gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
