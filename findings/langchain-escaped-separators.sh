#!/usr/bin/env bash
# langchain-text-splitters 1.1.3 (PyPI, CPython 3.11): MarkdownTextSplitter does not split at headings, nor LatexTextSplitter
# at sections.
#
# Behaviour: "## Fees" stands at the end of the chunk before its section, as any other line might. The class is documented
# as "Attempts to split the text along Markdown-formatted headings", and the one for LaTeX "along Latex-formatted layout
# elements". In the chunks of a section its name is missing, and the chunk of another one ends in it.
# Reason: the separators of both languages are regular expressions ("\n#{1,6} "), and both classes hand them on without
# is_separator_regex, so that they are escaped and searched for as they are written.
# Expected: chunks that begin with the headings, as RecursiveCharacterTextSplitter.from_language of the same package makes
# them of the same separators. Reported for the JavaScript edition (langchainjs issue 840); for Python no report was found.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain-text-splitters==1.1.3

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from langchain_text_splitters import (
    Language,
    LatexTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
)

SIZE = 70

print(f"langchain-text-splitters {version('langchain-text-splitters')}")
for splitter, language, rooms, fees in (
    (MarkdownTextSplitter, Language.MARKDOWN, "## Rooms", "## Fees"),
    (LatexTextSplitter, Language.LATEX, "\\section{Rooms}", "\\section{Fees}"),
):
    text = f"{rooms}\nAll rooms are quiet.\n{fees}\nA night costs ninety euros, and a week costs five hundred.\n"
    seen = splitter(chunk_size=SIZE, chunk_overlap=0).split_text(text)
    witness = RecursiveCharacterTextSplitter.from_language(language, chunk_size=SIZE, chunk_overlap=0).split_text(text)
    print(f"{splitter.__name__}: {seen}\nfrom_language: {witness}")
    assert not any(chunk.endswith(fees) for chunk in witness), "the witness leaves a heading behind, too"
    assert any(chunk.startswith(fees) for chunk in witness), "the witness does not split at the heading"
    assert not any(chunk.startswith(fees) for chunk in seen), f"changed: {splitter.__name__} splits at the heading"
    assert fees in seen[0], f"changed: {splitter.__name__}: the heading is elsewhere"
print("As described: the heading of the second section stands in the chunk of the first.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
