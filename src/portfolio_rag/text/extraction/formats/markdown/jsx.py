"""MDX: imports, exports and comments out; components give their text, and their titles as headings."""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from portfolio_rag.text.extraction.formats.markdown.blocks import INTERRUPTS_PARAGRAPH, begins_with, line_at

MAX_TAG_CHARACTERS = 2000
_MAX_STATEMENT_LINES = 500

_IMPORT = re.compile(
    r"import\s+(?:[\"'][^\"'\n]+[\"']|(?:type\s+)?[\w*{$][^\n]*?\bfrom\s+[\"'][^\"'\n]+[\"']|\{[^}\n]*$)"
)
_EXPORT = re.compile(
    r"export\s+(?:(?:const|let|var|function\*?|class|async|type|interface|enum)\s+[\w${\[*]|\*\s+from\b|\{"
    r"|default\s*(?:[({\[<\"'`]|(?:function|class|async|new)\b|[\w$.]+\s*(?:\(|;|=>|$)))"
)
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_IN_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_ATTRIBUTES = rf"((?:[^<>{{}}\"'/]|/(?!>)|\"[^\"]*+\"|'[^']*+'|{_IN_BRACES})*+)(/?)>"
_COMPONENT = re.compile(rf"<([A-Z][\w.]*+)(?=[\s/>]){_ATTRIBUTES}")
_ELEMENT = re.compile(rf"<([a-z][\w-]*+)(?=\s){_ATTRIBUTES}")
# fmt: off
_HTML_NAMES = frozenset(
    [
        *block_names, "a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "dfn", "em", "font", "i",
        "img", "input", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt",
        "u", "var", "wbr",
    ]
)
# fmt: on
"""Elements of HTML, which some writers put in capitals; components have other names."""
_END = re.compile(r"</([A-Z][\w.]*+)?\s*>|<>")
_CLOSING_TAG = re.compile(r"</([A-Z][\w.]*+)\s*>")
_DEPTH, _CLOSED = "jsx_depth", "jsx_closed"
"""Of the parser's environment: how many components are open, and the names of those that are closed somewhere."""
_TITLE = re.compile(
    r"(?<![\w-])(?:title|label|summary|question|heading|header|tab)\s*=\s*(?:\{\s*)?(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`)"
)
_HREF = re.compile(r"(?<![\w-])(?:href|to|url)\s*=\s*(?:\{\s*)?(?:\"([^\"]*)\"|'([^']*)')")


class Tag(NamedTuple):
    """`kind` is "open", "close" or "single"; `title` is what the component shows of its own, most often nothing."""

    kind: str
    name: str
    end: int
    title: str = ""
    href: str = ""


def jsx_rules(markdown: MarkdownIt) -> None:
    markdown.block.ruler.before("fence", "esm", _statement)
    markdown.block.ruler.before("html_block", "jsx", _component, INTERRUPTS_PARAGRAPH)
    markdown.block.ruler.before("code", "jsx_indented", _indented)
    markdown.inline.ruler.before("html_inline", "jsx_inline", _inline)


def tag_at(source: str, start: int) -> Tag | None:
    """The tag of a component (or of an element with an expression in it) that begins there."""
    end = min(len(source), start + MAX_TAG_CHARACTERS)
    if (match := _END.match(source, start, end)) and not _is_html(match[1] or ""):
        return Tag("close" if match[0].startswith("</") else "open", match[1] or "", match.end())
    match = _COMPONENT.match(source, start, end) or _ELEMENT.match(source, start, end)
    if match is None or _is_html(match[1]) or (match[1][0].islower() and "{" not in match[2]):
        return None
    title, href = _TITLE.search(match[2]), _HREF.search(match[2])
    return Tag(
        "single" if match[3] else "open",
        match[1],
        match.end(),
        next(filter(None, title.groups()), "") if title else "",
        next(filter(None, href.groups()), "") if href else "",
    )


def _is_html(name: str) -> bool:
    return name.isupper() and name.lower() in _HTML_NAMES


