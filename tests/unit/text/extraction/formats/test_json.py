"""JSON and JSON Lines: all of it, in order, each value with its path."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]

SHIP = """{"name": "Gull", "length": 12.50, "tags": ["tug", "old"], "owner": {"name": "Ann", "home": {"city": "Oslo"}},
 "name": "Gull II", "crew": [{"role": "mate", "since": 2020}, {"role": "cook", "pay": {"month": 2e3}}], "sold": null}"""


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    extracted = read(SHIP, "a.json")
    assert extracted.file_type == "json"
    assert extracted.title == "Gull"
    assert blocks_of(extracted) == [
        ("table", "name: Gull\nlength: 12.50\ntags: tug, old\nname: Gull II\nsold: null"),
        ("heading", "owner"),
        ("table", "name: Ann"),
        ("heading", "home"),
        ("table", "city: Oslo"),
        ("heading", "crew"),
        ("table", "role: mate | since: 2020\nrole: cook | pay.month: 2e3"),
    ]
    assert extracted.blocks[4].heading_path == ("owner", "home")


def test_long_texts_are_paragraphs(read: Read, blocks_of: BlocksOf) -> None:
    prose = "The harbour is open all year. " * 10
    blocks = blocks_of(read(f'[{{"id": 1, "text": "{prose}", "parts": [{{"a": 1}}, {{"a": 2}}]}}]', "a.json"))
    assert blocks == [
        ("table", "id: 1"),
        ("paragraph", f"text: {prose.strip()}"),
        ("table", "parts[0].a: 1\nparts[1].a: 2"),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            '{"big": 123456789012345678901234567890, "far": 1e999, "odd": NaN}',
            "big: 123456789012345678901234567890\nfar: 1e999\nodd: NaN",
        ),
        ('["a", "b"]', "- a\n- b"),
        ('"only words"', "only words"),
        ('{"a": {"b": {"c": {"d": {"e": 1}}}}}', "a\n\nb\n\nc\n\nd.e: 1"),
    ],
)
def test_values(read: Read, source: str, text: str) -> None:
    assert read(source, "a.json").text == text


def test_a_path_that_grows_without_end_is_cut_in_its_middle(read: Read) -> None:
    text = read('{"inner":' * 300 + "1" + "}" * 300, "a.json").text
    assert "…" in text
    assert len(text) < 400


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        ('{"a": 1,\n "b" 2}', FailureReason.MALFORMED, "line 2, column 6"),
        ("[" * 100_000, FailureReason.LIMIT_EXCEEDED, "nested too deeply"),
        ("{}", FailureReason.NO_TEXT, "no text"),
    ],
)
def test_what_cannot_be_read(read: Read, source: str, reason: FailureReason, words: str) -> None:
    with pytest.raises(DocumentRejected, match=words) as rejected:
        read(source, "a.json")
    assert rejected.value.reason is reason


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_lines(read: Read, blocks_of: BlocksOf, name: str) -> None:
    extracted = read('{"event": "start", "at": {"h": 9}}\n\n{"event": "stop"}\n', name)
    assert extracted.file_type == "jsonl"
    assert blocks_of(extracted) == [("table", "event: start\nat.h: 9"), ("table", "event: stop")]


def test_a_broken_line_is_named(read: Read) -> None:
    with pytest.raises(DocumentRejected, match="line 3, column 2"):
        read('{"a": 1}\n{"a": 2}\n{a: 3}\n', "a.jsonl")


def test_the_name_of_a_service_is_the_title(read: Read) -> None:
    assert (
        read('{"service": "Holm relay", "peers": {"ribe": {"port": 7}}, "log": {"level": 2}}', "a.json").title
        == "Holm relay"
    )
