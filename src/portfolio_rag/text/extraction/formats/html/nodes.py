"""Elements of a page: which are blocks, which a reader does not see, and all of them in reading order."""

from __future__ import annotations

import re
from collections.abc import Generator

from selectolax.lexbor import LexborNode

Attributes = dict[str, str | None]

# fmt: off
DROPPED = frozenset(
    [
        "script", "style", "iframe", "frame", "frameset", "noscript", "noframes", "template", "object", "embed",
        "applet", "svg", "canvas", "audio", "video", "map", "head", "title", "nav", "dialog", "menu", "select",
        "option", "textarea", "datalist", "link", "meta", "base", "math-template", "rp", "col", "colgroup",
    ]
)
BLOCKS = frozenset(
    [
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hgroup", "hr", "html", "legend", "li", "listing", "main", "ol", "optgroup", "p", "plaintext", "pre", "search",
        "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "xmp",
    ]
)
# fmt: on
STRUCK = frozenset(["s", "del", "strike"])
HEADINGS = {f"h{level}": level for level in range(1, 7)}
PREFORMATTED = frozenset(["pre", "listing", "xmp", "plaintext"])

_DROPPED_ROLES = frozenset(["navigation", "search", "menu", "menubar"])
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
)
_RAISED_STYLE = re.compile(r"vertical-align\s*:\s*(super|sub)\b")
_STYLED = frozenset(["span", "small", "font", "i", "em"])
_EDITORIAL_CLASS = re.compile(r"(?:^|\s)(?:mw-editsection|MathJax_Preview|MathJax_SVG_Preview)(?:\s|$)")
"""What tools put beside the text: links to edit it, and what stands there until a formula is drawn."""

_STATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:toggle|chevron|caret|arrow|indicator|divider|expander|icon)(?:[_-]{1,2}(?:text|icon|label))?(?:\s|$)",
    re.IGNORECASE,
)
_STATE = re.compile(r"[\s,+−–×✕▸▾▼▶›⌄>-]*|(?:show|hide|open|close|expand|collapse)(?: this section)?", re.IGNORECASE)
"""What a control says of itself beside its name: that it opens, or closes."""

_SIGNS = re.compile(r"[\s¶#§🔗⚓∞⛓⁋↩↑^\ufe0e\ufe0f\u200b]*")
"""What a link to its own place shows, or one back from a note."""
_PERMALINK_CLASS = re.compile(
    r"(?:^|[\s_-])(?:permalink|permalinks|headerlink|header-?link|heading-?link|heading-?anchor|header-?anchor|hash-?link|"
    r"anchor|anchor-?link|anchorjs-link|direct-?link|section-?link|footnote-backref)(?:$|[\s_-])",
    re.IGNORECASE,
)
_PERMALINK_WORDS = re.compile(
    r"[\s¶#§🔗]*(?:permalink|permanent link|anchor|direct link|copy link|link to|section titled)\b",
    re.IGNORECASE,
)


MAX_STATE_CHARACTERS = 60

Event = tuple[str, LexborNode, Attributes]
"""A kind ("enter", "leave" or "text"), the node, and its attributes (none for text). Tuples: a page has many."""

_NONE: Attributes = {}


def events(root: LexborNode, revealed: frozenset[str] = frozenset()) -> Generator[Event, bool | None, None]:
    """Everything inside an element and itself, in document order, without what is dropped; no recursion, any depth.

    Whoever receives an "enter" may send True to skip what is inside; there is then no "leave". `revealed` are the ids
    of elements that are hidden only until a control shows them.
    """
    stack: list[tuple[LexborNode, Attributes | None]] = [(root, None)]
    while stack:
        node, entered = stack.pop()
        if entered is not None:
            yield "leave", node, entered
            continue
        if node.is_text_node:
            yield "text", node, _NONE
            continue
        if not node.is_element_node or (node.tag in DROPPED and not _is_formula_source(node)):
            continue
        attributes: Attributes = node.attributes
        if attributes and is_hidden(attributes, revealed):
            continue
        skip = yield "enter", node, attributes
        if skip:
            continue
        stack.append((node, attributes))
        child = node.last_child
        while child is not None:
            stack.append((child, None))
            child = child.prev


def is_dropped(node: LexborNode, revealed: frozenset[str] = frozenset()) -> bool:
    return node.tag in DROPPED or is_hidden(node.attributes, revealed)


def is_hidden(attributes: Attributes, revealed: frozenset[str]) -> bool:
    """Whether a reader of the page cannot get to see the element."""
    role = attributes.get("role")
    if role in _DROPPED_ROLES:
        return True
    if "class" in attributes and _EDITORIAL_CLASS.search(attributes["class"] or ""):
        return True
    hidden = (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or ("style" in attributes and bool(_HIDDEN_STYLE.search((attributes["style"] or "").lower())))
    )
    return hidden and role != "tabpanel" and not (revealed and attributes.get("id") in revealed)


def is_struck(node: LexborNode, attributes: Attributes) -> bool:
    """Whether the page shows the element's text struck out."""
    style = attributes.get("style") if attributes else None
    return node.tag in STRUCK or (style is not None and "line-through" in style.lower())


def script_of(tag: str, attributes: Attributes) -> str:
    """`sup` or `sub` for what a style raises or lowers as these elements do, else the tag as it is."""
    style = attributes.get("style") if attributes and tag in _STYLED else None
    found = _RAISED_STYLE.search(style.lower()) if style else None
    return tag if found is None else "sup" if found[1] == "super" else "sub"


def says_state(node: LexborNode, attributes: Attributes) -> bool:
    """Whether an element in the name of a control only says that the control opens or closes."""
    return (
        node.tag in _STYLED
        and bool(_STATE_CLASS.search(classes(attributes)) or "data-nosnippet" in attributes)
        and len(text := node.text()) <= MAX_STATE_CHARACTERS
        and bool(_STATE.fullmatch(" ".join(text.split())))
    )


def classes(attributes: Attributes) -> str:
    return attributes.get("class") or ""


def is_permalink(link: LexborNode, attributes: Attributes, *, in_heading: bool) -> bool:
    """Whether a link is only there to be copied: the sign behind a heading, its text for screen readers."""
    address = attributes.get("href") or ""
    if "#" not in address and address:
        return False
    text = link.text()
    if len(text) > 200:
        return False
    is_sign = bool(_SIGNS.fullmatch(text))
    has_class = bool(_PERMALINK_CLASS.search(classes(attributes))) or attributes.get("role") == "doc-backlink"
    if is_sign:
        return bool(text.strip()) and (in_heading or has_class)
    return (has_class or (in_heading and bool(address))) and bool(_PERMALINK_WORDS.match(text))


def _is_formula_source(node: LexborNode) -> bool:
    return node.tag == "script" and (node.attributes.get("type") or "").startswith("math/")
