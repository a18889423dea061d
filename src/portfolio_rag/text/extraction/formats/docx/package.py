"""The archive of a Word document (OPC, ECMA-376 part 2): its parts, their relationships, their XML.

Parts are unpacked when they are asked for. A relationship that leads nowhere is common and no damage. The strict form
of the standard differs from what Word writes in the addresses of its namespaces, which are brought to one form here.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from lxml import etree

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction import archives
from portfolio_rag.text.extraction.formats.docx.names import qn

_WHAT = "Word document"

_STRICT = re.compile(rb"(?<=[\"'])http://purl\.oclc\.org/ooxml/([A-Za-z]+)/([A-Za-z/]+)(?=[\"'])")
_UNREADABLE = (
    KeyError,
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    zipfile.BadZipFile,
    etree.XMLSyntaxError,
)
"""What zipfile, zlib and lxml raise for entries that are broken."""


class UnreadablePart(Exception):
    """A part of the archive is missing, or its bytes are damaged."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """`target` is the name of a part, or an address where `is_external`. `kind` is the last word of its type."""

    kind: str
    target: str
    is_external: bool


class Package:
    """An archive. Raises DocumentRejected: MALFORMED, ENCRYPTED, or LIMIT_EXCEEDED for what looks like a bomb."""

    def __init__(self, data: bytes) -> None:
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            archives.check_entries(self._archive.infolist(), _WHAT)
        except zipfile.BadZipFile as error:
            raise malformed() from error
        self._names = {_folded(name): name for name in self._archive.namelist()}
        self._relationships: dict[str, dict[str, Relationship]] = {}

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises UnreadablePart."""
        try:
            return self._archive.read(self._names[_folded(part)])
        except _UNREADABLE as error:
            raise UnreadablePart(part) from error

    def xml(self, part: str) -> Any:
        """The root element of a part. Raises UnreadablePart."""
        data = self.read(part)
        if b"purl.oclc.org/ooxml" in data:
            data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
        # Entities are neither read nor replaced: a document has no use for them, an attacker does.
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            return etree.fromstring(data, parser)
        except _UNREADABLE as error:
            raise UnreadablePart(part) from error

    def relationships(self, part: str) -> dict[str, Relationship]:
        """By id, of a part, or of the whole package for the empty name; none where they are missing or damaged."""
        if part not in self._relationships:
            self._relationships[part] = dict(self._read_relationships(part))
        return self._relationships[part]

    def related(self, part: str, kind: str) -> str | None:
        """The name of the first part of that kind which `part` refers to and which is there."""
        for relationship in self.relationships(part).values():
            if relationship.kind == kind and self.has(relationship):
                return relationship.target
        return None

    def has(self, relationship: Relationship) -> bool:
        return not relationship.is_external and _folded(relationship.target) in self._names

    def content_type(self, part: str) -> str:
        """In small letters; empty if the package does not say it."""
        overrides, defaults = self._content_types
        return overrides.get(_folded(part)) or defaults.get(posixpath.splitext(part)[1][1:].lower(), "")

    def _read_relationships(self, part: str) -> list[tuple[str, Relationship]]:
        folder, name = posixpath.split(part)
        try:
            root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        except UnreadablePart:
            return []
        read = []
        for element in root:
            target = element.get("Target") or ""
            is_external = element.get("TargetMode") == "External"
            if not is_external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target.replace("\\", "/"))))
            kind = (element.get("Type") or "").rpartition("/")[2]
            read.append((element.get("Id") or "", Relationship(kind, target, is_external)))
        return read

    @cached_property
    def _content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        overrides: dict[str, str] = {}
        defaults: dict[str, str] = {}
        try:
            root = self.xml("[Content_Types].xml")
        except UnreadablePart:
            return overrides, defaults
        for element in root:
            content_type = (element.get("ContentType") or "").lower()
            if element.get("PartName"):
                overrides[_folded(element.get("PartName"))] = content_type
            elif element.get("Extension"):
                defaults[element.get("Extension").lower()] = content_type
        return overrides, defaults


def malformed() -> DocumentRejected:
    return archives.malformed(_WHAT)


def main_part(package: Package) -> tuple[str, Any]:
    """The name of the part with the text, and its `w:body`. Raises DocumentRejected(MALFORMED)."""
    name = package.related("", "officeDocument")
    if name is None:
        raise malformed()
    try:
        body = package.xml(name).find(qn("w:body"))
    except UnreadablePart as error:
        raise malformed() from error
    if body is None:
        raise malformed()
    return name, body


def own_title(package: Package) -> str | None:
    """The title among the document's properties."""
    name = package.related("", "core-properties")
    try:
        title = None if name is None else package.xml(name).find(qn("dc:title"))
    except UnreadablePart:
        return None
    return None if title is None else title.text


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
