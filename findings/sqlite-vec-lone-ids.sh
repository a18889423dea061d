#!/usr/bin/env bash
# sqlite-vec 0.1.9 (PyPI, CPython 3.11, Linux x86-64): a nearest-neighbour query with a list of allowed ids finds nothing if
# the list has one id.
#
# Behaviour: "id in (7, 8)" is applied before the k nearest are taken, and gives both. "id in (8)", as literal or as
# parameter, is applied to the k nearest of all rows, and gives nothing unless the row is among them. So are "id = 8" and
# "id > 6". The same id written twice, a subquery, and the same condition on a metadata column are applied before. A list
# that comes from a filter or from permissions works in each test with two documents, and goes silent for whoever has one.
# Reason: SQLite makes "in" with one value an equality before it asks the table, and the plan shows that only "in" of the
# row's id reaches it (the letter "[" in the plan's second text); the rest is left to SQLite, which filters what comes back.
# Expected: the row, as for a list of two, or an error, as the table gives for other conditions that it cannot apply.
#
# The sqlite3 module of Python is often built without extensions; apsw, with an SQLite of its own, stands for it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sqlite-vec==0.1.9 apsw==3.54.1.0

cat > "$folder/check.py" <<'PYTHON'
import struct

import apsw
import sqlite_vec

database = apsw.Connection(":memory:")
database.enable_load_extension(True)
database.load_extension(sqlite_vec.loadable_path())


def vector(x: float) -> bytes:
    return struct.pack("2f", x, 0.0)


def query(condition: str, k: int = 3) -> str:
    return f"select id from documents where embedding match ? and k = {k} and {condition} order by distance"


def found(condition: str, *values: object, k: int = 3) -> list[int]:
    return [number for (number,) in database.execute(query(condition, k), (vector(0.0), *values))]


def plan(condition: str) -> str:
    return next(iter(database.execute(f"explain query plan {query(condition)}", (vector(0.0),))))[3]


database.execute(
    "create virtual table documents using vec0(id integer primary key, embedding float[2], number integer)"
)
for number in range(1, 11):
    database.execute("insert into documents values (?, ?, ?)", (number, vector(number), number))

(release,) = next(database.execute("select vec_version()"))
print(f"sqlite-vec {release}, SQLite {apsw.sqlite_lib_version()}; rows 1 to 10, from near to far, k = 3")
assert found("true") == [1, 2, 3], "the input is not sound"

BEFORE = {
    "id in (7, 8)": [7, 8],
    "id in (8, 8)": [8],
    "id in (select 8)": [8],
    "number in (8)": [8],
    "number = 8": [8],
    "number > 6": [7, 8, 9],
}
for condition, expected in BEFORE.items():
    seen = found(condition)
    print(f"{condition}: {seen}")
    assert seen == expected, f"the input is not sound: {condition}"
assert found("id in (?, ?)", 7, 8) == [7, 8], "the input is not sound"

for condition in ("id in (8)", "id = 8", "id > 6"):
    seen = found(condition)
    print(f"{condition}: {seen}")
    assert seen == [], f"changed: {condition} finds {seen}"
assert found("id in (?)", 8) == [], "changed: a list of one parameter is applied before"
assert found("id in (2)") == [2] and found("id in (8)", k=8) == [8], "the row is not found among the nearest, either"

for condition in ("id in (7, 8)", "id in (8)", "id = 8"):
    print(f"plan of {condition}: {plan(condition)}")
assert plan("id in (8)") == plan("id = 8") != plan("id in (7, 8)"), "changed: a list of one has a plan of its own"
print("As described: a list of one id finds nothing.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
