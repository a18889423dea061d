#!/usr/bin/env bash
# tantivy 0.27.0 (PyPI, CPython 3.11): the ranges of a snippet's highlights count bytes, not characters.
#
# Behaviour: for the query "fox", fragment()[range.start:range.end] is "fox" in an English text and " ov" behind
# "Über müde Füchse": each letter outside ASCII moves all ranges behind it by one or more places. to_html() marks the right
# word. There is no error, so that a display marks the wrong words, and a citation that is cut out by them is wrong.
# Reason: the ranges come from Rust, whose strings are indexed by UTF-8 bytes, and are handed on as they are.
# Expected: positions of Python's str, as fragment() is one. The package's type stubs (0.27.0) do not say what is counted.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tantivy==0.27.0

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import tantivy

TEXTS = {"English": "The tired quick fox jumps over", "German": "Über müde Füchse springt the quick fox over"}


def snippet(text):
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    writer.add_document(tantivy.Document(body=text))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    query = index.parse_query("fox", ["body"])
    ((_, address),) = searcher.search(query, 1).hits
    return tantivy.SnippetGenerator.create(searcher, query, schema, "body").snippet_from_doc(searcher.doc(address))


print(f"tantivy {version('tantivy')}")
for language, text in TEXTS.items():
    found = snippet(text)
    fragment, (mark,) = found.fragment(), found.highlighted()
    in_text = fragment[mark.start : mark.end]
    in_bytes = fragment.encode()[mark.start : mark.end].decode()
    print(f"{found.to_html()}: range {mark.start} to {mark.end}, of the text {in_text!r}, of its bytes {in_bytes!r}")
    assert fragment == text and "<b>fox</b>" in found.to_html(), "the input is not sound"
    assert in_bytes == "fox", "changed: the bytes"
    assert in_text == {"English": "fox", "German": " ov"}[language], f"changed: {language}: {in_text!r}"
print("As described: behind letters outside ASCII the range marks something else.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
