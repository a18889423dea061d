#!/usr/bin/env bash
# elasticsearch 9.5.1 and opensearch-py 3.2.0 (PyPI, CPython 3.11): excluding what matches at least two of three queries excludes
# what matches one of them.
#
# Behaviour: `~Q("bool", should=[a, b, c], minimum_should_match=2)`, and `Search().exclude` of the same, give a query that
# no document with even one of a, b and c matches. Beside a required query it is the same: "not (d and two of a, b, c)"
# leaves out documents that have d and one of them. With minimum_should_match=0, where nothing should be left, all is.
# Reason: `__invert__` of `Bool` in dsl/query.py (helpers/query.py of opensearch-py) puts the queries of `should` into
# `must_not` and drops their minimum; it asks only whether that is 0.
# Expected: what the query itself leaves over, as `Q("bool", must_not=[query])` has it. The queries are matched here by a few
# lines that follow the documented meaning of a bool query, for no server is needed to see what was built.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet elasticsearch==9.5.1 opensearch-py==3.2.0

cat > "$folder/check.py" <<'PYTHON'
import itertools
import json
from importlib.metadata import version

import elasticsearch.dsl
import opensearchpy

DOCUMENTS = ["".join(words) for count in range(5) for words in itertools.combinations("abcd", count)]


def listed(queries: dict | list[dict]) -> list[dict]:
    return queries if isinstance(queries, list) else [queries]


def matches(query: dict, document: str) -> bool:
    """Whether a document, a text of letters, has what a query of terms and bools asks for."""
    ((kind, body),) = query.items()
    if kind == "term":
        return body["word"] in document
    assert kind == "bool" and set(body) <= {"must", "filter", "must_not", "should", "minimum_should_match"}, query
    required = listed(body.get("must", [])) + listed(body.get("filter", []))
    should = listed(body.get("should", []))
    least = body.get("minimum_should_match", 1 if should and not required else 0)
    return (
        all(matches(other, document) for other in required)
        and not any(matches(other, document) for other in listed(body.get("must_not", [])))
        and sum(matches(other, document) for other in should) >= least
    )


def found(query: dict) -> set[str]:
    return {document for document in DOCUMENTS if matches(query, document)}


for name, library in (("elasticsearch", elasticsearch.dsl), ("opensearch-py", opensearchpy)):
    print(f"{name} {version(name)}")

    def term(word: str):
        return library.Q("term", word=word)

    def least(count: int, **more):
        return library.Q("bool", should=[term("a"), term("b"), term("c")], minimum_should_match=count, **more)

    assert found((~least(1)).to_dict()) == {"", "d"}, "the input is not sound"
    assert found((~(term("a") & term("b"))).to_dict()) == {d for d in DOCUMENTS if not {"a", "b"} <= set(d)}, "unsound"

    for query, seen_expected in (
        (least(2), {"", "d"}),
        (least(2, must=[term("d")]), {"", "a", "b", "c", "d", "ab", "ac", "bc", "abc"}),
        (least(0), set(DOCUMENTS)),
    ):
        rest = set(DOCUMENTS) - found(query.to_dict())
        witness = found(library.Q("bool", must_not=[query]).to_dict())
        seen = found((~query).to_dict())
        print(f"not {json.dumps(query.to_dict())}\n  is {json.dumps((~query).to_dict())}")
        print(f"  left out too much: {sorted(rest - seen)}, too little: {sorted(seen - rest)}")
        assert witness == rest, "the witness is wrong, too"
        assert seen == seen_expected != rest, f"changed: {sorted(seen)}"

    excluded = library.Search().exclude(least(2)).to_dict()["query"]
    print(f"exclude: {json.dumps(excluded)}")
    assert found(excluded) == {"", "d"}, f"changed: exclude leaves {sorted(found(excluded))}"
print("As described: excluding two of three excludes one of them.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
