"""What holds for every format: any bytes end as blocks of clean text or as a rejection."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio_rag.domain.errors import DocumentRejected
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.sanitise import clean
from tests.support.office import ONE_OF_EACH
from tests.support.texts import rewritten_zip

Read = Callable[..., ExtractedDocument]

NAMES = ["a.md", "a.txt", "a.html", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.ipynb", "a.eml"]
SIGNS = [*"#->|*_`~=[](!)\\<&1. \n\t\x00\u202e", "\n\n", "    ", "```", "---", "|-|", "<!--", "-->", "&#0;"]
WRITTEN = [
    "$",
    "^",
    "\f",
    "[^a]",
    "[^a]: ",
    ":::",
    "!!! a",
    '=== "a"',
    "+--+",
    "+==+",
    "-- --",
    "Q: a?",
    "A: ",
    "1. A\n",
    "<A {",
    "{/*",
    "*/}",
]
ELEMENTS = ("html", "p", "p hidden", "table", "tr", "td", "script", "h1", "ul", "li", "pre")
MORE_ELEMENTS = (
    "th",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
    "button aria-expanded",
    "sup",
    "a href=https://a.b",
    "math",
    "msup",
)

TAGS = [f"<{end}{element}>" for end in ("", "/") for element in ELEMENTS + MORE_ELEMENTS]
MARKUP = st.lists(st.one_of(st.sampled_from(SIGNS + WRITTEN + TAGS), st.text(max_size=8)), max_size=60).map("".join)


def check(document: ExtractedDocument) -> None:
    text = document.text
    assert document.blocks
    assert clean(text) == text
    assert document.blocks[0].start == 0
    assert document.blocks[-1].end == len(text)
    for before, after in pairwise(document.blocks):
        assert text[before.end : after.start] == "\n\n"
    for block in document.blocks:
        content = text[block.start : block.end]
        assert content.strip()
        if block.kind == "heading":
            assert block.heading_path[-1] == content
            assert "\n" not in content


@pytest.mark.parametrize("filename", NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(source=MARKUP)
def test_any_markup(read: Read, filename: str, source: str) -> None:
    with contextlib.suppress(DocumentRejected):
        check(read(source.encode("utf-8", "surrogatepass"), filename))


@pytest.mark.parametrize("filename", NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes(read: Read, filename: str, data: bytes) -> None:
    with contextlib.suppress(DocumentRejected):
        check(read(data, filename))


@pytest.mark.parametrize("filename", sorted(ONE_OF_EACH))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(choices=st.data())
def test_any_damage(read: Read, filename: str, choices: st.DataObject) -> None:
    """Of what was a document of its type; damage inside a part of an archive, which its checksum would not let pass."""
    data = ONE_OF_EACH[filename]
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = choices.draw(st.sampled_from([name for name in archive.namelist() if not name.endswith(".jpeg")]))
            damaged = rewritten_zip(data, **{name: _damaged(archive.read(name), choices)})
    else:
        damaged = _damaged(data, choices)
    # The worker makes a rejection of whatever else a parser raises; an assertion or too much of anything is a fault.
    with contextlib.suppress(DocumentRejected):
        check(read(damaged, filename))


def _damaged(data: bytes, choices: st.DataObject) -> bytes:
    start = choices.draw(st.integers(0, len(data)))
    end = choices.draw(st.integers(start, min(len(data), start + 60)))
    return data[:start] + choices.draw(st.binary(max_size=12)) + data[end:]
