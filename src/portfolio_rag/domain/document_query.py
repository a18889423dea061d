"""What somebody looks for in the list of documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import DocumentVersion


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """A version passes that has all of it, whether letters are upper or lower case.

    `name` is a part of the path, folder included. Each of `attributes` is `key:value`, of a custom attribute or of
    `file_type`; of a list, one member's value.
    """

    name: str = ""
    attributes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.name or self.attributes)

    def passes(self, version: DocumentVersion) -> bool:
        if self.name.casefold() not in keys.logical_key_of(version.s3_key).casefold():
            return False
        return not self.attributes or set(map(str.casefold, self.attributes)) <= set(_pairs(version))


EVERYTHING = DocumentQuery()


def written_pair(key: str, value: AttributeValue) -> str:
    """`key:value` as it is compared; the value as JSON has it: `true`, and 2026 also where it is stored as 2026.0."""
    if isinstance(value, bool):
        return f"{key}:{value}".casefold()
    return f"{key}:{int(value) if isinstance(value, float) and value.is_integer() else value}".casefold()


def _pairs(version: DocumentVersion) -> Iterator[str]:
    yield written_pair("file_type", version.file_type)
    for key, value in version.metadata.items():
        for member in value if isinstance(value, list) else [value]:
            yield written_pair(key, member)
