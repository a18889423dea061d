from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.filters import MAX_CONDITIONS, MAX_DEPTH, matches, parse_filter


@pytest.mark.parametrize("raw", [None, {}])
def test_no_filter(raw: dict[str, Any] | None) -> None:
    assert parse_filter(raw) is None


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"equals": {"key": "a", "value": 1}}
    for _ in range(depth - 1):
        made = {"andAll": [made]}
    return made


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ({"equals": {"key": "a", "value": 1}, "in": {}}, "exactly one operator"),
        ({"like": {"key": "a", "value": 1}}, "Use one of: andAll, orAll, equals"),
        ({"startsWith": {"key": "a", "value": 3}}, "startsWith looks into texts"),
        ({"stringContains": {"key": "a", "value": ["b"]}}, "a text, a number, true or false"),
        ({"equals": {"key": "a"}}, '"key" and "value"'),
        ({"equals": {"key": "", "value": 1}}, "name of an attribute"),
        ({"equals": {"key": "$or", "value": 1}}, "not starting with $"),
        ({"equals": {"key": "a", "value": None}}, "a text, a number, true or false"),
        ({"equals": {"key": "a", "value": {"$gt": 1}}}, "a text, a number, true or false"),
        ({"equals": {"key": "a", "value": float("nan")}}, "finite"),
        ({"equals": {"key": "a", "value": 2**63}}, "64 bits"),
        ({"equals": {"key": "a", "value": "x" * 3000}}, "at most 2048 characters"),
        ({"greaterThan": {"key": "a", "value": "2024"}}, "must be a number"),
        ({"lessThan": {"key": "a", "value": True}}, "must be a number"),
        ({"in": {"key": "a", "value": "md"}}, "list of 1 to 100"),
        ({"in": {"key": "a", "value": []}}, "list of 1 to 100"),
        ({"in": {"key": "a", "value": list(range(101))}}, "list of 1 to 100"),
        ({"in": {"key": "a", "value": [1, "b"]}}, "one type"),
        ({"listContains": {"key": "a", "value": 3}}, "lists hold texts"),
        ({"andAll": []}, "non-empty list"),
        ({"andAll": {"equals": {"key": "a", "value": 1}}}, "non-empty list"),
        ({"orAll": [{"equals": {"key": "a", "value": 1}}] * (MAX_CONDITIONS + 1)}, "more than 50"),
        (nested(MAX_DEPTH + 1), "nested deeper than 5"),
    ],
)
def test_a_wrong_filter_is_refused_with_what_to_change(raw: dict[str, Any], hint: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_filter(raw)
    assert hint in str(refused.value)
    assert str(refused.value).startswith(("filter", "The filter"))


def test_conditions_are_bounded_over_all_groups() -> None:
    group = {"orAll": [{"equals": {"key": "a", "value": 1}}] * 20}
    with pytest.raises(InvalidRequest, match="more than 50 conditions"):
        parse_filter({"andAll": [group, group, group]})


def test_the_message_names_the_place() -> None:
    with pytest.raises(InvalidRequest, match=r"filter\.andAll\[1\]\.in\.value"):
        parse_filter({"andAll": [{"equals": {"key": "a", "value": 1}}, {"in": {"key": "b", "value": 3}}]})


def test_the_deepest_allowed_filter_passes() -> None:
    assert parse_filter(nested(MAX_DEPTH)) is not None


@pytest.mark.parametrize(
    ("raw", "attributes", "passes"),
    [
        ({"equals": {"key": "n", "value": 3}}, {"n": 3.0}, True),
        ({"equals": {"key": "n", "value": 1}}, {"n": True}, False),
        ({"equals": {"key": "n", "value": 1}}, {}, False),
        ({"notEquals": {"key": "n", "value": 1}}, {}, True),
        ({"notIn": {"key": "n", "value": ["a"]}}, {}, False),
        ({"notIn": {"key": "n", "value": ["a"]}}, {"n": []}, False),
        ({"notIn": {"key": "n", "value": ["a"]}}, {"n": "b"}, True),
        ({"notIn": {"key": "n", "value": ["a"]}}, {"n": 3}, True),
        ({"notIn": {"key": "n", "value": ["a"]}}, {"n": ["a"]}, True),
        ({"startsWith": {"key": "n", "value": "ab"}}, {"n": "abc"}, True),
        ({"startsWith": {"key": "n", "value": "ab"}}, {"n": "Abc"}, False),
        ({"startsWith": {"key": "n", "value": "ab"}}, {"n": ["abc"]}, False),
        ({"startsWith": {"key": "n", "value": ""}}, {}, False),
        ({"stringContains": {"key": "n", "value": "bc"}}, {"n": "abcd"}, True),
        ({"stringContains": {"key": "n", "value": "bc"}}, {"n": ["x", "abcd"]}, True),
        ({"stringContains": {"key": "n", "value": "3"}}, {"n": 3}, False),
        ({"stringContains": {"key": "n", "value": "bc"}}, {}, False),
        ({"in": {"key": "n", "value": ["a", "b"]}}, {"n": "b"}, True),
        ({"greaterThan": {"key": "n", "value": 1}}, {"n": "2"}, False),
        ({"greaterThanOrEquals": {"key": "n", "value": 1}}, {"n": 1}, True),
        ({"lessThan": {"key": "n", "value": 1}}, {"n": 1}, False),
        ({"lessThanOrEquals": {"key": "n", "value": 1}}, {"n": 0.5}, True),
        ({"listContains": {"key": "n", "value": "a"}}, {"n": ["a", "b"]}, True),
        ({"listContains": {"key": "n", "value": "a"}}, {"n": "abc"}, False),
    ],
)
def test_matches_means_what_bedrock_means(raw: dict[str, Any], attributes: dict[str, Any], passes: bool) -> None:
    parsed = parse_filter(raw)
    assert parsed is not None
    assert matches(parsed, attributes) is passes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["equals", "in", "andAll", "orAll", "key", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["equals", "in", "andAll", "greaterThan", "x"]), JSON, max_size=2))
def test_any_json_is_either_a_filter_or_an_invalid_request(raw: dict[str, Any]) -> None:
    try:
        parsed = parse_filter(raw)
    except InvalidRequest:
        return
    if parsed is not None:
        assert matches(parsed, {"key": 1}) in (True, False)
