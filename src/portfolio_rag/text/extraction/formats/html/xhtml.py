"""XHTML: what a page means that declares itself to be XML, where HTML reads the same signs otherwise.

`<title/>` and `<script/>` end at once in XML; in HTML they begin, and swallow what follows.
"""

from __future__ import annotations

import re
from html.entities import html5

_DECLARATION = re.compile(
    r"\s*(?:<!--.*?-->\s*)*+(?:<\?xml\b|(?:<!DOCTYPE\s+html\s+PUBLIC\s+[\"'][^\"']*XHTML|<html\b[^>]*\bxmlns\s*=\s*[\"']"
    r"http://www\.w3\.org/1999/xhtml))",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED_WITHIN = 4096
_SELF_CLOSED = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)\b)"
    r"([a-zA-Z][\w:.-]*+)((?:[^<>\"'/]|/(?!>)|\"[^\"]*\"|'[^']*')*+)/>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&([a-zA-Z][a-zA-Z0-9]{1,31});")
_XML_ENTITIES = frozenset(["amp", "lt", "gt", "quot", "apos"])
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,1000}>", re.IGNORECASE)


def is_xhtml(text: str) -> bool:
    return _DECLARATION.match(text, 0, _DECLARED_WITHIN) is not None


def as_html(text: str) -> str:
    """The same page in the signs of HTML. Where it is not well-formed, only what ends at once is written out."""
    from lxml import etree  # a fifth of the start of a process that most pages do not need

    source = _DOCTYPE.sub("", _XML_DECLARATION.sub("", text, count=1), count=1)
    # No entities but those of HTML, and none of the document's own: they are how XML bombs are made.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, strip_cdata=True)
    try:
        root = etree.fromstring(_ENTITY.sub(_character, source).strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return _SELF_CLOSED.sub(r"<\1\2></\1>", text)
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(root)
    return str(etree.tostring(root, method="html", encoding="unicode"))


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES else html5.get(f"{name};", entity[0])
