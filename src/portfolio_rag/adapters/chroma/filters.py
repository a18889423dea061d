"""Metadata filters as Chroma's `where`.

Chroma cannot look into texts, nor ask whether a key is there. What it cannot say is left to `domain.filters.matches`:
its `where` then lets more pass, never less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portfolio_rag.domain.filters import TEXT_OPERATORS, Condition, Filter, Group, Scalar

_GROUPS = {"andAll": "$and", "orAll": "$or"}


@dataclass(frozen=True, slots=True)
class ChromaFilter:
    """`where`: None lets everything pass. `is_exact`: it lets pass what the filter does; otherwise more."""

    where: dict[str, Any] | None
    is_exact: bool


def to_chroma(condition: Filter) -> ChromaFilter:
    """The filter as Chroma can say it."""
    if isinstance(condition, Condition):
        if condition.operator in TEXT_OPERATORS:
            return ChromaFilter(None, is_exact=False)
        where = _COMPARISONS[condition.operator](condition.key, condition.value)
        return ChromaFilter(where, is_exact=condition.operator != "notIn")
    members = [to_chroma(member) for member in condition.members]
    return ChromaFilter(_joined(condition, members), all(member.is_exact for member in members))


def _joined(group: Group, members: list[ChromaFilter]) -> dict[str, Any] | None:
    conditions = [member.where for member in members if member.where is not None]
    if not conditions or (group.operator == "orAll" and len(conditions) < len(members)):
        return None
    # Chroma refuses $and and $or with a single member.
    return conditions[0] if len(conditions) == 1 else {_GROUPS[group.operator]: conditions}


def _in(key: str, values: Any) -> dict[str, Any]:
    if _is_number(values[0]) and len(values) > 1:
        # Chroma wants one type in a list, and an int list would miss values stored as floats.
        return {"$or": [{key: {"$eq": value}} for value in values]}
    return {key: {"$in": list(values)}}


def _not_in(key: str, values: Any) -> dict[str, Any]:
    """Records without the key pass, too."""
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
