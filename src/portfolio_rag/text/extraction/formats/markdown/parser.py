"""The parser: CommonMark, what GitHub, Pandoc and generators of websites add to it, and what writers mean."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

from portfolio_rag.text.extraction.formats.markdown import blocks, jsx

MAX_NESTING = 200
"""Of the tokens, two to a level of a list; what lies deeper is left out by the parser."""


def parser() -> MarkdownIt:
    markdown = plain_parser()
    markdown.use(footnote_plugin, move_to_end=False)
    markdown.use(deflist_plugin).use(admon_plugin).use(sub_plugin).use(superscript_plugin)
    # "$5 or $10" are no formula.
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    markdown.core.ruler.before("inline", "formula_at_start", _formula_at_start)
    markdown.use(blocks.block_rules).use(jsx.jsx_rules)
    return markdown


def _formula_at_start(state: StateCore) -> None:
    """A formula that begins a paragraph must not be judged by the paragraph's last character.

    mdit-py-plugins 0.7.0 looks for a digit before the first `$` at position -1, and takes "$a$ is 6" for prices.
    """
    for token in state.tokens:
        if token.type == "inline" and token.content.startswith("$"):
            token.content += " "


def plain_parser() -> MarkdownIt:
    """CommonMark with tables, as Markdown inside an HTML table is read."""
    markdown = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    # Addresses are text here and nobody follows them; an invalid one would leave the link's markup in the text.
    markdown.validateLink = lambda _: True  # type: ignore[method-assign, assignment]
    markdown.normalizeLink = lambda address: address  # type: ignore[method-assign, assignment]
    return markdown
