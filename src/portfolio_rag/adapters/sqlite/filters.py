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


def document_condition(where: Filter, column: str, *, probed: bool = False) -> tuple[str, list[Scalar]]:
    """A condition on `column`, which holds the number of a document, that says what the filter says; its values.

    `probed`: asked of few rows, whose attributes are looked up. Otherwise all documents that pass are looked up first,
    once: at 50,000 that pass, some 30 ms.
    """
    if isinstance(where, Condition):
        return _condition(where, column, _PROBED if probed else _LOOKED_UP)
    parts = [document_condition(member, column, probed=probed) for member in where.members]
    joined = (" AND " if where.operator == "andAll" else " OR ").join(f"({sql})" for sql, _ in parts)
    return joined, [value for _, values in parts for value in values]


_LOOKED_UP = "{column} IN (SELECT document FROM attributes WHERE {test})"
_PROBED = "EXISTS (SELECT 1 FROM attributes INDEXED BY attributes_of_document WHERE document = {column} AND {test})"


def _condition(condition: Condition, column: str, holds: str) -> tuple[str, list[Scalar]]:
    """`holds` says that the document has a row that passes a test."""
    if condition.operator in _TEXT_CONDITIONS:
        test, values = _TEXT_CONDITIONS[condition.operator](str(condition.value))
        return holds.format(column=column, test=f"key = ? AND {test}"), [condition.key, *values]
    test, values = _membership(condition)
    passes = holds.format(column=column, test=test)
    if condition.operator not in ("notEquals", "notIn", "listNotContains"):
        return passes, values
    if condition.operator == "notIn":
        return f"{holds.format(column=column, test='key = ?')} AND NOT {passes}", [condition.key, *values]
    return f"NOT {passes}", values


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


def _membership(condition: Condition) -> tuple[str, list[Scalar]]:
    values = list(condition.value) if isinstance(condition.value, tuple) else [condition.value]
    comparison = _COMPARISONS.get(condition.operator) or f"IN ({', '.join('?' * len(values))})"
    kind = _ITEM if condition.operator in ("listContains", "listNotContains") else _kind(values[0])
    return f"key = ? AND kind = ? AND value {comparison}", [condition.key, kind, *values]


def _kind(value: Scalar) -> str:
    return _TEXT if isinstance(value, str) else _BOOLEAN if isinstance(value, bool) else _NUMBER
