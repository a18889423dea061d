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
        ("paragraph", "Tags: a, b"),
        ("heading", "Setext title"),
        (
            "paragraph",
            "Intro with emphasis, strong, code, a link (https://example.com/x?y=z) and a diagram. "
            "Second line of the same paragraph.\n"
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
        ("---\n\nA rule, then text.\n\nKeys: at the desk.\n\n---\n", "A rule, then text.\n\nKeys: at the desk."),
        ("---\nbroken: [a\n\n# of whom\nowner: b\n---\n\nMore.", "Broken: [a\nOwner: b\n\nMore."),
        ("+++\ntitle = 'T'\n+++\nBody", "Body"),
        ("<!-- only\na comment -->\n\nText", "Text"),
        ("See <https://example.com/a>.", "See https://example.com/a."),
        ("An anchor<a name='x'></a> in text", "An anchor in text"),
        ("`[Action](https://example.com/api)` call", "Action call"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
        ("[ref][1]\n\n[1]: https://example.com", "ref (https://example.com)"),
        ("See [[Fees|what it costs]], [[Harbour rules]].", "See what it costs, Harbour rules."),
        ("if [[ -f x ]]; a == b == c and ==marked words== here", "if [[ -f x ]]; a == b == c and marked words here"),
        ("~~old~~ new", "~~old~~ new"),
        ("<del>old</del> <s>older</s> new", "~~old~~ ~~older~~ new"),
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


def paths(document: ExtractedDocument) -> dict[str, tuple[str, ...]]:
    """The heading path of each block that is no heading, by its text."""
    return {
        document.text[block.start : block.end]: block.heading_path
        for block in document.blocks
        if block.kind != "heading"
    }


def texts(document: ExtractedDocument, kind: str) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks if block.kind == kind]


class TestFrontMatter:
    def test_values_can_be_read_and_filtered(self, read: Read) -> None:
        document = read(
            "---\ntitle: >\n  Folded\n  title\nlast_seen: 2024-03-05\nrelease: 2.10\nyear: 2024\nshare: 0.5\n"
            "public: true\ncountry: NO\ncode: '0042'\ntags: [red, blue]\n"
            "review:\n  by: Ines\nempty:\n---\n# Start\n\nText.",
            "a.md",
        )
        assert document.title == "Folded title"
        assert texts(document, "paragraph")[0] == (
            "Last seen: 2024-03-05\nRelease: 2.10\nYear: 2024\nShare: 0.5\nPublic: true\nCountry: NO\nCode: 0042\n"
            "Tags: red, blue\nReview: By: Ines"
        )
        assert document.attributes == {
            "title": "Folded title",
            "last_seen": "2024-03-05",
            "release": "2.10",
            "year": 2024,
            "share": 0.5,
            "public": True,
            "country": "NO",
            "code": "0042",
            "tags": ["red", "blue"],
            "review.by": "Ines",
        }

    def test_toml(self, read: Read) -> None:
        document = read(
            "+++\ntitle = 'T'\nday = 2024-03-05\nweight = 2.5\n[params]\nowner = 'Ines'\n+++\nText.", "a.md"
        )
        assert document.title == "T"
        assert document.text == "Day: 2024-03-05\nWeight: 2.5\nParams: Owner: Ines\n\nText."
        assert document.attributes == {"title": "T", "day": "2024-03-05", "weight": 2.5, "params.owner": "Ines"}

    @pytest.mark.parametrize(
        "matter",
        [
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",  # references, of which bombs are made
            "a: " + "[" * 3000,
            "a: b: c: d",
            "a: 'not ended",
        ],
    )
    def test_what_is_no_yaml_is_read_line_by_line(self, read: Read, matter: str) -> None:
        document = read(f"---\ntitle: Still a title\n{matter}\n---\nText.", "a.md")
        assert document.title == "Still a title"
        assert document.text.endswith("\n\nText.")


class TestHeadings:
    def test_without_a_blank(self, read: Read) -> None:
        document = read("#Plan of Vellow\nText one.\n##Second part\nText two.\n\n###3. Third##\nText three.", "a.md")
        assert paths(document) == {
            "Text one.": ("Plan of Vellow",),
            "Text two.": ("Plan of Vellow", "Second part"),
            "Text three.": ("Plan of Vellow", "Second part", "3. Third"),
        }

    @pytest.mark.parametrize(
        "source",
        [
            "#hashtag",
            "#Vellow #Harbour",
            "Text\n#1 of two",
            "#include <stdio.h>",
            "#!/bin/sh",
            "Text\n#Word",
            "#TeamVellow",
        ],
    )
    def test_hashtags_and_the_like_are_none(self, read: Read, source: str) -> None:
        assert not texts(read(f"{source}\n\nMore.", "a.md"), "heading")

    def test_attributes_and_permalinks_are_no_part(self, read: Read) -> None:
        source = "# Tuning {#tuning}\n\n## Queues [¶](#queues)\n\n## Use C# [it](https://a.example)\n\nText."
        assert texts(read(source, "a.md"), "heading") == ["Tuning", "Queues", "Use C# it"]

    def test_questions_are_headings_of_their_answers(self, read: Read) -> None:
        document = read(
            "# Help\n\n**Q: How old?**\nA: Nine.\n\n**How wide is it?**\n\nA: Ten metres.\n\n"
            "Q: Who?\nA: Ines.\nQ: When?\n"
            "A: Now.\n\n1. How do I start it?\n   Turn it.\n2. **And stop?**\n\n   Push it.\n3. A step.\n\n"
            "## After\n\n- Is it on?\n- Is it off?\n\nFrage 4: Ist das so? Ja.",
            "a.md",
        )
        assert paths(document) == {
            "Nine.": ("Help", "How old?"),
            "Ten metres.": ("Help", "How wide is it?"),
            "Ines.": ("Help", "Who?"),
            "Now.": ("Help", "When?"),
            "Turn it.": ("Help", "1. How do I start it?"),
            "Push it.": ("Help", "2. And stop?"),
            "3. A step.": ("Help",),
            "- Is it on?\n- Is it off?": ("Help", "After"),
            "Ja.": ("Help", "After", "Frage 4: Ist das so?"),
        }

    def test_definitions_stand_under_their_terms(self, read: Read) -> None:
        document = read(
            "# Words\n\nKeel\nFin\n: Below the hull.\n\nMast\n: Holds sails.\n: Is tall.\n\n# End\n\nx", "a.md"
        )
        assert paths(document)["Holds sails."] == ("Words", "Mast")
        assert paths(document)["Is tall."] == ("Words", "Mast")
        assert paths(document)["x"] == ("End",)

    def test_details(self, read: Read) -> None:
        document = read(
            "# Help\n\n<details>\n<summary>Is it <b>hidden</b>?</summary>\n\nYes, *here*.\n\n</details>\n\nAfter.",
            "a.md",
        )
        assert paths(document) == {"Yes, here.": ("Help", "Is it hidden?"), "After.": ("Help",)}


class TestTables:
    def test_a_grid_with_merged_empty_and_long_cells(self, read: Read) -> None:
        grid = """
+------+-----------+
| Ship | Place     |
|      +-----+-----+
|      | Pier| Gate|
+======+=====+=====+
| Wren | 12  |     |
+------+-----+-----+
| Tern | north side|
| II   | *free*    |
+------+-----------+
"""
        assert read(grid, "a.md").text == (
            "Ship: Wren | Place - Pier: 12\n"
            "Ship: Tern II | Place - Pier: north side free | Place - Gate: north side free"
        )

    @pytest.mark.parametrize(
        ("rule", "rows", "text"),
        [
            ("+---+---+", "| a | 2 |\n| b |   |\n| c | 9 |", "Key: a | No: 2\nKey: b\nKey: c | No: 9"),
            ("+===+===+", "| a | 2 |\n| b | 4 |\n| c | 9 |", "Key: a | No: 2\nKey: b | No: 4\nKey: c | No: 9"),
            ("+===+===+", "| a | 2 |\n| b | 4 |", "Key: a b | No: 2 4"),
            ("+---+---+", "| a | 2 |\n|   | 4 |", "Key: a | No: 2 4"),
        ],
    )
    def test_a_grid_without_rules_between_its_rows(self, read: Read, rule: str, rows: str, text: str) -> None:
        assert read(f"+---+---+\n|Key|No |\n{rule}\n{rows}\n+---+---+\n", "a.md").text == text

    def test_wide_characters_keep_the_columns(self, read: Read) -> None:
        grid = "+------+------+\n| 名前 | 番号 |\n+======+======+\n| 鶴   | 12   |\n+------+------+\n"
        assert read(grid, "a.md").text == "名前: 鶴 | 番号: 12"

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("Ship | Pier\n--|--\nWren | 12", "Ship: Wren | Pier: 12"),
            ("| Ship | Pier |\n| Wren | 12 |\n| Tern | |", "Ship: Wren | Pier: 12\nShip: Tern"),
            ("Ship    Pier\n------  ----\nWren    12\nTern    14", "Ship: Wren | Pier: 12\nShip: Tern | Pier: 14"),
            ("| | |\n|---|---|\n| Wren | 12 |", "Wren | 12"),
        ],
    )
    def test_other_drawings(self, read: Read, source: str, text: str) -> None:
        assert read(source, "a.md").text == text

    def test_html_with_empty_lines(self, read: Read) -> None:
        source = (
            "<table>\n  <tr>\n    <th>Ship</th><th>Use</th>\n  </tr>\n\n  <tr>\n\n    <td>Wren</td>\n    <td>\n\n"
            "Sails **east**.\n\n```\ngo:\n  east\n```\n\n    </td>\n  </tr>\n</table>\n\nAfter."
        )
        document = read(source, "a.md")
        assert texts(document, "table") == ["Ship: Wren | Use: Sails east."]
        assert texts(document, "code") == ["go:\n  east"]
        assert texts(document, "paragraph") == ["After."]


