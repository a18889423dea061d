#!/usr/bin/env bash
# tantivy 0.27.0 (PyPI, CPython 3.11): the tokenizers `default` and `en_stem` drop tokens of 40 bytes and more, and a
# query term that is dropped is no longer required.
#
# Behaviour: a text with a git commit's hash (SHA-1, 40 hexadecimal digits) is not found by it. Worse,
# `+release +<hash>` finds each document that has the word "release": the parser drops the term that the tokenizer
# dropped, with its plus. A token of 39 bytes is found, and the tokenizer `whitespace` keeps both.
# Reason: both analyzers end in RemoveLongFilter, which keeps tokens that are shorter than 40 bytes.
# Expected: no document, as none holds that hash.
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

HASH = "9fceb02d0ae598e95dc970b74767f19372d61af8"
OTHER = "0123456789abcdef0123456789abcdef01234567"
TEXTS = [f"release {HASH} went out", "release notes", f"a shorter id {HASH[:39]}"]


def search(tokenizer: str, query: str) -> list[str]:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=True, tokenizer_name=tokenizer)
    index = tantivy.Index(builder.build())
    writer = index.writer(num_threads=1)
    for text in TEXTS:
        writer.add_document(tantivy.Document(body=text))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    hits = searcher.search(index.parse_query(query, ["body"]), 10).hits
    return sorted(searcher.doc(address)["body"][0] for _, address in hits)


print(f"tantivy {version('tantivy')}; texts:", *TEXTS, sep="\n  ")
seen = {}
for tokenizer in ("default", "en_stem", "whitespace"):
    for query in (HASH, HASH[:39], f"+release +{OTHER}"):
        seen[tokenizer, query] = search(tokenizer, query)
        print(f"{tokenizer:10} {query}: {len(seen[tokenizer, query])} found")

assert len(HASH) == len(OTHER) == 40
for tokenizer in ("default", "en_stem"):
    assert seen[tokenizer, HASH] == [], f"changed: {tokenizer} finds a token of 40 bytes"
    assert seen[tokenizer, HASH[:39]] == [TEXTS[2]], f"changed: {tokenizer} does not find a token of 39 bytes"
    assert len(seen[tokenizer, f"+release +{OTHER}"]) == 2, f"changed: {tokenizer} obeys the required term"
assert seen["whitespace", HASH] == [TEXTS[0]], "changed: whitespace does not find the hash"
assert seen["whitespace", f"+release +{OTHER}"] == [], "changed: whitespace does not obey the required term"
print("As described: the hash is not found, and a required term that no text holds is ignored.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
