"""EPUB books: the spine's documents in order, each a chapter under its name in the table of contents."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.archives import UNREADABLE, check_archive, malformed
from portfolio_rag.text.extraction.document import ExtractedDocument, ExtractionLimits
from portfolio_rag.text.extraction.formats.html import add_fragment
from portfolio_rag.text.extraction.nesting import NestingBuilder
from portfolio_rag.text.extraction.sanitise import clean_line, decode

_WHAT = "EPUB book"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_METHODS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
"""Fonts may be obfuscated in books that are otherwise open."""
_MARKUP = frozenset({"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"})
_SELF_CLOSED = re.compile(r"<([a-zA-Z][a-zA-Z0-9:]*)((?:\s[^<>]*)?)/>")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"']([a-zA-Z0-9._-]{1,40})")
_LEFT_OUT = "Some chapters cannot be read: the book is damaged there. Save it again, or upload it in another format."


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    check_archive(data, _WHAT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Book(archive).extract(limits)
    except (*UNREADABLE, etree.LxmlError, ValueError) as error:
        raise malformed(_WHAT) from error


class _Book:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        root_file = _xml(archive.read(_CONTAINER)).find(".//{*}rootfile")
        if root_file is None:
            raise ValueError("no package document")
        self._package_path = unquote(root_file.get("full-path", ""))
        self._package = _xml(archive.read(self._package_path))
        self._items = {item.get("id"): item for item in self._package.iterfind("{*}manifest/{*}item")}

    def extract(self, limits: ExtractionLimits) -> ExtractedDocument:
        spine = list(self._spine())
        self._check_rights({path for path, _ in spine})
        builder = NestingBuilder(limits.max_characters)
        titles = self._titles()
        for path, item in spine:
            if item.get("media-type") not in _MARKUP or "nav" in (item.get("properties") or "").split():
                continue
            if path not in self._names:
                builder.warn(WarningCode.PARTS_LEFT_OUT, _LEFT_OUT, part=titles.get(path) or path)
                continue
            content = self._archive.read(path)
            if builder.is_empty and (authors := self._named("creator")):
                builder.paragraph(f"Author: {', '.join(authors)}")
            if path in titles:
                builder.enter(titles[path], 1)
            declared = _DECLARED.search(content[:200])
            add_fragment(_as_html(decode(content, declared[1].decode() if declared else None)), builder)
        return builder.build("epub", next(iter(self._named("title")), None))

    def _spine(self) -> Iterator[tuple[str, Any]]:
        """(path, item) in reading order, notes and other extras that are out of line too."""
        for reference in self._package.iterfind("{*}spine/{*}itemref"):
            item = self._items.get(reference.get("idref"))
            if item is not None:
                yield self._path(item.get("href", ""), self._package_path), item

    def _path(self, href: str, base: str) -> str:
        """The path in the archive of what `base` refers to, without the place in it."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(href.partition("#")[0])))

    def _check_rights(self, content: set[str]) -> None:
        if _ENCRYPTION not in self._names:
            return
        for entry in _xml(self._archive.read(_ENCRYPTION)).iterfind("{*}EncryptedData"):
            method, reference = entry.find("{*}EncryptionMethod"), entry.find(".//{*}CipherReference")
            path = "" if reference is None else unquote(reference.get("URI", ""))
            if path in content and (method is None or method.get("Algorithm") not in _FONT_METHODS):
                raise DocumentRejected(
                    FailureReason.ENCRYPTED,
                    "The book is protected by digital rights management. Upload a copy without it.",
                )

    def _named(self, name: str) -> list[str]:
        """The texts of an element of the metadata."""
        found = self._package.iterfind(f"{{*}}metadata/{{*}}{name}")
        return [text for element in found if (text := clean_line("".join(element.itertext())))]

    def _titles(self) -> dict[str, str]:
        """The names of chapters by path, as the table of contents has them; the first name of each counts."""
        titles: dict[str, str] = {}
        for base, links in (self._navigation(), self._ncx()):
            for href, text in links:
                if text and href:
                    titles.setdefault(self._path(href, base), clean_line(text))
            if titles:
                break
        return titles

    def _navigation(self) -> tuple[str, list[tuple[str, str]]]:
        item = next((i for i in self._items.values() if "nav" in (i.get("properties") or "").split()), None)
        path = "" if item is None else self._path(item.get("href", ""), self._package_path)
        if path not in self._names:
            return path, []
        root = _xml(self._archive.read(path))
        lists = [nav for nav in root.iter("{*}nav") if "toc" in " ".join(nav.attrib.values()).split()]
        links = lists[0].iter("{*}a") if lists else []
        return path, [(link.get("href", ""), "".join(link.itertext())) for link in links]

    def _ncx(self) -> tuple[str, list[tuple[str, str]]]:
        item = next((i for i in self._items.values() if i.get("media-type") == "application/x-dtbncx+xml"), None)
        path = "" if item is None else self._path(item.get("href", ""), self._package_path)
        if path not in self._names:
            return path, []
        points = _xml(self._archive.read(path)).iter("{*}navPoint")
        links = []
        for point in points:
            content = point.find("{*}content")
            if content is not None:
                links.append((content.get("src", ""), point.findtext("{*}navLabel/{*}text") or ""))
        return path, links


def _xml(data: bytes) -> Any:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(data, parser)
    if root is None:
        raise ValueError("no XML")
    return root


def _as_html(source: str) -> str:
    """XHTML with end tags where HTML needs them: a browser would take `<title/>` for the start of a title."""

    def opened(match: re.Match[str]) -> str:
        name, attributes = match.groups()
        return match.group() if name.lower() in _VOID else f"<{name}{attributes}></{name}>"

    return _SELF_CLOSED.sub(opened, source)
