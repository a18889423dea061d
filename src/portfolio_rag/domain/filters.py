"""Metadata filters: the JSON of Bedrock Knowledge Bases' `RetrievalFilter`, checked.

    {"equals": {"key": "team", "value": "storage"}}
    {"andAll": [{"in": {"key": "file_type", "value": ["md", "pdf"]}},
                {"greaterThan": {"key": "year", "value": 2023}}]}

Every operator means what Bedrock's own description says, `notIn` and `notEquals` for documents without the key too.
Comparisons of texts heed case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portfolio_rag.domain.errors import InvalidRequest

Scalar = str | int | float | bool

GROUP_OPERATORS = ("andAll", "orAll")
RANGE_OPERATORS = ("greaterThan", "greaterThanOrEquals", "lessThan", "lessThanOrEquals")
TEXT_OPERATORS = ("startsWith", "stringContains")
COMPARISON_OPERATORS = ("equals", "notEquals", "in", "notIn", *RANGE_OPERATORS, *TEXT_OPERATORS, "listContains")
OPERATORS = (*GROUP_OPERATORS, *COMPARISON_OPERATORS)
"""Those of a request. Access lists have one of their own besides, `listNotContains` (domain/access.py)."""

MAX_DEPTH = 5
MAX_CONDITIONS = 50
MAX_LIST_VALUES = 100
MAX_KEY_LENGTH = 256
MAX_TEXT_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Condition:
    """One of COMPARISON_OPERATORS, or `listNotContains`, with one attribute.

    `value` is a tuple for `in` and `notIn`, else a scalar.
    """

    operator: str
    key: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`andAll` or `orAll` over its members."""

    operator: str
    members: tuple[Filter, ...]


Filter = Condition | Group


def parse_filter(raw: Mapping[str, Any] | None) -> Filter | None:
    """The filter that `raw` spells, None for none or `{}`.

    Raises InvalidRequest that names the place in the filter and what to change.
    """
    if not raw:
        return None
    return _Parser().parse(raw, "filter", 1)


def matches(condition: Filter, attributes: Mapping[str, Any]) -> bool:
    """Whether a record with these attributes passes.

    A missing attribute passes `notEquals` and `listNotContains` and no other comparison; an empty list is a missing
    one.
    """
    if isinstance(condition, Group):
        quantifier = all if condition.operator == "andAll" else any
        return quantifier(matches(member, attributes) for member in condition.members)
    return _MATCHES[condition.operator](attributes.get(condition.key), condition.value)


