"""Metadata filters on the attributes of documents in the file of `sqlite_file`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portfolio_rag.domain.access import access_attributes
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Condition, Filter, Scalar

_TEXT, _NUMBER, _BOOLEAN, _ITEM = "text", "number", "boolean", "item"

_FIRST_SURROGATE, _BEHIND_SURROGATES, _LAST_CODE_POINT = 0xD800, 0xE000, 0x10FFFF
"""No text holds a code point from the first to before the second."""

_COMPARISONS = {
    "equals": "= ?",
    "notEquals": "= ?",
    "greaterThan": "> ?",
    "greaterThanOrEquals": ">= ?",
    "lessThan": "< ?",
    "lessThanOrEquals": "<= ?",
    "listContains": "= ?",
    "listNotContains": "= ?",
}


def attributes_of(version: DocumentVersion) -> dict[str, Any]:
    """What filters may ask of a document: as in the metadata of its vectors."""
    return {
        **version.metadata,
        **access_attributes(version),
        "document_id": version.document_id,
        "version": version.version,
        "file_type": version.file_type,
        "filename": version.filename,
        "s3_key": version.logical_key,
        "upload_timestamp": version.upload_timestamp,
    }


def attribute_rows(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str, Scalar]]:
    """Key, kind and value of each; one row for each item of a list."""
    for key, value in attributes.items():
        if isinstance(value, list):
            for item in value:
                yield key, _ITEM, item
        else:
            yield key, _kind(value), value


def document_condition(where: Filter, column: str) -> tuple[str, list[Scalar]]:
    """A condition on `column`, which holds the number of a document, that says what the filter says; its values."""
    if isinstance(where, Condition):
        return _condition(where, column)
    parts = [document_condition(member, column) for member in where.members]
    joined = (" AND " if where.operator == "andAll" else " OR ").join(f"({sql})" for sql, _ in parts)
    return joined, [value for _, values in parts for value in values]


def _condition(condition: Condition, column: str) -> tuple[str, list[Scalar]]:
    if condition.operator in _TEXT_CONDITIONS:
        return _text_condition(condition, column)
    if condition.operator == "notIn":
        without, values = _membership(condition, column)
        has_key = f"{column} IN (SELECT document FROM attributes WHERE key = ?)"  # noqa: S608
        return f"{has_key} AND {without}", [condition.key, *values]
    return _membership(condition, column)


def _text_condition(condition: Condition, column: str) -> tuple[str, list[Scalar]]:
    value = str(condition.value)
    test, values = _TEXT_CONDITIONS[condition.operator](value)
    return f"{column} IN (SELECT document FROM attributes WHERE key = ? AND {test})", [condition.key, *values]  # noqa: S608


def _starts_with(value: str) -> tuple[str, list[Scalar]]:
    """A range of the index: texts are in the order of their code points."""
    after = _successor(value)
    test = "kind = 'text' AND value >= ?"
    return (test, [value]) if after is None else (f"{test} AND value < ?", [value, after])


def _contains(value: str) -> tuple[str, list[Scalar]]:
    return "kind IN ('text', 'item') AND instr(value, ?) > 0", [value]


_TEXT_CONDITIONS = {"startsWith": _starts_with, "stringContains": _contains}


def _successor(prefix: str) -> str | None:
    """The first text behind all that begin with `prefix`; None where there is none."""
    for length in range(len(prefix), 0, -1):
        code = ord(prefix[length - 1]) + 1
        if code <= _LAST_CODE_POINT:
            return prefix[: length - 1] + chr(_BEHIND_SURROGATES if code == _FIRST_SURROGATE else code)
    return None


def _membership(condition: Condition, column: str) -> tuple[str, list[Scalar]]:
    values = list(condition.value) if isinstance(condition.value, tuple) else [condition.value]
    comparison = _COMPARISONS.get(condition.operator) or f"IN ({', '.join('?' * len(values))})"
    kind = _ITEM if condition.operator in ("listContains", "listNotContains") else _kind(values[0])
    holds = "NOT IN" if condition.operator in ("notEquals", "notIn", "listNotContains") else "IN"
    wanted = f"SELECT document FROM attributes WHERE key = ? AND kind = ? AND value {comparison}"  # noqa: S608
    return f"{column} {holds} ({wanted})", [condition.key, kind, *values]


def _kind(value: Scalar) -> str:
    return _TEXT if isinstance(value, str) else _BOOLEAN if isinstance(value, bool) else _NUMBER
