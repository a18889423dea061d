#!/usr/bin/env bash
# haystack-ai 3.4.1 (PyPI, CPython 3.11): joined with distribution_based_rank_fusion, the only hit of a retriever keeps its
# raw score among scaled ones.
#
# Behaviour: the mode brings the scores of several retrievers to one scale, about 0 to 1. If a retriever has one hit, or
# several of the same score, they stay as they are: a lone keyword hit of 12.0 stands before all others whatever they are, one
# of 0.1 behind all, and a lone vector hit of 0.9 before the best of three keyword hits. With a second hit for the same
# query the order turns. Besides, a document that both find is no better than its better place.
# Reason: a deviation of 0 is taken apart, and the score left unscaled (`_distribution_based_rank_fusion` in
# components/joiners/document_joiner.py); upstream issue 12507 is about the 0.0 that was there before. That the better place
# counts is said in a docstring of that function, and not where the mode is documented.
# Expected: a place in the middle for scores that cannot be scaled, and the sum for a document that both find, as
# `distribution_based_score_fusion` of qdrant-client 1.20.0 does.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet haystack-ai==3.4.1 qdrant-client==1.20.0

cat > "$folder/check.py" <<'PYTHON'
import os
from importlib.metadata import version

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
from haystack import Document
from haystack.components.joiners import DocumentJoiner
from qdrant_client import models
from qdrant_client.hybrid.fusion import distribution_based_score_fusion

VECTORS = {"v1": 0.9, "v2": 0.8, "v3": 0.7}
WORDS = {"w1": 12.0, "w2": 11.0, "w3": 2.0}


def with_haystack(*lists: dict[str, float]) -> dict[str, float]:
    joiner = DocumentJoiner(join_mode="distribution_based_rank_fusion")
    documents = [[Document(id=name, content=name, score=score) for name, score in hits.items()] for hits in lists]
    return {document.id: round(document.score, 2) for document in joiner.run(documents)["documents"]}


def with_qdrant(*lists: dict[str, float]) -> dict[str, float]:
    hits = [[models.ScoredPoint(id=name, version=0, score=score) for name, score in hits.items()] for hits in lists]
    return {point.id: round(point.score, 2) for point in distribution_based_score_fusion(hits, limit=10)}


def both(title: str, *lists: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    seen, witness = with_haystack(*lists), with_qdrant(*lists)
    print(f"{title}: {seen}\n  qdrant-client: {witness}")
    assert all(0 < score < len(lists) for score in witness.values()), "the witness is not scaled, either"
    return seen, witness


print(f"haystack-ai {version('haystack-ai')}, qdrant-client {version('qdrant-client')}")
seen, witness = both("three hits each", VECTORS, WORDS)
assert all(0 < score < 1 for score in seen.values()), "the input is not sound: nothing is scaled"
assert list(seen)[0] == list(witness)[0] == "v1", "the input is not sound"

seen, witness = both("a lone keyword hit", VECTORS, {"w1": 12.0})
assert list(seen)[0] == "w1" and seen["w1"] == 12.0, f"changed: {seen}"
assert list(witness)[0] == "v1" and witness["w1"] == 0.5, "the witness puts it first, too"

seen, witness = both("a weak one", VECTORS, {"w1": 0.1})
assert list(seen)[-1] == "w1" and seen["w1"] == 0.1, f"changed: {seen}"
assert witness["w1"] == 0.5, "the witness keeps its score, too"

seen, witness = both("two keyword hits", VECTORS, {"w1": 12.0, "w2": 11.0})
assert list(seen)[0] == "v1", f"changed: {seen}"

seen, witness = both("a lone vector hit", {"v1": 0.9}, WORDS)
assert list(seen)[0] == "v1" and seen["v1"] == 0.9, f"changed: {seen}"
assert list(witness)[0] == "w1", "the witness puts it first, too"

seen, witness = both("two of the same score", {"v1": 0.9, "v2": 0.9}, WORDS)
assert list(seen)[:2] == ["v1", "v2"], f"changed: {seen}"

seen, witness = both("found by both", {**VECTORS, "x": 0.75}, {"w1": 12.0, "x": 11.0, "w3": 2.0})
assert list(witness)[0] == "x", "the witness does not add the scores, either"
assert list(seen).index("x") == 2, f"changed: {seen}"
print("As described: the only hit of a retriever keeps its raw score.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