class _Parser:
    def __init__(self) -> None:
        self._conditions = 0

    def parse(self, raw: Any, place: str, depth: int) -> Filter:
        if not isinstance(raw, Mapping) or len(raw) != 1:
            raise InvalidRequest(
                f"{place} must be an object with exactly one operator, for example "
                '{"equals": {"key": "team", "value": "storage"}}. Combine several with andAll or orAll.'
            )
        ((operator, body),) = raw.items()
        place = f"{place}.{operator}"
        if operator in GROUP_OPERATORS:
            return self._group(operator, body, place, depth)
        if operator not in COMPARISON_OPERATORS:
            raise InvalidRequest(f"{place} is not an operator. Use one of: {', '.join(OPERATORS)}.")
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise InvalidRequest(f"The filter has more than {MAX_CONDITIONS} conditions. Use `in` to list values.")
        return self._condition(operator, body, place)

    def _group(self, operator: str, body: Any, place: str, depth: int) -> Group:
        if depth >= MAX_DEPTH:
            raise InvalidRequest(f"{place} is nested deeper than {MAX_DEPTH} levels. Flatten the filter.")
        if not isinstance(body, list) or not body:
            raise InvalidRequest(f"{place} must be a non-empty list of filters.")
        if len(body) > MAX_CONDITIONS:
            raise InvalidRequest(f"{place} has more than {MAX_CONDITIONS} members. Use `in` to list values.")
        members = (self.parse(member, f"{place}[{n}]", depth + 1) for n, member in enumerate(body))
        return Group(operator, tuple(members))

    def _condition(self, operator: str, body: Any, place: str) -> Condition:
        if not isinstance(body, Mapping) or set(body) != {"key", "value"}:
            raise InvalidRequest(f'{place} must be an object with "key" and "value" and nothing else.')
        key, value = body["key"], body["value"]
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH or key[0] in "$#":
            raise InvalidRequest(
                f"{place}.key must be the name of an attribute: 1 to {MAX_KEY_LENGTH} characters, "
                "not starting with $ or #."
            )
        if operator in ("in", "notIn"):
            return Condition(operator, key, self._values(value, f"{place}.value"))
        self._check_scalar(value, f"{place}.value")
        if operator in RANGE_OPERATORS and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidRequest(f"{place}.value must be a number: {operator} compares numbers only.")
        if operator == "listContains" and not isinstance(value, str):
            raise InvalidRequest(f"{place}.value must be a text: lists hold texts.")
        if operator in TEXT_OPERATORS and not isinstance(value, str):
            raise InvalidRequest(f"{place}.value must be a text: {operator} looks into texts.")
        return Condition(operator, key, value)

    def _values(self, value: Any, place: str) -> tuple[Scalar, ...]:
        if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST_VALUES:
            raise InvalidRequest(f"{place} must be a list of 1 to {MAX_LIST_VALUES} values.")
        for n, item in enumerate(value):
            self._check_scalar(item, f"{place}[{n}]")
        if len({_kind(item) for item in value}) > 1:
            raise InvalidRequest(f"{place} must hold values of one type: all texts, all numbers or all booleans.")
        return tuple(value)

    @staticmethod
    def _check_scalar(value: Any, place: str) -> None:
        if not isinstance(value, str | int | float):
            raise InvalidRequest(f"{place} must be a text, a number, true or false.")
        if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
            raise InvalidRequest(f"{place} must be at most {MAX_TEXT_LENGTH} characters.")
        # JSON's own grammar has no NaN, Python's reader lets it pass; Chroma would answer with a server error.
        if isinstance(value, float) and value - value != 0:
            raise InvalidRequest(f"{place} must be a finite number.")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise InvalidRequest(f"{place} must fit in 64 bits.")


def _kind(value: Scalar) -> type:
    return str if isinstance(value, str) else bool if isinstance(value, bool) else float


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(attribute: Any, value: Any) -> bool:
    """Equality as Chroma has it: 3 is 3.0, but true is not 1."""
    return isinstance(attribute, str | int | float) and _kind(attribute) is _kind(value) and bool(attribute == value)


def _not_in(attribute: Any, values: Any) -> bool:
    return attribute not in (None, []) and not any(_same(attribute, value) for value in values)


def _contains(attribute: Any, value: str) -> bool:
    """Of a list, one of its members does."""
    texts = attribute if isinstance(attribute, list) else [attribute]
    return any(isinstance(text, str) and value in text for text in texts)


def _range(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(attribute: Any, value: Any) -> bool:
        # A request compares numbers only; times are texts that sort, and compared by our own conditions.
        both = _is_number if not isinstance(value, str) else lambda content: isinstance(content, str)
        return both(attribute) and test(attribute, value)

    return holds


_MATCHES: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "notEquals": lambda attribute, value: not _same(attribute, value),
    "in": lambda attribute, values: any(_same(attribute, value) for value in values),
    "notIn": _not_in,
    "greaterThan": _range(lambda attribute, value: attribute > value),
    "greaterThanOrEquals": _range(lambda attribute, value: attribute >= value),
    "lessThan": _range(lambda attribute, value: attribute < value),
    "lessThanOrEquals": _range(lambda attribute, value: attribute <= value),
    "startsWith": lambda attribute, value: isinstance(attribute, str) and attribute.startswith(value),
    "stringContains": _contains,
    "listContains": lambda attribute, value: isinstance(attribute, list) and value in attribute,
    "listNotContains": lambda attribute, value: not (isinstance(attribute, list) and value in attribute),
}