def _statement(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """An import or export, up to the empty line behind it; never where a paragraph goes on."""
    if silent or state.blkIndent or not state.src.startswith(("import", "export"), state.bMarks[start]):
        return False
    first = line_at(state, start)
    if not (_IMPORT.match(first) or _EXPORT.match(first)):
        return False
    depth = 0
    paragraph = last = start
    while last < min(end, start + _MAX_STATEMENT_LINES) and (depth > 0 or not state.isEmpty(last)):
        line = line_at(state, last)
        depth += sum((char in _OPENING) - (char in _CLOSING) for char in line)
        last += 1
    while paragraph < end and not state.isEmpty(paragraph):
        paragraph += 1
    # With a bracket too many, as in a text, the statement is one paragraph.
    state.line = last if depth <= 0 else paragraph
    return True


def _component(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Tags at the start of a line, over several lines too; what follows them on the line is read as a block."""
    if begins_with(state, start, "{/*"):
        return _comment(state, start, end, silent)
    if not begins_with(state, start, "<"):
        return False
    position = state.bMarks[start] + state.tShift[start]
    limit = state.eMarks[end - 1]
    tag = tag_at(state.src, position)
    if tag is None or tag.end > limit:
        return False
    if silent:
        return True
    line = start
    while tag is not None and tag.end <= limit:
        _push(state, tag)
        position = tag.end
        while state.eMarks[line] < position:
            line += 1
        while position < state.eMarks[line] and state.src[position] in " \t":
            position += 1
        tag = tag_at(state.src, position) if state.src.startswith("<", position) else None
    if position < state.eMarks[line]:
        _rest_of_line(state, line, position)
    state.line = line + 1
    return True


def _rest_of_line(state: StateBlock, line: int, position: int) -> None:
    end = state.eMarks[line]
    closing = re.search(r"</([A-Z][\w.]*+)\s*>\s*$", state.src[position:end])
    kept = state.bMarks[line], state.tShift[line], state.sCount[line], end
    state.bMarks[line], state.tShift[line], state.sCount[line] = position, 0, state.blkIndent
    if closing is not None:
        state.eMarks[line] = position + closing.start()
    state.md.block.tokenize(state, line, line + 1)
    state.bMarks[line], state.tShift[line], state.sCount[line], state.eMarks[line] = kept
    if closing is not None:
        _push(state, Tag("close", closing[1], end))


def _push(state: StateBlock, tag: Tag) -> None:
    token = state.push("jsx", "", 0)
    token.meta = {"tag": tag}
    if tag.kind == "open" and _CLOSED not in state.env:
        state.env[_CLOSED] = frozenset(_CLOSING_TAG.findall(state.src))
    if tag.name and tag.name in state.env.get(_CLOSED, ()):
        step = {"open": 1, "close": -1}.get(tag.kind, 0)
        state.env[_DEPTH] = max(state.env.get(_DEPTH, 0) + step, 0)


def _indented(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Inside a component, what is set in by four blanks and more is no code: its blocks are read as they are."""
    if silent or not state.env.get(_DEPTH) or not state.is_code_block(start):
        return False
    last, least = start, state.sCount[start]
    while last < end and (state.isEmpty(last) or state.is_code_block(last)):
        least = least if state.isEmpty(last) else min(least, state.sCount[last])
        last += 1
    indent, state.blkIndent = state.blkIndent, least
    state.level += 2
    state.md.block.tokenize(state, start, last)
    state.level -= 2
    state.blkIndent = indent
    state.line = last
    return True


def _comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    closing = state.src.find("*/}", state.bMarks[start], state.eMarks[end - 1])
    if closing < 0:
        return False
    if not silent:
        line = start
        while state.eMarks[line] < closing:
            line += 1
        state.line = line + 1
    return True


def _inline(state: StateInline, _: bool) -> bool:
    """Tags with expressions, which HTML has not, and comments: neither is text."""
    char = state.src[state.pos]
    if char == "<":
        tag = tag_at(state.src, state.pos)
        if tag is None or tag.end > state.posMax:
            return False
        state.pos = tag.end
        return True
    if char == "{" and state.src.startswith("{/*", state.pos):
        end = state.src.find("*/}", state.pos, state.posMax)
        if end >= 0:
            state.pos = end + 3
            return True
    return False
