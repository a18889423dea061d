#!/usr/bin/env bash
# tantivy 0.27.0 (PyPI, CPython 3.11): `delete_documents_by_term` deletes nothing by a number in an unsigned field.
#
# Behaviour: no error, an operation stamp is returned, and after the commit the document is still found. The same call
# for a signed field (`add_integer_field`) deletes it, and so does `delete_documents_by_query` with a term query for the
# unsigned one.
# Reason: not known; a term of a signed number that no unsigned field holds would do the same.
# Expected: the document is gone, as for the signed field, or an error.
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


def left(kind: str, by: str) -> int:
    """Of three documents numbered 1 to 3, how many are left when number 2 was deleted."""
    builder = tantivy.SchemaBuilder()
    getattr(builder, f"add_{kind}_field")("number", indexed=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for number in (1, 2, 3):
        document = tantivy.Document()
        getattr(document, f"add_{kind}")("number", number)
        writer.add_document(document)
    writer.commit()
    if by == "term":
        writer.delete_documents_by_term("number", 2)
    else:
        writer.delete_documents_by_query(tantivy.Query.term_query(schema, "number", 2))
    writer.commit()
    index.reload()
    return index.searcher().num_docs


print(f"tantivy {version('tantivy')}")
seen = {(kind, by): left(kind, by) for kind in ("unsigned", "integer") for by in ("term", "query")}
for (kind, by), documents in seen.items():
    print(f"{kind:8} deleted by {by:5}: {documents} of 3 documents left")
assert seen["integer", "term"] == seen["integer", "query"] == seen["unsigned", "query"] == 2, "the input is not sound"
assert seen["unsigned", "term"] == 3, "changed: the document is deleted"
print("As described: by term, the document with the unsigned number is not deleted.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
