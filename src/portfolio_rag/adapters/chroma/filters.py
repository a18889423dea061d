"""Metadata filters as Chroma's `where`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portfolio_rag.domain.filters import Filter, Group, Scalar

_GROUPS = {"andAll": "$and", "orAll": "$or"}


def to_chroma(condition: Filter) -> dict[str, Any]:
    """The same filter as a Chroma `where`."""
    if isinstance(condition, Group):
        members = [to_chroma(member) for member in condition.members]
        # Chroma refuses $and and $or with a single member.
        return members[0] if len(members) == 1 else {_GROUPS[condition.operator]: members}
    return _COMPARISONS[condition.operator](condition.key, condition.value)


def _in(key: str, values: Any) -> dict[str, Any]:
    if _is_number(values[0]) and len(values) > 1:
        # Chroma wants one type in a list, and an int list would miss values stored as floats.
        return {"$or": [{key: {"$eq": value}} for value in values]}
    return {key: {"$in": list(values)}}


def _not_in(key: str, values: Any) -> dict[str, Any]:
    if _is_number(values[0]) and len(values) > 1:
        return {"$and": [{key: {"$ne": value}} for value in values]}
    return {key: {"$nin": list(values)}}


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(operator: str) -> Callable[[str, Any], dict[str, Any]]:
    return lambda key, value: {key: {operator: value}}


_COMPARISONS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "equals": _plain("$eq"),
    "notEquals": _plain("$ne"),
    "in": _in,
    "notIn": _not_in,
    "greaterThan": _plain("$gt"),
    "greaterThanOrEquals": _plain("$gte"),
    "lessThan": _plain("$lt"),
    "lessThanOrEquals": _plain("$lte"),
    "listContains": _plain("$contains"),
    "listNotContains": _plain("$not_contains"),
}
