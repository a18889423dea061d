"""The metadata filter as OpenAPI describes it; `portfolio_rag.domain.filters` is what checks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, SkipValidation, with_config
from typing_extensions import TypedDict

from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.filters import Filter, parse_filter

_KEY = "A built-in attribute (document_id, file_type, filename, s3_key, upload_timestamp) or one of your own."

_NOT_RESERVED = r"^[^$#]"
_Size = Field(min_length=1, max_length=100)
_Values = Annotated[list[str], _Size] | Annotated[list[float], _Size] | Annotated[list[bool], _Size]

Key = Annotated[str, Field(description=_KEY, min_length=1, max_length=256, pattern=_NOT_RESERVED, examples=["service"])]


@with_config(ConfigDict(extra="forbid"))
class Comparison(TypedDict):
    """One attribute against one value of the same type."""

    key: Key
    value: Annotated[str | float | bool, Field(description="A text, a number, true or false.", examples=["sqs"])]


@with_config(ConfigDict(extra="forbid"))
class NumberComparison(TypedDict):
    """One numeric attribute against a number."""

    key: Annotated[str, Field(description=_KEY, min_length=1, max_length=256, pattern=_NOT_RESERVED, examples=["year"])]
    value: Annotated[float, Field(description="A number.", examples=[2025])]


@with_config(ConfigDict(extra="forbid"))
class ListComparison(TypedDict):
    """One attribute against several values of one type."""

    key: Annotated[
        str, Field(description=_KEY, min_length=1, max_length=256, pattern=_NOT_RESERVED, examples=["file_type"])
    ]
    value: Annotated[_Values, Field(description="1 to 100 values of one type.", examples=[["md", "pdf"]])]


@with_config(ConfigDict(extra="forbid"))
class MemberComparison(TypedDict):
    """One attribute that is a list of texts against one text."""

    key: Annotated[
        str, Field(description=_KEY, min_length=1, max_length=256, pattern=_NOT_RESERVED, examples=["topics"])
    ]
    value: Annotated[str, Field(description="The text that the list must hold.", examples=["messaging"])]


@with_config(ConfigDict(extra="forbid"))
class TextComparison(TypedDict):
    """One attribute against a part of a text; upper and lower case differ."""

    key: Annotated[
        str, Field(description=_KEY, min_length=1, max_length=256, pattern=_NOT_RESERVED, examples=["s3_key"])
    ]
    value: Annotated[str, Field(description="The part of the text.", examples=["guides/"])]


_Members = Annotated[
    list["MetadataFilter"], Field(description="1 to 50 filters, nested at most 5 deep.", min_length=1, max_length=50)
]

# Written as a call: `in` is a keyword of Python.
MetadataFilter = TypedDict(
    "MetadataFilter",
    {
        "equals": Annotated[Comparison, Field(description="The attribute has this value.")],
        "notEquals": Annotated[Comparison, Field(description="The attribute has another value, or is missing.")],
        "in": Annotated[ListComparison, Field(description="The attribute has one of these values.")],
        "notIn": Annotated[ListComparison, Field(description="The attribute is there and has none of these values.")],
        "greaterThan": Annotated[NumberComparison, Field(description="The attribute is above the number.")],
        "greaterThanOrEquals": Annotated[NumberComparison, Field(description="The attribute is the number or above.")],
        "lessThan": Annotated[NumberComparison, Field(description="The attribute is below the number.")],
        "lessThanOrEquals": Annotated[NumberComparison, Field(description="The attribute is the number or below.")],
        "startsWith": Annotated[TextComparison, Field(description="The attribute is a text that begins so.")],
        "stringContains": Annotated[
            TextComparison,
            Field(description="The attribute is a text that holds this one, or a list with a member that does."),
        ],
        "listContains": Annotated[MemberComparison, Field(description="The attribute, a list, holds this text.")],
        "andAll": Annotated[_Members, Field(description="Every member holds.")],
        "orAll": Annotated[_Members, Field(description="At least one member holds.")],
    },
    total=False,
)

with_config(
    ConfigDict(
        extra="forbid",
        json_schema_extra={
            "description": (
                "Which documents may answer, in the syntax of Bedrock Knowledge Bases' RetrievalFilter: an object "
                "with exactly one operator; `andAll` and `orAll` combine several. Each means what it means there: "
                "documents that lack the attribute pass `notEquals` and no other comparison."
            ),
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [
                {"equals": {"key": "service", "value": "sqs"}},
                {
                    "andAll": [
                        {"in": {"key": "file_type", "value": ["md", "pdf"]}},
                        {"greaterThanOrEquals": {"key": "year", "value": 2025}},
                    ]
                },
            ],
        },
    )
)(MetadataFilter)


def _is_object(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("must be an object with exactly one operator")
    return value


FilterField = Annotated[SkipValidation[MetadataFilter], AfterValidator(_is_object)]
"""Documented in full, checked only to be an object with something in it: the parser says better what is wrong."""


def parse_where(raw: Mapping[str, Any] | None) -> Filter | None:
    """The filter of a request. Raises InvalidRequest with what to change."""
    parsed = parse_filter(raw)
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("The filter holds half of a surrogate pair. Send valid Unicode.") from None
    return parsed
