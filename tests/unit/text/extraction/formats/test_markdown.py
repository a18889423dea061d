"""Markdown: structure kept, markup gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

SOURCE = """\
---
title: From the front matter
tags: [a, b]
---

Setext title
============

Intro with *emphasis*, **strong**, `code`, a [link](https://example.com/x?y=z) and ![a diagram](d.png "t").
Second line of the same paragraph.\\
After a break.

## Lists ##

- one
- two
  1. nested one
  2. nested two

     more of nested two
- three

3. third
4. fourth

### Code

```python
def f():
    return 1
```

| Name | Size |
|------|-----:|
| a    | 1    |
| b \\| c | 2  |

> quoted words

<div onclick="evil()">inside a div<script>alert("never")</script></div>

Inline <b>bold</b> and <script>alert(1)</script> and<br>a break <!-- hidden -->.

Another
-------

***

End &amp; done\\.
"""


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    document = read(SOURCE, "a.md")
    assert document.file_type == "md"
    assert document.title == "From the front matter"
    assert blocks_of(document) == [
        ("heading", "Setext title"),
        (
            "paragraph",
            "Intro with emphasis, strong, code, a link and a diagram. Second line of the same paragraph.\n"
            "After a break.",
        ),
        ("heading", "Lists"),
        (
            "list",
            "- one\n- two\n  1. nested one\n  2. nested two\n     more of nested two\n- three\n3. third\n4. fourth",
        ),
        ("heading", "Code"),
        ("code", "def f():\n    return 1"),
        ("table", "Name: a | Size: 1\nName: b | c | Size: 2"),
        ("paragraph", "quoted words"),
        ("paragraph", "inside a div"),
        ("paragraph", "Inline bold and and\na break ."),
        ("heading", "Another"),
        ("paragraph", "End & done."),
    ]


def test_heading_paths(read: Read) -> None:
    document = read("# A\n\na\n\n### C\n\nc\n\n## B\n\nb\n\n# D\n\nd", "a.md")
    paths = [block.heading_path for block in document.blocks if block.kind == "paragraph"]
    assert paths == [("A",), ("A", "C"), ("A", "B"), ("D",)]
    assert document.title == "A"


def test_a_heading_as_long_as_a_paragraph_is_one(read: Read, blocks_of: BlocksOf) -> None:
    document = read("words and " * 30 + "more\n====\n\n# Real", "a.md")
    assert [kind for kind, _ in blocks_of(document)] == ["paragraph", "heading"]
    assert document.title == "Real"


def test_blocks_are_all_there_is(read: Read) -> None:
    document = read(SOURCE, "a.md")
    assert "\n\n".join(document.text[b.start : b.end] for b in document.blocks) == document.text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("---\n\nA rule, then text.\n\n---\n\nMore.", "A rule, then text.\n\nMore."),
        ("+++\ntitle = 'T'\n+++\nBody", "Body"),
        ("<!-- only\na comment -->\n\nText", "Text"),
        ("See <https://example.com/a>.", "See https://example.com/a."),
        ("An anchor<a name='x'></a> in text", "An anchor in text"),
        ("`[Action](https://example.com/api)` call", "Action call"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
        ("[ref][1]\n\n[1]: https://example.com", "ref"),
        ("~~old~~ new", "old new"),
        ("\ufeff# BOM", "BOM"),
        ("    indented code\n      more", "indented code\n  more"),
        ("a\r\n\r\nb\rc", "a\n\nb c"),
        ("javascript: [x](javascript:alert(1))", "javascript: x"),
    ],
)
def test_pieces(read: Read, source: str, text: str) -> None:
    assert read(source, "a.md").text == text


@pytest.mark.parametrize("source", ["   \n\n", "\ufeff", "<!-- nothing -->", "---\ntitle: x\n---\n", "![](x.png)"])
def test_no_text(read: Read, source: str) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read(source, "a.md")
    assert rejected.value.reason is FailureReason.NO_TEXT


def test_too_many_characters(read: Read) -> None:
    with pytest.raises(DocumentRejected, match="more than 100 characters") as rejected:
        read("word " * 50, "a.md", max_characters=100)
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED


def test_deep_nesting_is_survived(read: Read) -> None:
    assert "end" in read("> " * 5000 + "deep\n\nend", "a.md").text
    assert "deep" in read("- " * 60 + "deep", "a.md").text
    with pytest.raises(DocumentRejected):
        read("- " * 3000 + "deep", "a.md")


def test_plain_text_is_left_as_it_is(read: Read, blocks_of: BlocksOf) -> None:
    document = read("# not a heading\n* not a list\n\n\n  second   paragraph \n  goes on\n", "a.txt")
    assert blocks_of(document) == [
        ("paragraph", "# not a heading\n* not a list"),
        ("paragraph", "second paragraph\ngoes on"),
    ]
    assert document.title is None
    assert document.page_count is None
