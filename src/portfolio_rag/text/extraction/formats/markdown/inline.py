"""The reading text of a line of Markdown: addresses behind links, raised and lowered text, no marks, nothing active."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from portfolio_rag.text.extraction.links import with_address
from portfolio_rag.text.extraction.scripts import note_mark, subscript, superscript
from portfolio_rag.text.language.labelled_lines import labelled_lines
from portfolio_rag.text.language.struck_out import STRUCK_MARK

SOFT_BREAK = "\x1e"
"""Where the source begins a new line within a paragraph. No text holds this sign: cleaning has taken it out."""

_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)", re.IGNORECASE)
_ATTRIBUTE = {
    name: re.compile(rf"\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
    for name in ("href", "alt", "type")
}
_LINK_IN_CODE = re.compile(r"^\[([^\]]+)\]\([^)\s]+\)$")
"""Generated documentation puts links in code spans, where they are no links but noise."""
_WIKI_LINK = re.compile(r"!?\[\[(?!\s)([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?(?<!\s)\]\]")
"""`[[Page]]` and `[[Page|what it is called here]]` of wikis and note books."""
_HIGHLIGHT = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,200})(?<=[^\s=])==(?![=\w])")
_ACTIVE_ELEMENTS = frozenset({"script", "style", "iframe", "object", "template", "noscript", "textarea", "title"})
_SCRIPTS = frozenset(["sup", "sub"])
_BOLD = frozenset(["strong", "b"])
_STRUCK = frozenset(["s", "del", "strike"])
_SCRIPT = re.compile(r"[\w+\-−–*′,.() ]{1,30}")
_PERMALINK_SIGNS = re.compile(r"[\s¶#§🔗⚓∞]*")


@dataclass(frozen=True, slots=True)
class Line:
    """`bold` is what is in bold type at the start of `text`; `notes` are the labels of the footnotes named in it."""

    text: str
    bold: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Frame:
    name: str
    address: str = ""
    parts: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, *, in_heading: bool, notes: dict[int, str]) -> None:
        self._in_heading = in_heading
        self._inline_notes = notes
        self._frames = [_Frame("")]
        self._muted: str | None = None
        self._bold_depth = 0
        self._bold: str | None = None
        self._notes: list[str] = []

    def read(self, children: Sequence[Token]) -> Line:
        for position, child in enumerate(children):
            if child.type == "html_inline":
                self._html(child.content)
            elif self._muted is None:
                self._token(child, children[position + 1] if position + 1 < len(children) else None)
        while len(self._frames) > 1:
            frame = self._frames.pop()
            self._frames[-1].parts += frame.parts
        text = self._so_far()
        return Line(text, text if self._bold is None else self._bold, tuple(self._notes))

    def _token(self, token: Token, following: Token | None) -> None:
        match token.type:
            case "text":
                self._add(_without_wiki_marks(token.content))
            case "text_special":
                self._add(token.content)
            case "softbreak":
                self._frames[-1].parts.append(SOFT_BREAK)
            case "hardbreak":
                self._frames[-1].parts.append("\n")
            case "code_inline":
                self._add(_LINK_IN_CODE.sub(r"\1", token.content))
            case "image":
                self._add(line_of(token.children or (), in_heading=True).text)
            case "link_open":
                self._open("a", str(token.attrGet("href") or ""))
            case "sup_open" | "sub_open":
                self._open(token.tag)
            case "link_close":
                self._close("a")
            case "sup_close" | "sub_close":
                self._close_script(token, following)
            case "s_open" | "s_close":
                self._frames[-1].parts.append(STRUCK_MARK)
            case "strong_open":
                self._bold_depth += 1
            case "strong_close":
                self._bold_depth -= 1
            case "math_inline" | "math_inline_double":
                from portfolio_rag.text.extraction.formats.html.formulas import tidy_tex

                self._add(tidy_tex(token.content))
            case "footnote_ref":
                self._note(token)
            case _:
                self._frames[-1].parts.append(token.content)

    def _html(self, tag: str) -> None:
        match = _TAG.match(tag)
        if match is None:
            return
        is_end, name = match[1] == "/", match[2].lower()
        if self._muted is not None:
            if is_end and name == self._muted:
                self._muted = None
        elif name in _ACTIVE_ELEMENTS:
            self._muted = None if is_end or tag.endswith("/>") else name
        elif name == "br":
            self._frames[-1].parts.append("\n")
        elif name == "img":
            self._add(_attribute(tag, "alt"))
        elif name == "input" and _attribute(tag, "type") == "checkbox":
            self._add("[x] " if re.search(r"\schecked\b", tag) else "[ ] ")
        elif name in _STRUCK:
            self._frames[-1].parts.append(STRUCK_MARK)
        elif name in _BOLD:
            self._bold_depth += -1 if is_end else 1
        elif name == "a" or name in _SCRIPTS:
            if is_end:
                self._close(name)
            elif not tag.endswith("/>"):
                self._open(name, _attribute(tag, "href"))

    def _add(self, text: str) -> None:
        if self._bold is None and self._bold_depth <= 0 and text and not text.isspace():
            self._bold = self._so_far()
        self._frames[-1].parts.append(text)

    def _note(self, token: Token) -> None:
        label = token.meta.get("label")
        if label is None:
            self._add(f" ({self._inline_notes.get(token.meta['id'], '')})")
        elif not self._in_heading:
            self._add(note_mark(label))
        if label is not None:
            self._notes.append(label)

    def _open(self, name: str, address: str = "") -> None:
        self._frames.append(_Frame(name, address))

    def _close(self, name: str) -> None:
        if self._frames[-1].name != name:
            return
        frame = self._frames.pop()
        text = "".join(frame.parts)
        if name == "a":
            is_permalink = self._in_heading and frame.address.startswith("#") and _PERMALINK_SIGNS.fullmatch(text)
            text = "" if is_permalink else text if self._in_heading else with_address(text, frame.address)
        elif text.strip():
            text = superscript(text, self._so_far()) if name == "sup" else subscript(text)
        self._frames[-1].parts.append(text)

    def _close_script(self, token: Token, following: Token | None) -> None:
        """`2^10^6`, `~5~10` and `~user/~x` are no markup."""
        is_before_digit = following is not None and following.type == "text" and following.content[:1].isdigit()
        if is_before_digit or not _SCRIPT.fullmatch("".join(self._frames[-1].parts)):
            frame = self._frames[-1]
            frame.parts = [token.markup, *frame.parts, token.markup]
            frame.name = ""
            parts = self._frames.pop().parts
            self._frames[-1].parts += parts
        else:
            self._close(token.tag)

    def _so_far(self) -> str:
        return "".join(part for frame in self._frames for part in frame.parts)


def line_of(children: Sequence[Token], *, in_heading: bool = False, notes: dict[int, str] | None = None) -> Line:
    """`notes` are the texts of footnotes that stand within the line, by their id."""
    if len(children) == 1 and children[0].type == "text":
        return Line(_without_wiki_marks(children[0].content), "")
    return _Reader(in_heading=in_heading, notes=notes or {}).read(children)


def _without_wiki_marks(text: str) -> str:
    if "[[" in text:
        text = _WIKI_LINK.sub(lambda link: link[2] or link[1], text)
    return _HIGHLIGHT.sub(r"\1", text) if "==" in text else text


def joined(text: str) -> str:
    """The line breaks of the source as blanks."""
    return "\n".join(" ".join(lines) for lines in labelled_lines(text.split(SOFT_BREAK)))


def _attribute(tag: str, name: str) -> str:
    match = _ATTRIBUTE[name].search(tag)
    return next(filter(None, match.groups()), "") if match else ""
