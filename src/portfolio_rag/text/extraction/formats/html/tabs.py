"""Panels that show one at a time, each under the name of its tab, and what a control shows when it is asked to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from portfolio_rag.text.extraction.formats.html.banners import banners_of
from portfolio_rag.text.extraction.formats.html.nodes import HEADINGS, Attributes, classes
from portfolio_rag.text.extraction.formats.html.notes import notes_of
from portfolio_rag.text.extraction.formats.html.running_text import Reading, heading_text

_CONTROLS = "[aria-controls], [data-target], [data-bs-target], [data-toggle], [data-bs-toggle]"
_HEADING_BUTTONS = ", ".join(f"{heading} > button[aria-expanded]" for heading in HEADINGS)
_SETS = (
    (".tabbed-set", ".tabbed-labels > label", ".tabbed-content > .tabbed-block"),  # MkDocs
    (".sd-tab-set", ".sd-tab-label", ".sd-tab-content"),  # Sphinx design
)
_SHOW_ALL = re.compile(r"\s*(?:show|open|expand|hide|close|collapse) all\b", re.IGNORECASE)
_MAX_SHOW_ALL_CHARACTERS = 40
_CONTENT_TOGGLES = frozenset(["tab", "pill", "collapse"])
_MENUS = (
    "nav, menu, dialog, [role=navigation], [role=menu], [role=menubar], [role=listbox], [role=dialog], [role=search]"
)


def reading_of(tree: LexborHTMLParser) -> Reading:
    """What is to be known of the page before it is read."""
    base = tree.css_first("base[href]")
    address = (base.attributes.get("href") or "").strip() if base is not None else ""
    menus = frozenset(identifier for menu in tree.css(_MENUS) if (identifier := menu.attributes.get("id")))
    revealed = frozenset((*_revealed(tree), *_revealed_behind_heading(tree))) - menus
    labels: dict[int, str] = {}
    lists: set[int] = set()
    _pair_by_ids(tree, labels, lists)
    _pair_by_order(tree, labels, lists)
    for container, label, panel in _SETS:
        for group in tree.css(container):
            names, panels = group.css(label), group.css(panel)
            if len(names) == len(panels):
                _name(zip(names, panels, strict=True), labels, lists)
    return Reading(address, revealed, menus, labels, frozenset(lists), frozenset(banners_of(tree)), notes_of(tree))


def _revealed(tree: LexborHTMLParser) -> Iterable[str]:
    """The ids of what a control on the page shows: a panel of tabs, an answer; no menus and dialogues."""
    for control in tree.css(_CONTROLS):
        attributes = control.attributes
        if "aria-haspopup" in attributes:
            continue
        toggle = attributes.get("data-bs-toggle") or attributes.get("data-toggle")
        if "aria-expanded" in attributes or attributes.get("role") == "tab" or toggle in _CONTENT_TOGGLES:
            yield from _targets(attributes)


def _revealed_behind_heading(tree: LexborHTMLParser) -> Iterable[str]:
    """The ids of what stands hidden behind a heading that is a button, which need not say what it shows.

    A panel without an id is given one.
    """
    for number, button in enumerate(tree.css(_HEADING_BUTTONS)):
        heading = button.parent
        panel = None if heading is None else heading.next
        while panel is not None and not panel.is_element_node:
            panel = panel.next
        if panel is None or panel.tag in HEADINGS or "hidden" not in panel.attributes:
            continue
        identifier = panel.attributes.get("id") or f"revealed {number}"
        panel.attrs["id"] = identifier
        yield identifier


def _targets(attributes: Attributes) -> list[str]:
    ids = (attributes.get("aria-controls") or "").split()
    for name in ("data-bs-target", "data-target", "href"):
        value = attributes.get(name) or ""
        if value.startswith("#") and len(value) > 1:
            ids.append(value[1:])
    return ids


def _pair_by_ids(tree: LexborHTMLParser, labels: dict[int, str], lists: set[int]) -> None:
    tabs = tree.css("[role=tab], [data-toggle=tab], [data-bs-toggle=tab], [data-toggle=pill], [data-bs-toggle=pill]")
    if not tabs:
        return
    panels = {panel.attributes.get("id"): panel for panel in tree.css("[id]")}
    by_id = {tab.attributes.get("id"): tab for tab in tabs}
    pairs = [(tab, panels[target]) for tab in tabs for target in _targets(tab.attributes) if target in panels]
    for panel in tree.css("[role=tabpanel], .tab-pane"):
        tab = by_id.get((panel.attributes.get("aria-labelledby") or "").strip() or "-")
        if tab is not None:
            pairs.append((tab, panel))
    _name(pairs, labels, lists)


def _pair_by_order(tree: LexborHTMLParser, labels: dict[int, str], lists: set[int]) -> None:
    """Tabs and panels without ids: the first with the first, where there are as many of both."""
    panels = [panel for panel in tree.css("[role=tabpanel]") if panel.mem_id not in labels]
    tabs = [tab for tab in tree.css("[role=tab]") if tab.mem_id not in lists]
    if panels and len(tabs) == len(panels):
        _name(zip(tabs, panels, strict=True), labels, lists)


def _name(pairs: Iterable[tuple[LexborNode, LexborNode]], labels: dict[int, str], lists: set[int]) -> None:
    """Give panels the names of their tabs; the tabs themselves say nothing more then."""
    for tab, panel in pairs:
        name = heading_text(tab, Reading()) if tab.tag != "button" else tab.text()
        if name.strip():
            labels.setdefault(panel.mem_id, name)
            lists.add(tab.mem_id)


def is_disclosure(attributes: Attributes, reading: Reading) -> bool:
    """Whether a button names what it shows, as that of an accordion does, and does not only do something."""
    if "aria-haspopup" in attributes:
        return False
    toggle = attributes.get("data-bs-toggle") or attributes.get("data-toggle")
    names = classes(attributes).lower()
    is_named = any(word in names for word in ("accordion", "collaps", "faq", "disclosure", "question"))
    if "aria-expanded" not in attributes and toggle != "collapse" and not is_named:
        return False
    if any(word in names for word in ("hamburger", "navbar", "menu", "burger")):
        return False
    return reading.menus.isdisjoint(_targets(attributes))


def shows_all(button: LexborNode) -> bool:
    """Whether a button opens all parts of an accordion at once, and names none of them."""
    text = button.text()
    return len(text) <= _MAX_SHOW_ALL_CHARACTERS and bool(_SHOW_ALL.match(text))


def holds_heading(node: LexborNode) -> bool:
    return node.css_first(", ".join(HEADINGS) + ", dt, summary, [role=heading]") is not None
