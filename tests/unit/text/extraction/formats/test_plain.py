"""Plain text: pages made whole, lines kept, and no structure but what is certain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]


def paths(document: ExtractedDocument) -> dict[str, tuple[str, ...]]:
    return {
        document.text[block.start : block.end]: block.heading_path
        for block in document.blocks
        if block.kind != "heading"
    }


def test_lines_and_marks_are_left_as_they_are(read: Read, blocks_of: BlocksOf) -> None:
    document = read("# not a heading\n* not a list\n\n\n  second   paragraph \n  goes on\n", "a.txt")
    assert blocks_of(document) == [
        ("paragraph", "# not a heading\n* not a list"),
        ("paragraph", "second paragraph\ngoes on"),
    ]
    assert document.title is None
    assert document.page_count is None


def page(number: int, body: str, end: str = "") -> str:
    return f"Harbour Rules        Draft\n\n\n{body}\n\n\nVellow Port Office                    [Page {number}]\n{end}"


class TestPages:
    @pytest.mark.parametrize("end", ["\f", ""])
    def test_a_sentence_over_a_page_break_is_whole(self, read: Read, end: str) -> None:
        document = read(
            page(1, "   A ship that waits longer than an hour is", end)
            + page(2, "   sent back to the outer mole. It may return on the next trans-", end)
            + page(3, "   fer day. Nobody waits twice.\n\n   Fees are due at once.", end),
            "a.txt",
        )
        assert document.text == (
            "Harbour Rules Draft\n\n"
            "A ship that waits longer than an hour is\nsent back to the outer mole. It may return on the next transfer "
            "day. Nobody waits twice.\n\n"
            "Fees are due at once."
        )

    def test_a_hyphen_that_the_text_has_elsewhere_stays(self, read: Read) -> None:
        document = read("The well-known mole. It is well-\fknown to all.\n\nEnd.", "a.txt")
        assert "It is well-known to all." in document.text

    def test_paragraphs_that_end_at_a_break_stay_apart(self, read: Read, blocks_of: BlocksOf) -> None:
        document = read("First page ends.\n\n1\n\fSecond page begins.\n\n2\n\f3. An item\n\n3\n", "a.txt")
        assert [text for _, text in blocks_of(document)] == ["First page ends.", "Second page begins.", "3. An item"]

    def test_chapters_at_the_top_of_pages_are_no_running_heads(self, read: Read) -> None:
        text = read("Chapter 1\n\nOne.\n\fChapter 2\n\nTwo.\n", "a.txt").text
        assert text == "Chapter 1\n\nOne.\n\nChapter 2\n\nTwo."

    @pytest.mark.parametrize("foot", ["{}", "Rules of Vellow                {}", "- {} -"])
    def test_pages_that_are_only_counted(self, read: Read, foot: str) -> None:
        bodies = ["\n".join(f"Rule {n} of part {part} holds." for n in range(20)) for part in "abc"]
        pages = [f"{body}\n\n{foot.format(number)}" for number, body in enumerate(bodies, 7)]
        assert read("\n\n".join([*pages, "End."]), "a.txt").text == "\n\n".join([*bodies, "End."])

    def test_mentions_of_pages_are_no_page_numbers(self, read: Read) -> None:
        text = "See Page 1 for more.\n\nSee Page 2 for the rest.\n\nPage 7\n\nText."
        assert read(text, "a.txt").text == text


class TestTitles:
    def test_underlined(self, read: Read) -> None:
        document = read("The Port\n========\n\nText.\n\nFees\n----\nNine euros.\n\n====\nEnds\n====\n\nLast.", "a.txt")
        assert document.title == "The Port"
        assert paths(document) == {
            "Text.": ("The Port",),
            "Nine euros.": ("The Port", "Fees"),
            "Last.": ("The Port", "Ends"),
        }

    def test_numbered(self, read: Read) -> None:
        document = read(
            "Preface.\n\n1. Scope\n\nAll ships.\n\n1.1 Small ships\n\nBoats.\n\n2. Fees\n\nNine euros.", "a.txt"
        )
        assert document.title is None
        assert paths(document) == {
            "Preface.": (),
            "All ships.": ("1. Scope",),
            "Boats.": ("1. Scope", "1.1 Small ships"),
            "Nine euros.": ("2. Fees",),
        }

    def test_capitals(self, read: Read) -> None:
        document = read("NAME\n    port - moors ships\n\nSEE ALSO\n\nThe mole.", "a.txt")
        assert paths(document) == {"port - moors ships": ("NAME",), "The mole.": ("SEE ALSO",)}

    def test_of_a_word_that_counts_the_parts(self, read: Read) -> None:
        document = read("Rules of the pier\n\nArticle 1. Name\nIt is Vell.\n\nArticle 2. Fees\nNine euros.", "a.txt")
        assert document.title == "Rules of the pier"
        assert paths(document) == {
            "It is Vell.": ("Rules of the pier", "Article 1. Name"),
            "Nine euros.": ("Rules of the pier", "Article 2. Fees"),
        }

    def test_of_a_word_that_goes_by_letters_and_what_ends_the_last_part(self, read: Read) -> None:
        text = "Cover A: Hulls\n\nUp to 90 euros.\n\nCover B: Masts\n\nUp to 40.\n\n"
        text += "Complaints\n\nWrite to us.\n\nDate: May"
        assert paths(read(text, "a.txt")) == {
            "Up to 90 euros.": ("Cover A: Hulls",),
            "Up to 40.": ("Cover B: Masts",),
            "Write to us.": ("Complaints",),
            "Date: May": ("Complaints",),
        }

    def test_behind_figures_a_short_line_is_no_title(self, read: Read) -> None:
        text = "Figure 1 Hulls\n\nA hull.\n\nFigure 2 Masts\n\nA mast.\n\nOak and pine\n\nBoth float."
        assert ("Oak and pine",) not in paths(read(text, "a.txt")).values()

    @pytest.mark.parametrize("between", ["\n", "\n\n", "\n\n   "])
    def test_short_lines_above_sentences(self, read: Read, between: str) -> None:
        document = read(f"Hours{between}Open at nine.\n\nPrices{between}Free for all.", "a.txt")
        assert paths(document) == {"Open at nine.": ("Hours",), "Free for all.": ("Prices",)}

    @pytest.mark.parametrize(
        "text",
        [
            "Hours\n\nOpen at nine.",
            "Mr. A. Vell\nMole 3\nPort\n\nDear Sir,\nwe moor at nine.\n\nYours\nThe pilot",
            "salt\n\npepper\n\nStir it.\n\noil\n\nrice",
            "1. Open the valve\n\n2. Press the lamp\n\n3. Wait",
            "4. Scope\n\nThe fourth, alone.",
            "1. Scope\n\nOne.\n\n5. Fees\n\nFive.",
            "STOP\n\nOne shout is no title.",
            "Name\n--\n\nText",
            "1. All ships pay at once.\n\nText.\n\n2. Boats pay later.\n\nText.",
        ],
    )
    def test_what_is_uncertain_is_none(self, read: Read, blocks_of: BlocksOf, text: str) -> None:
        assert "heading" not in {kind for kind, _ in blocks_of(read(text, "a.txt"))}


def test_questions(read: Read) -> None:
    document = read(
        "Q: Who moors?\nA: The pilot.\nQ: Who pays?\nA: The owner.\nAt once.\n\n1) When is it open?\nAll day.\n\n"
        "2) Is it far?\n\nNo.\n\nF: Wer zahlt?\n\nA: Der Eigner.\n\nF: drive is full",
        "a.txt",
    )
    assert paths(document) == {
        "The pilot.": ("Who moors?",),
        "The owner.\nAt once.": ("Who pays?",),
        "All day.": ("1) When is it open?",),
        "No.": ("2) Is it far?",),
        "Der Eigner.": ("Wer zahlt?",),
        "F: drive is full": ("Wer zahlt?",),
    }


def test_tables(read: Read, blocks_of: BlocksOf) -> None:
    document = read(
        "Piers of Vellow:\n+------+----+\n| Ship | No |\n+======+====+\n| Wren | 12 |\n+------+----+\n\n"
        "Ship    No\n------  --\nWren    12\nand     13\n        14\n\n ship | no\n------+----\n Wren | 12\n(1 row)",
        "a.txt",
    )
    assert blocks_of(document) == [
        ("paragraph", "Piers of Vellow:"),
        ("table", "Ship: Wren | No: 12"),
        ("table", "Ship: Wren | No: 12\nShip: and | No: 13 14"),
        ("table", "ship: Wren | no: 12"),
        ("paragraph", "(1 row)"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01 10:00 INFO up\n2024-05-01 10:02 WARN slow\n2024-05-01 10:03 ERROR down",
        "port:\n  piers:\n    - north\n  fee: 9",
        "def moor(ship):\n    if ship.waits:\n        return 9",
        "10:00 Ines: Hello.\n10:01 Odo: Good day. Is it far?\n10:02 Ines: No.",
    ],
)
def test_lines_that_count_are_kept(read: Read, blocks_of: BlocksOf, text: str) -> None:
    assert blocks_of(read(text, "a.txt")) == [("code", text)]


ASCIIDOC = "= Boats\n\n== Fees\nForty.\n\n----\n== no heading\n----\n\n=== Summer ===\nFifty.\n"
LATEX = "\\documentclass{a}\n\\title{Boats}\n\\section{Fees of \\emph{Arn}}\nForty.\n\\subsection*{Summer}\nFifty.\n"
ORG = "#+TITLE: Boats\n* Fees\nForty.\n** TODO Summer  :tag:\nFifty.\n* Rest\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (ASCIIDOC, ("Boats", "Fees", "Summer")),
        (LATEX, ("Boats", "Fees of Arn", "Summer")),
        (ORG, ("Fees", "Summer")),
        ("=== RUN   TestA\n=== RUN   TestB\nFifty.", ()),
        ("* Fees\n** Summer\nFifty.", ()),
        ("== one line\n\nFifty.", ()),
    ],
)
def test_headings_in_the_markup_of_other_formats(read: Read, text: str, path: tuple[str, ...]) -> None:
    document = read(text, "a.txt")
    block = next(block for block in document.blocks if "Fifty." in document.text[block.start : block.end])
    assert block.heading_path == path
    assert "== no heading" in document.text or text is not ASCIIDOC


def test_the_comment_above_settings_is_the_title(read: Read) -> None:
    document = read("# Settings of the relay\nlisten:\n  port: 7300\n  host: holm\n", "relay.txt")
    assert document.title == "Settings of the relay"
    assert document.text.startswith("# Settings of the relay\nlisten:\n  port: 7300")
