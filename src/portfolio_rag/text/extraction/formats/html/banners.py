"""What lies over or above a page and is no part of it: banners that ask for consent, links that skip the menu."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from portfolio_rag.text.extraction.formats.html.nodes import Attributes

MAX_BANNER_CHARACTERS = 3000
"""More is a page about cookies."""

_MAX_CANDIDATES = 100
_CANDIDATES = ", ".join(
    f"{tag}[{name}*={word} i]"
    for tag in ("div", "aside", "section", "form")
    for name in ("id", "class")
    for word in ("cookie", "consent", "gdpr", "onetrust", "cybot", "usercentrics", "didomi")
)
_BANNER = re.compile(
    r"(?:^|[\s_-])(?:cookies?|gdpr|consent)[_-]?(?:law|info)?[_-]?(?:banner|bar|box|consent|dialog|message|modal|notice"
    r"|notification|overlay|popup|pop-up|prompt|wrapper|manager|alert)(?:$|[\s_-])"
    r"|(?:^|\s)(?:onetrust-(?:consent-sdk|banner-sdk)|CybotCookiebotDialog|usercentrics-root|didomi-host|cookieconsent"
    r"|cky-consent-container|cmplz-cookiebanner)",
    re.IGNORECASE,
)
_SKIPS = re.compile(
    r"\s*(?:(?:skip|jump|go) (?:directly )?to (?:the )?(?:main |page )?(?:content|navigation|search|footer|menu)"
    r"|skip (?:the )?(?:navigation|links)|zum (?:haupt)?inhalt(?: springen)?"
    r"|aller (?:directement )?au contenu(?: principal)?"
    r"|(?:saltar|ir) al contenido(?: principal)?|vai al contenuto(?: principale)?|naar (?:de )?(?:hoofd)?inhoud)\s*",
    re.IGNORECASE,
)


def banners_of(tree: LexborHTMLParser) -> set[int]:
    """The `mem_id` of banners: called so, short, and with something to press."""
    return {
        node.mem_id
        for node in tree.css(_CANDIDATES)[:_MAX_CANDIDATES]
        if any(_BANNER.search(node.attributes.get(name) or "") for name in ("id", "class"))
        and len(node.text()) <= MAX_BANNER_CHARACTERS
    }


def skips_menu(attributes: Attributes, text: str) -> bool:
    """Whether a link only leads past the menu of the same page."""
    return (attributes.get("href") or "").startswith("#") and len(text) <= 60 and bool(_SKIPS.fullmatch(text))
