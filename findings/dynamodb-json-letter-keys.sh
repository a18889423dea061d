#!/usr/bin/env bash
# dynamodb-json 1.4.2 (PyPI, CPython 3.11): a map with a key S, M, L or B loses its other keys when it is read.
#
# Behaviour: an item's stock by size, {"S": 3, "M": 5, "L": 0}, is written rightly by `dumps`, and `loads` of what it
# wrote gives the text "3". {"M": 2, "XL": 7} becomes the number 2, and {"B": "good", "C": "poor"} the text "good".
# There is no error. Besides, a small number, which DynamoDB gives as {"N": "1E-7"}, comes as that dictionary.
# Reason: the JSON is read from the inside out, and each object with such a key is taken for a typed value, so that a
# map that has just been read is read once more.
# Expected: the map, as boto3 1.43.117's own TypeDeserializer gives it. The names of attributes and of keys in maps are
# free.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dynamodb-json==1.4.2 boto3==1.43.117

cat > "$folder/check.py" <<'PYTHON'
import json
from decimal import Decimal
from importlib.metadata import version

from boto3.dynamodb.types import TypeDeserializer
from dynamodb_json import json_util

SOUND = {"article": "X200", "stock": {"XS": 1, "XL": 7}, "price": Decimal("12.5"), "tags": ["new"]}
CASES = [
    ({"S": 3, "M": 5, "L": 0}, "3"),
    ({"M": 2, "XL": 7}, 2),
    ({"L": 4, "XL": 1}, 4),
    ({"B": "good", "C": "poor"}, "good"),
    (Decimal("1E-7"), {"N": "1E-7"}),
]


def by_boto3(written: str) -> dict:
    return {name: TypeDeserializer().deserialize(value) for name, value in json.loads(written).items()}


print(f"dynamodb-json {version('dynamodb-json')}, boto3 {version('boto3')}")
written = json_util.dumps(SOUND)
assert by_boto3(written) == json_util.loads(written) == SOUND, "the input is not sound"

for value, expected in CASES:
    written = json_util.dumps({"value": value})
    assert by_boto3(written) == {"value": value}, f"dumps writes something else: {written}"
    seen = json_util.loads(written)["value"]
    print(f"{value!r} is written as {written} and read as {seen!r}")
    assert seen == expected and type(seen) is type(expected), f"changed: {seen!r}"
print("As described: of the maps one value is left, and a small number is no number.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
