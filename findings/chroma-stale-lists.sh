#!/usr/bin/env bash
# chromadb 1.5.9 (PyPI, CPython 3.11, Linux x86-64): lists in the metadata of a deleted collection come back on the records
# of the next one.
#
# Behaviour: a collection whose records have "tags": [...] is deleted, and another one, of another name, is filled with
# other records. The first of those have the tags of the first of the old ones, in get() and in a filter with $contains,
# though they were added without any. Texts and numbers of the old records do not come back. So it goes with each index that
# is built anew and swapped for the old one.
# Reason: deleting a collection leaves the table of the lists as it is, and the numbers of its records are given out again
# (upstream issue 7594, open when this was written).
# Expected: the metadata that was added, as it is where the old records are deleted by their ids before the collection is.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chromadb==1.5.9

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import chromadb

OLD = [{"tags": ["winter", "sale"], "year": 2024}, {"tags": ["summer"], "year": 2025}]
NEW = [{"title": "Terms"}, {"title": "Imprint"}]


def filled(client, name: str, metadatas: list[dict]):
    collection = client.create_collection(name, embedding_function=None)
    ids = [f"{name}-{number}" for number in range(len(metadatas))]
    collection.add(ids=ids, embeddings=[[1.0, 0.0], [0.0, 1.0]], metadatas=metadatas)
    return collection


def rebuilt(path: str, emptied_first: bool) -> tuple[list[dict], list[str]]:
    """The metadata of the second collection, and which of its records a filter by an old tag finds."""
    client = chromadb.PersistentClient(path)
    old = filled(client, "catalogue", OLD)
    assert old.get()["metadatas"] == OLD, "the input is not sound"
    if emptied_first:
        old.delete(ids=old.get()["ids"])
    client.delete_collection("catalogue")
    new = filled(client, "legal", NEW)
    return new.get()["metadatas"], new.get(where={"tags": {"$contains": "sale"}})["ids"]


print(f"chromadb {version('chromadb')}, added: {NEW}")
seen = rebuilt(f"{sys.argv[1]}/deleted", emptied_first=False)
witness = rebuilt(f"{sys.argv[1]}/emptied", emptied_first=True)
print(f"after delete_collection: {seen}\nwhere the records were deleted before: {witness}")
assert witness == (NEW, []), "the lists come back there, too"
assert seen[0] == [{**new, "tags": old["tags"]} for new, old in zip(NEW, OLD, strict=True)], f"changed: {seen[0]}"
assert seen[1] == ["legal-0"], f"changed: the filter finds {seen[1]}"
print("As described: the new records have the tags of the deleted ones.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder"
