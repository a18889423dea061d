"""Metadata filters as Chroma's `where`.

Chroma cannot look into texts, nor ask whether a key is there. What it cannot say is left to `domain.filters.matches`:
its `where` then lets more pass, never less.

Under Chroma Cloud's quotas that is more: comparisons beyond their number, and attributes that are stored as JSON
(attributes.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portfolio_rag.adapters.chroma.attributes import MORE, is_native
from portfolio_rag.domain.filters import RANGE_OPERATORS, TEXT_OPERATORS, Condition, Filter, Group, Scalar

_GROUPS = {"andAll": "$and", "orAll": "$or"}


@dataclass(frozen=True, slots=True)
class ChromaFilter:
    """`where`: None lets everything pass. `is_exact`: it lets pass what the filter does; otherwise more."""

    where: dict[str, Any] | None
    is_exact: bool


def within_quotas(condition: Filter, predicates: int) -> ChromaFilter:
    """The filter with at most so many comparisons, one of which lets every window pass that has attributes as JSON."""
    where = _weakened(_native_part(condition), predicates - 1)
    return ChromaFilter(where and {"$or": [where, {MORE: {"$gte": 1}}]}, is_exact=False)


def to_chroma(condition: Filter) -> ChromaFilter:
    """The filter as Chroma can say it."""
    if isinstance(condition, Condition):
        if condition.operator in TEXT_OPERATORS or (
            condition.operator in RANGE_OPERATORS and isinstance(condition.value, str)
        ):
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


def _native_part(condition: Filter) -> dict[str, Any] | None:
    """Its `where`, without what Chroma cannot see in a window whose attributes are stored within the quotas."""
    if isinstance(condition, Condition):
        return to_chroma(condition).where if is_native(condition.key, condition.value) else None
    members = [ChromaFilter(_native_part(member), is_exact=False) for member in condition.members]
    return _joined(condition, members)


def _weakened(where: dict[str, Any] | None, predicates: int) -> dict[str, Any] | None:
    """With at most so many comparisons: of an `$and` the members that fit, the shortest first; an `$or` needs all."""
    if where is None or _comparisons(where) <= predicates:
        return where
    conditions = where.get("$and", ())
    kept: list[dict[str, Any]] = []
    for member in sorted(conditions, key=_comparisons):
        part = _weakened(member, predicates - sum(map(_comparisons, kept)))
        if part is not None:
            kept.append(part)
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else {"$and": kept}


def _comparisons(where: dict[str, Any]) -> int:
    members = where.get("$and") or where.get("$or")
    return sum(map(_comparisons, members)) if members else 1


def _in(key: str, values: Any) -> dict[str, Any]:
    lists = _lists(values)
    return {key: {"$in": lists[0]}} if len(lists) == 1 else {"$or": [{key: {"$in": one_type}} for one_type in lists]}


def _not_in(key: str, values: Any) -> dict[str, Any]:
    """Records without the key pass, too."""
    lists = _lists(values)
    return {key: {"$nin": lists[0]}} if len(lists) == 1 else {"$and": [{key: {"$nin": one_type}} for one_type in lists]}


def _lists(values: Any) -> list[list[Any]]:
    """Numbers once as whole numbers and once as floats: Chroma wants one type in a list, and finds that one alone."""
    if not _is_number(values[0]):
        return [list(values)]
    whole = [int(value) for value in values if float(value).is_integer()]
    floats = [float(value) for value in values if float(value) == value]
    return [numbers for numbers in (whole, floats) if numbers]


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
