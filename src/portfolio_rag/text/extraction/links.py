"""Addresses behind links, in plain text: `status page (https://status.example/report)`. Every format writes them so."""

from __future__ import annotations

import re

MAX_ADDRESS_CHARACTERS = 500
"""A longer address is no help to a reader, and most often carries a session or a picture."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WITHOUT_PLACE = frozenset(["javascript", "vbscript", "data", "blob", "about", "file", "cid"])
"""Schemes of what is no place that a reader could go to."""
_SPELT_WITHOUT_SCHEME = frozenset(["mailto", "tel", "sms"])
_ODD = re.compile(r"[\s\x00-\x1f<>\"]")


def with_address(text: str, href: str | None) -> str:
    """`text` followed by the address in parentheses, inside the blanks around `text`.

    Without it where the text shows the address already, where nothing is linked (no text, no address), and where the
    address leads nowhere by itself: within the document, or relative to where the document once lay.
    """
    label = text.strip()
    address = _address(href or "")
    if not label or not address or _bare(address) in _bare(label):
        return text
    end = len(text.rstrip())
    return f"{text[:end]} ({address}){text[end:]}"


def _address(href: str) -> str:
    href = href.strip()
    if href.startswith("//"):
        href = "https:" + href
    elif href.lower().startswith("www."):
        href = "https://" + href
    scheme = _SCHEME.match(href)
    if scheme is None or scheme[1].lower() in _WITHOUT_PLACE or len(scheme[1]) == 1:
        return ""  # a scheme of one letter is a drive of Windows
    if scheme[1].lower() in _SPELT_WITHOUT_SCHEME:
        href = href[scheme.end() :].partition("?")[0]
    href = _ODD.sub(lambda match: f"%{ord(match.group()):02X}" if ord(match.group()) < 128 else "", href)
    return href if len(href) <= MAX_ADDRESS_CHARACTERS else ""


def _bare(address: str) -> str:
    """The address as people shorten it when they type it out, in small letters."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", address.strip().lower()).rstrip("/")