class TestMarksOfGenerators:
    def test_mdx(self, read: Read) -> None:
        document = read(
            "import Tabs from '@theme/Tabs';\nimport {\n  A,\n} from './a';\n\n"
            "export const meta = {\n  a: 1,\n\n  b: 2,\n};\n\n"
            "# Guide\n\n{/* a note\nto us */}\n\n<Tabs items={['a', {b: 1}]}>\n"
            '<TabItem label="Linux">\n\nUnpack it.\n\n'
            '</TabItem>\n</Tabs>\n\n<Note title="Heed">Takes *nine* minutes.</Note>\n\n'
            "Press <Key name={x} /> now{/* why */}.\n\n"
            "import goods from abroad.\n\nexport default ({ children }) => <main>{children}</main>",
            "a.mdx",
        )
        assert paths(document) == {
            "Unpack it.": ("Guide", "Linux"),
            "Takes nine minutes.": ("Guide", "Heed"),
            "Press now.": ("Guide",),
            "import goods from abroad.": ("Guide",),
        }

    def test_what_is_set_in_by_its_component_is_no_code(self, read: Read) -> None:
        document = read(
            "<Steps>\n  <Step>\n    Press <kbd>K</kbd>.\n\n    - One\n    - Two\n\n"
            "    ```js\n    if (a)\n      b()\n    ```\n"
            "  </Step>\n</Steps>\n\n    make all\n",
            "a.mdx",
        )
        assert texts(document, "paragraph") == ["Press K."]
        assert texts(document, "list") == ["- One\n- Two"]
        assert texts(document, "code") == ["if (a)\n  b()", "make all"]

    def test_what_looks_like_a_component_and_is_never_closed(self, read: Read) -> None:
        assert texts(read("<Name> of the ship\n\n    make all\n", "a.md"), "code") == ["make all"]

    def test_code_is_never_touched(self, read: Read) -> None:
        code = "import a from 'b';\n:::note\n#Heading\n| a | b |\n| c | d |\n{/* x */}\n$x$ [^1] ^2^"
        assert texts(read(f"```\n{code}\n```", "a.md"), "code") == [code]

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            (":::note\nHeed this.\n:::", "Heed this."),
            (":::tip[Good to know]\nHeed this.\n:::", "Good to know\n\nHeed this."),
            ('::: {.callout-note title="Good to know"}\nHeed this.\n:::', "Good to know\n\nHeed this."),
            ("!!! note\n    Heed this.\n", "Heed this."),
            ('??? note "Good to know"\n    Heed this.\n', "Good to know\n\nHeed this."),
            ('=== "Linux"\n\n    Heed this.\n', "Linux\n\nHeed this."),
            ("> [!WARNING]\n> Heed this.", "Heed this."),
            ("Heed this.\n{: .wide}", "Heed this."),
        ],
    )
    def test_notes(self, read: Read, source: str, text: str) -> None:
        assert read(source, "a.md").text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "[a](mailto:a@b.example), [b](#c), [d](e.md), <a href='https://f.example'>f</a>",
            "a (a@b.example), b, d, f (https://f.example)",
        ),
        (
            "3×10<sup>5</sup>, 10^6^, H~2~O, a^2 + b^2, 2^10^6, ~5 to ~7",
            "3×10^5, 10^6, H_2O, a^2 + b^2, 2^10^6, ~5 to ~7",
        ),
        ("8 km<SUP>2</SUP>,<BR>see <A HREF='https://f.example'>f</A>", "8 km^2,\nsee f (https://f.example)"),
        ("$F=ma^{2}$ for $5 or $6", "F=ma^2 for $5 or $6"),
        ("$$\na = b\n$$", "a = b"),
        ("- [x] done\n- [ ] open", "- [x] done\n- [ ] open"),
        ("Text.[^a] More.\n\nLast.\n\n[^a]: A note.", "Text.[note a] More.\n\n[note a] A note.\n\nLast."),
        ("Text^[aside].\n\n[^b]: Never named.", "Text (aside).\n\n[note b] Never named."),
    ],
)
def test_marks_in_lines(read: Read, source: str, text: str) -> None:
    assert read(source, "a.md").text == text


def test_lines_with_labels_stay_lines(read: Read, blocks_of: BlocksOf) -> None:
    document = read("Present: Ada Lund,\nBo Ferrant\nApologies: Cyd Okonkwo\n", "a.md")
    assert blocks_of(document) == [("paragraph", "Present: Ada Lund, Bo Ferrant\nApologies: Cyd Okonkwo")]
