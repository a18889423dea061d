"""HTML by lexbor: what a reader of the page sees, in reading order; nothing active, hidden or navigational."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from portfolio_rag.text.extraction.document import DocumentBuilder, ExtractedDocument, ExtractionLimits, ListNumbering
from portfolio_rag.text.extraction.sanitise import decode

MAIN_MIN_CHARACTERS = 200
"""A `main` element with this much text is taken for the whole page."""

_DROPPED = frozenset(
    [
        "script",
        "style",
        "iframe",
        "frame",
        "frameset",
        "noscript",
        "noframes",
        "template",
        "object",
        "embed",
        "applet",
        "svg",
        "canvas",
        "audio",
        "video",
        "map",
        "head",
        "title",
        "nav",
        "dialog",
        "menu",
        "button",
        "select",
        "option",
        "input",
        "textarea",
        "datalist",
        "link",
        "meta",
        "base",
        "math-template",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "search",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "caption",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{1,40})", re.IGNORECASE)


def extract(data: bytes, limits: ExtractionLimits) -> ExtractedDocument:
    declared = _META_CHARSET.search(data[:4096])
    tree = LexborHTMLParser(decode(data, declared[1].decode("ascii") if declared else None))
    builder = DocumentBuilder(limits.max_characters)
    root = _main_part(tree)
    if root is not None:
        _Walk(builder).run(root)
    title = tree.css_first("head > title")
    return builder.build("html", title.text() if title else None)


def add_fragment(content: str, builder: DocumentBuilder) -> None:
    """Add what is readable in a piece of HTML inside another document."""
    body = LexborHTMLParser(content).body
    if body is not None:
        _Walk(builder).run(body)


def _main_part(tree: LexborHTMLParser) -> LexborNode | None:
    """The page's only `main` element when it holds some text, else the body."""
    mains = [node for node in tree.css("main, [role=main]") if not _is_hidden(node)]
    if len(mains) == 1 and len(mains[0].text()) >= MAIN_MIN_CHARACTERS:
        return mains[0]
    return tree.body


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in ("navigation", "search", "menu", "menubar")
        or bool(_HIDDEN_STYLE.search((attributes.get("style") or "").lower()))
    )


def _is_dropped(node: LexborNode) -> bool:
    return node.tag in _DROPPED or _is_hidden(node)


def _events(root: LexborNode) -> Generator[tuple[str, LexborNode], bool | None, None]:
    """("enter" | "leave" | "text", node) in document order, without what is dropped; no recursion, any depth.

    Whoever receives an "enter" may send True to skip what is inside.
    """
    stack: list[tuple[str, LexborNode]] = [("enter", root)]
    while stack:
        event, node = stack.pop()
        if event == "enter":
            if node.is_text_node:
                yield "text", node
                continue
            if not node.is_element_node or _is_dropped(node):
                continue
            skip = yield "enter", node
            if skip:
                continue
            stack.append(("leave", node))
            child = node.last_child
            while child is not None:
                stack.append(("enter", child))
                child = child.prev
        else:
            yield "leave", node


def _inline_text(root: LexborNode) -> str:
    """The text of an element on which blocks and breaks become blanks, pictures their description."""
    parts: list[str] = []
    for event, node in _events(root):
        if event == "text":
            parts.append(node.text_content or "")
        elif node.tag == "img" and event == "enter":
            parts.append(node.attributes.get("alt") or "")
        elif node.tag in _BLOCKS or node.tag in _HEADINGS or node.tag == "br":
            parts.append(" ")
    return "".join(parts)


def _raw_text(root: LexborNode) -> str:
    parts: list[str] = []
    for event, node in _events(root):
        if event == "text":
            parts.append(node.text_content or "")
        elif node.tag == "br" and event == "enter":
            parts.append("\n")
    return "".join(parts)


@dataclass(slots=True)
class _Walk:
    """Gathers running text until a block begins or ends, then gives it to the builder."""

    builder: DocumentBuilder
    text: list[str] = field(default_factory=list)
    lists: list[ListNumbering] = field(default_factory=list)

    def run(self, root: LexborNode) -> None:
        events = _events(root)
        skip: bool | None = None
        while True:
            try:
                event, node = events.send(skip) if skip else next(events)
            except StopIteration:
                break
            skip = self._handle(event, node)
        self._flush()

    def _handle(self, event: str, node: LexborNode) -> bool:
        """Whether the inside of the element was dealt with."""
        tag = node.tag or ""
        if event == "text":
            # Line breaks of the source are blanks; those of <br> come later and stay.
            self.text.append(re.sub(r"\s+", " ", node.text_content or ""))
            return False
        if event == "leave":
            if tag in ("ul", "ol"):
                self._flush()
                self.lists.pop()
            elif tag in _BLOCKS:
                self._flush()
            return False
        if tag in _HEADINGS:
            self._flush()
            self.builder.heading(_inline_text(node), _HEADINGS[tag])
            return True
        if tag in ("pre", "listing", "xmp", "plaintext"):
            self._flush()
            self.builder.code(_raw_text(node))
            return True
        if tag == "table":
            self._flush()
            return self._table(node)
        if tag == "br":
            self.text.append("\n")
        elif tag == "img":
            self.text.append(node.attributes.get("alt") or "")
        elif tag in ("ul", "ol"):
            self._flush()
            self.lists.append(ListNumbering(None if tag == "ul" else 1))
        elif tag in _BLOCKS:
            self._flush()
            if tag == "li" and self.lists:
                self.lists[-1].open_item()
        return False

    def _flush(self) -> None:
        text = "".join(self.text)
        self.text.clear()
        if not text.strip():
            return
        if self.lists:
            self.builder.item(text, self.lists[-1].take_marker(), len(self.lists) - 1)
        else:
            self.builder.paragraph(text)

    def _table(self, table: LexborNode) -> bool:
        """Add a table of data; False for one that only lays out the page, whose cells are read as blocks."""
        if table.css_first("table table, table h1, table h2, table h3, table h4") is not None:
            return False
        rows: list[list[str]] = []
        for row in table.css("tr"):
            if _is_dropped(row):
                continue
            cells = [cell for cell in row.iter() if cell.tag in ("td", "th") and not _is_dropped(cell)]
            rows.append([_inline_text(cell) for cell in cells])
        if max((len(row) for row in rows), default=0) < 2:
            return False
        caption = table.css_first("caption")
        if caption is not None:
            self.builder.paragraph(_inline_text(caption))
        self.builder.table(rows)
        return True
