"""Blocks that CommonMark does not know: `#Heading` without a blank, `:::` fences, drawn tables, HTML in parts."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

from portfolio_rag.text.extraction.drawn_tables import is_rule_under_names, read_table

_HASHES = re.compile(r"(#{1,6})(?=[^\s#])(.*?)[ \t]*#*[ \t]*$")
_HASHTAG = re.compile(r"(?:^|\s)#[^\W\d]")
_SURE_HASHES = re.compile(r"^ {0,3}#{2,6}[^\s#!]", re.MULTILINE)
_CAMEL_CASE = re.compile(r"\w*[a-z]\w*[A-Z]\w*")
_FENCE = re.compile(r":{3,}[ \t]*(.*)$")
_FENCE_TITLES = (
    re.compile(r"""(?:title|summary|alt-text)\s*=\s*(?:"([^"]*)"|'([^']*)')"""),
    re.compile(r"[\w.-]+\s*\[(.+)\]"),
    re.compile(r"(?:\{[\w.:-]+\}|[\w.-]+)\s+([^={}\s][^={}]*)$"),
)
_TAB = re.compile(r"===[+!]?\s+\"([^\"]*)\"\s*$")
_ATTRIBUTE_LINE = re.compile(r"\{:[^{}]*\}\s*$")
_REGION = re.compile(r"<(table|ol|ul|dl)(?=[\s>])", re.IGNORECASE)
_MAX_REGION_LINES = 5000
_MAX_TABLE_LINES = 1000
_INDENT_OF_TAG = re.compile(
    r"^[ \t]+(?=</?(?:table|t[rdh]|thead|tbody|tfoot|caption|li|ol|ul|dl|dt|dd)\b)", re.MULTILINE
)
_RULE_SIGNS = frozenset("-=─━═")
INTERRUPTS_PARAGRAPH: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def block_rules(markdown: MarkdownIt) -> None:
    ruler = markdown.block.ruler
    ruler.before("fence", "container_fence", _container_fence, INTERRUPTS_PARAGRAPH)
    ruler.before("table", "drawn_table", _drawn_table, {"alt": ["paragraph", "reference"]})
    ruler.before("html_block", "html_region", _html_region, INTERRUPTS_PARAGRAPH)
    ruler.before("heading", "content_tab", _content_tab, INTERRUPTS_PARAGRAPH)
    ruler.before("heading", "attribute_line", _attribute_line, INTERRUPTS_PARAGRAPH)
    ruler.after("heading", "tight_heading", _tight_heading, {"alt": ["paragraph", "reference", "blockquote"]})


def line_at(state: StateBlock, line: int) -> str:
    """A line without its indentation."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def begins_with(state: StateBlock, line: int, sign: str) -> bool:
    """Asked before anything else of a line: every rule sees every line, and most have nothing for it."""
    return state.src.startswith(sign, state.bMarks[line] + state.tShift[line]) and not state.is_code_block(line)


def _tight_heading(state: StateBlock, start: int, _: int, silent: bool) -> bool:
    if not begins_with(state, start, "#"):
        return False
    match = _HASHES.match(line_at(state, start))
    if match is None or not _is_meant(state, match, interrupts=silent):
        return False
    if silent:
        return True
    state.line = start + 1
    level = len(match[1])
    token = state.push("heading_open", f"h{level}", 1)
    token.map = [start, start + 1]
    token = state.push("inline", "", 0)
    token.content = match[2].strip()
    token.map = [start, start + 1]
    token.children = []
    state.push("heading_close", f"h{level}", -1)
    return True


def _is_meant(state: StateBlock, match: re.Match[str], *, interrupts: bool) -> bool:
    """Whether a heading is meant, and no hashtag, issue number, directive or `#!`."""
    text = match[2]
    if text.startswith(("!", "{", "-", "=")) or _HASHTAG.search(text):
        return False
    if len(match[1]) > 1:
        return True
    if text[0].isdigit() or text.startswith(("include", "define", "ifdef", "ifndef", "endif", "pragma")):
        return False
    if text[0].isalpha() and not text[0].islower() and not _CAMEL_CASE.fullmatch(text):
        words = len(text.split())
        return words > 1 or not interrupts or not text[0].isupper()
    return not interrupts and _is_sure_of_style(state)


def _is_sure_of_style(state: StateBlock) -> bool:
    """Whether the writer leaves out the blank in headings that can be nothing else (`##Restore`)."""
    if "tight_headings" not in state.env:
        state.env["tight_headings"] = bool(_SURE_HASHES.search(state.src))
    return bool(state.env["tight_headings"])


def _container_fence(state: StateBlock, start: int, _: int, silent: bool) -> bool:
    """The marks of `:::note` and `:::` are left out; a title stays, as a paragraph."""
    if not begins_with(state, start, ":::"):
        return False
    fence = _FENCE.match(line_at(state, start))
    if fence is None or (fence[1] and not re.match(r"[{\w]", fence[1])):
        return False
    if silent:
        return True
    state.line = start + 1
    title = next((match for pattern in _FENCE_TITLES if (match := pattern.search(fence[1]))), None)
    if title is not None:
        state.push("paragraph_open", "p", 1)
        token = state.push("inline", "", 0)
        token.content = next(filter(None, title.groups()), "").strip()
        token.map = [start, start + 1]
        token.children = []
        state.push("paragraph_close", "p", -1)
    return True


def _content_tab(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`=== "Linux"` of MkDocs, with what is indented below it."""
    if not begins_with(state, start, "==="):
        return False
    tab = _TAB.match(line_at(state, start))
    if tab is None:
        return False
    if silent:
        return True
    last = start + 1
    while last < end and (state.isEmpty(last) or state.sCount[last] >= state.sCount[start] + 4):
        last += 1
    token = state.push("section_open", "", 1)
    token.content = tab[1]
    indent, line_max = state.blkIndent, state.lineMax
    state.blkIndent, state.lineMax = state.sCount[start] + 4, last
    state.md.block.tokenize(state, start + 1, last)
    state.blkIndent, state.lineMax = indent, line_max
    state.push("section_close", "", -1)
    state.line = last
    return True


