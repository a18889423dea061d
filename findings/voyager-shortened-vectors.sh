#!/usr/bin/env bash
# voyager 2.2.3 (PyPI, CPython 3.11, Linux x86-64): of a matrix of vectors that were shortened by slicing, other vectors are
# stored, and a matrix of such queries is answered with other neighbours.
#
# Behaviour: embeddings that may be shortened (Matryoshka) are cut with `matrix[:, :8]`. `add_items` of that takes no error,
# and stores as vector 1 the part of vector 0 that was cut off, as vector 2 the first part of vector 1, and so on; half of
# the documents are never stored. `query` of such a matrix asks with the same wrong parts. With as many queries and
# documents both are wrong in the same way, so that a test that looks up each vector by itself still finds it.
# Reason: not seen in its source. What is stored is what lies one behind the other in memory, so the strides of a float32
# matrix must be ignored. A float64 matrix, which has to be converted, is stored as it should be, as is one vector at a
# time with `add_item`, and a copy.
# Expected: the vectors of the matrix, as usearch 2.26.6 stores them, or an error.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet voyager==2.2.3 usearch==2.26.6 numpy==2.4.6

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import numpy
import usearch.index
import voyager

COUNT, LONG, SHORT = 20, 16, 8


def with_voyager(matrix, queries):
    """What is stored, and the nearest vector for each of the queries."""
    index = voyager.Index(voyager.Space.Euclidean, SHORT)
    index.add_items(matrix)
    return index.get_vectors(list(range(COUNT))), index.query(queries, 1)[0][:, 0].tolist()


def with_usearch(matrix, queries):
    index = usearch.index.Index(ndim=SHORT, metric="l2sq", dtype="f32")
    index.add(numpy.arange(COUNT), matrix)
    return index.get(list(range(COUNT))), index.search(queries, 1).keys[:, 0].tolist()


embeddings = numpy.random.default_rng(0).normal(size=(COUNT, LONG)).astype(numpy.float32)
shortened = embeddings[:, :SHORT]
copied = shortened.copy()
assert (shortened == copied).all() and shortened.dtype == copied.dtype == numpy.float32, "the input is not sound"
each = list(range(COUNT))
print(f"voyager {version('voyager')}, usearch {version('usearch')}; {COUNT} vectors, shortened from {LONG} to {SHORT}")

for name, (stored, nearest) in {
    "voyager, a copy": with_voyager(copied, copied),
    "voyager, float64": with_voyager(embeddings.astype(numpy.float64)[:, :SHORT], copied),
    "usearch, sliced": with_usearch(shortened, shortened),
}.items():
    print(f"{name}: all stored: {numpy.allclose(stored, copied)}, each is its own nearest: {nearest == each}")
    assert numpy.allclose(stored, copied) and nearest == each, f"the witness is wrong, too: {name}"

stored, nearest = with_voyager(shortened, copied)
kept = [number for number in each if any(numpy.allclose(vector, copied[number]) for vector in stored)]
print(f"voyager, sliced: the vectors {kept} are stored; nearest to each of them: {nearest}")
assert numpy.allclose(stored, embeddings.reshape(-1, SHORT)[:COUNT]), "changed: other vectors are stored"
assert kept == each[: COUNT // 2], f"changed: {kept} are stored"
assert nearest[: COUNT // 2] == [2 * number for number in each[: COUNT // 2]], "changed: the neighbours"

_, nearest = with_voyager(copied, shortened)
print(f"voyager, a copy asked with sliced queries: {nearest}")
assert nearest[0::2] == each[: COUNT // 2], "changed: the queries are the parts of the matrix"

_, nearest = with_voyager(shortened, shortened)
print(f"voyager, sliced on both sides: each is its own nearest: {nearest == each}")
assert nearest == each, "changed: the fault shows where both are sliced"
one_by_one = voyager.Index(voyager.Space.Euclidean, SHORT)
for vector in shortened:
    one_by_one.add_item(vector)
assert numpy.allclose(one_by_one.get_vectors(each), copied), "add_item is wrong, too"
print("As described: of a sliced matrix, other vectors are stored and looked for.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
