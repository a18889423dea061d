"""docs/glossary.md: no word has two meanings, and what is stored under another name exists."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields

from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from tests.support.pages import code, rows, text_of

PAGE = text_of("docs/glossary.md")


def test_no_word_is_explained_twice() -> None:
    words = Counter(word.strip() for cells in rows(PAGE) for word in cells[0].split(","))
    assert words
    assert not [word for word, times in words.items() if times > 1]


def test_stored_names_are_attributes() -> None:
    stored = {code(note)[0] for note in re.findall(r"Stored as (?:the item )?(`[^`]+`)", PAGE)}
    attributes = {field.name for record in (DocumentHead, DocumentVersion) for field in fields(record)}
    assert stored - attributes == {"index#<collection>"}
