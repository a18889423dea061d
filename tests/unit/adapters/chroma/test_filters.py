"""The domain's filters in Chroma's language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio_rag.adapters.chroma.filters import ChromaFilter, to_chroma, within_quotas
from portfolio_rag.domain.filters import COMPARISON_OPERATORS, GROUP_OPERATORS, Condition, Filter, Group, parse_filter

CASES = [
    ({"equals": {"key": "team", "value": "storage"}}, {"team": {"$eq": "storage"}}),
    ({"notEquals": {"key": "draft", "value": True}}, {"draft": {"$ne": True}}),
    ({"greaterThan": {"key": "year", "value": 2023}}, {"year": {"$gt": 2023}}),
    ({"greaterThanOrEquals": {"key": "year", "value": 2023.5}}, {"year": {"$gte": 2023.5}}),
    ({"lessThan": {"key": "year", "value": 1}}, {"year": {"$lt": 1}}),
    ({"lessThanOrEquals": {"key": "year", "value": 1}}, {"year": {"$lte": 1}}),
    ({"in": {"key": "type", "value": ["md", "pdf"]}}, {"type": {"$in": ["md", "pdf"]}}),
    ({"notIn": {"key": "type", "value": ["md"]}}, {"type": {"$nin": ["md"]}}),
    ({"in": {"key": "n", "value": [1, 2.5]}}, {"$or": [{"n": {"$in": [1]}}, {"n": {"$in": [1.0, 2.5]}}]}),
    ({"in": {"key": "n", "value": [0.5]}}, {"n": {"$in": [0.5]}}),
    ({"in": {"key": "n", "value": [2**53 + 1]}}, {"n": {"$in": [2**53 + 1]}}),
    ({"in": {"key": "b", "value": [True, False]}}, {"b": {"$in": [True, False]}}),
    ({"notIn": {"key": "n", "value": [1, 2]}}, {"$and": [{"n": {"$nin": [1, 2]}}, {"n": {"$nin": [1.0, 2.0]}}]}),
    ({"listContains": {"key": "tags", "value": "a"}}, {"tags": {"$contains": "a"}}),
    (
        {"andAll": [{"equals": {"key": "a", "value": 1}}, {"orAll": [{"equals": {"key": "b", "value": 2}}]}]},
        {"$and": [{"a": {"$eq": 1}}, {"b": {"$eq": 2}}]},
    ),
]


def test_the_operator_of_access_lists_has_one_too() -> None:
    asked = to_chroma(Condition("listNotContains", "acl_deny", "USER:ann"))
    assert asked == ChromaFilter({"acl_deny": {"$not_contains": "USER:ann"}}, is_exact=True)


@pytest.mark.parametrize(("raw", "chroma"), CASES)
def test_each_operator_has_its_counterpart_in_chroma(raw: dict[str, Any], chroma: dict[str, Any]) -> None:
    parsed = parse_filter(raw)
    assert parsed is not None
    assert to_chroma(parsed) == ChromaFilter(chroma, is_exact="notIn" not in raw)


EQUALS = {"equals": {"key": "a", "value": 1}}
STARTS = {"startsWith": {"key": "b", "value": "x"}}
HOLDS = {"stringContains": {"key": "b", "value": "x"}}


@pytest.mark.parametrize(
    ("raw", "chroma"),
    [
        (STARTS, None),
        (HOLDS, None),
        ({"andAll": [EQUALS, STARTS]}, {"a": {"$eq": 1}}),
        ({"andAll": [EQUALS, {"orAll": [EQUALS, HOLDS]}, EQUALS]}, {"$and": [{"a": {"$eq": 1}}, {"a": {"$eq": 1}}]}),
        ({"orAll": [EQUALS, STARTS]}, None),
        ({"andAll": [STARTS, HOLDS]}, None),
    ],
)
def test_what_chroma_cannot_say_lets_more_pass(raw: dict[str, Any], chroma: dict[str, Any] | None) -> None:
    parsed = parse_filter(raw)
    assert parsed is not None
    assert to_chroma(parsed) == ChromaFilter(chroma, is_exact=False)


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
CONDITIONS = st.builds(
    lambda operator, value: Condition(operator, "key", (value, value) if operator in ("in", "notIn") else value),
    st.sampled_from(COMPARISON_OPERATORS),
    SCALARS,
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    CONDITIONS,
    lambda inner: st.builds(
        Group, st.sampled_from(GROUP_OPERATORS), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


@given(FILTERS)
def test_every_filter_has_one(condition: Filter) -> None:
    asked = to_chroma(condition)
    assert asked.where or not asked.is_exact


def _size(where: Any) -> int:
    inner = where.get("$and") or where.get("$or") if where else None
    return sum(map(_size, inner)) if inner else bool(where)


@given(FILTERS, st.integers(2, 8))
def test_within_quotas_every_filter_has_so_many_comparisons_at_most(condition: Filter, predicates: int) -> None:
    asked = within_quotas(condition, predicates)
    assert _size(asked.where) <= predicates
    assert not asked.is_exact


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (EQUALS, {"a": {"$eq": 1}}),
        ({"andAll": [EQUALS] * 4}, {"$and": [{"a": {"$eq": 1}}] * 3}),
        ({"andAll": [{"orAll": [EQUALS] * 4}, EQUALS]}, {"a": {"$eq": 1}}),
        (
            {"andAll": [{"orAll": [EQUALS] * 2}, EQUALS]},
            {"$and": [{"$or": [{"a": {"$eq": 1}}] * 2}, {"a": {"$eq": 1}}]},
        ),
        ({"andAll": [{"equals": {"key": "k" * 37, "value": 1}}, EQUALS]}, {"a": {"$eq": 1}}),
    ],
)
def test_within_quotas_what_goes_beyond_is_left_to_us(raw: dict[str, Any], kept: dict[str, Any]) -> None:
    parsed = parse_filter(raw)
    assert parsed is not None
    assert within_quotas(parsed, 4).where == {"$or": [kept, {"more": {"$gte": 1}}]}


@pytest.mark.parametrize(
    "raw",
    [
        {"orAll": [EQUALS] * 4},
        {"orAll": [EQUALS, {"equals": {"key": "k" * 37, "value": 1}}]},
        {"equals": {"key": "more_0", "value": 1}},
        {"in": {"key": "a", "value": ["\u2603" * 2000] * 2}},
    ],
)
def test_within_quotas_some_filters_are_ours_alone(raw: dict[str, Any]) -> None:
    parsed = parse_filter(raw)
    assert parsed is not None
    assert within_quotas(parsed, 4) == ChromaFilter(None, is_exact=False)