def _attribute_line(state: StateBlock, start: int, _: int, silent: bool) -> bool:
    """`{: .no_toc}`: attributes for the block beside it."""
    if not begins_with(state, start, "{:") or not _ATTRIBUTE_LINE.match(line_at(state, start)):
        return False
    if not silent:
        state.line = start + 1
    return True


def _drawn_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    is_drawn = begins_with(state, start, "+-") or (not silent and begins_with(state, start, "|"))
    if not is_drawn and (silent or not _has_rule_below(state, start, end)):
        return False
    last = start
    while (
        last < min(end, start + _MAX_TABLE_LINES) and not state.isEmpty(last) and state.sCount[last] >= state.blkIndent
    ):
        last += 1
    lines = state.getLines(start, last, state.blkIndent, False).split("\n")
    table = read_table(lines, 0)
    if table is None or _is_pipe_table(lines):
        return False
    if silent:
        return True
    token = state.push("drawn_table", "", 0)
    token.meta = table._asdict()
    token.map = [start, start + table.end]
    state.line = start + table.end
    return True


def _has_rule_below(state: StateBlock, start: int, end: int) -> bool:
    """Whether one of the next lines begins as a rule under names of columns does."""
    for line in range(start + 1, min(end, start + 5)):
        position = state.bMarks[line] + state.tShift[line]
        if position >= state.eMarks[line]:
            return False
        if state.src[position] in _RULE_SIGNS and is_rule_under_names(line_at(state, line).rstrip()):
            return not state.is_code_block(start)
    return False


def _is_pipe_table(lines: list[str]) -> bool:
    """One that CommonMark's extension reads itself, with as many names as columns."""
    if len(lines) < 2 or not re.fullmatch(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*", lines[1]):
        return False
    names, marks = (len(re.findall(r"(?<!\\)\|", line.strip().strip("|"))) for line in lines[:2])
    return names == marks


def _html_region(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table or list in HTML up to its end, over empty lines too.

    What stands between those is Markdown, unless it is a further tag, whose indentation then makes no code of it.
    """
    if not begins_with(state, start, "<"):
        return False
    region = _REGION.match(line_at(state, start))
    if region is None:
        return False
    last = _end_of_region(state, region[1], start, end)
    if last is None:
        return False
    if silent:
        return True
    content = state.getLines(start, last, state.blkIndent, False)
    if re.search(r"\n[ \t]*\n", content):
        from portfolio_rag.text.extraction.formats.markdown.parser import plain_parser

        content = plain_parser().render(_INDENT_OF_TAG.sub("", content))
    token = state.push("html_block", "", 0)
    token.content = content
    token.map = [start, last]
    state.line = last
    return True


def _end_of_region(state: StateBlock, tag: str, start: int, end: int) -> int | None:
    """The number of the line behind the element's end tag."""
    marks = re.compile(rf"<(/?){tag}(?=[\s>])", re.IGNORECASE)
    depth = 0
    for line in range(start, min(end, start + _MAX_REGION_LINES)):
        for mark in marks.finditer(state.src, state.bMarks[line], state.eMarks[line]):
            depth += -1 if mark[1] else 1
            if depth == 0:
                return line + 1
    return None
