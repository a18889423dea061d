"""What counts as a word of a text and of a question, the same for both.

Compatibility forms, case and accents do not count: `Café` and `ｃａｆｅ` are one word. A compound such as
`c5d.12xlarge`, `B-102` or `max_receive_count` is found by each of its parts and as a whole, however it is written
together: the whole of `B-102` is the word `b102`. The address behind a link is one word, which a question that names
the address has, too: its parts would count as words of the text beside it. Tantivy is handed these words ready made,
because its own analysers know neither and leave out what is long, which a commit's hash is
(findings/tantivy-long-tokens.sh).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from portfolio_rag.domain.link_addresses import LINKED_ADDRESS
from portfolio_rag.text.language.compatibility import compatible
from portfolio_rag.text.language.content_words import content_words
from portfolio_rag.text.language.function_words import FUNCTION_WORDS
from portfolio_rag.text.language.stemming import alike_stem

_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(r"[^\W_]+(?:[._\-/:+#@]+[^\W_]+)+")
_SEPARATORS = re.compile(r"(?<!\d)[._\-/:+#@]+|[._\-/:+#@]+(?!\d)")
"""Between two digits they stay: 1.12 is not 11.2."""
_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"https?://[^\s()<>\"]+")
_ADDRESS_START = re.compile(r"https?://(?:www\.)?")
_ACCENTS = re.compile("[\u0300-\u036f]")

_MAX_TERM = 256
"""Characters of a word that count; Tantivy leaves out a term of 65,530 bytes and more."""

_MAX_QUERY_WORDS = 64
"""A longer question is cut: each word is one more list of postings to read."""


def fold(text: str) -> str:
    """The text as it is searched: NFKC, without case and accents, the address behind a link as one word.

    Of another length, where it is not ASCII or has such addresses.
    """
    if "://" in text:
        text = LINKED_ADDRESS.sub(lambda match: f" {_address_word(match[1].lower())}", text)
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", compatible(text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


def text_terms(folded: str) -> list[str]:
    """The term of each word of a folded text but function words, in order."""
    return [term(word) for word in _WORD.findall(folded) if word not in FUNCTION_WORDS]


def text_wholes(folded: str) -> list[str]:
    """The wholes of compounds in a folded text that have a digit or an underscore, each once.

    Others are hyphenated words, paths and the like.
    """
    compounds = set(_COMPOUND.findall(folded))
    return [_whole(compound) for compound in compounds if "_" in compound or _DIGIT.search(compound)]


def query_terms(query: str) -> list[str]:
    """The terms of the question's content words in order, each once, then those of the addresses that it names.

    A scheme alone, as in "a link with https://, please", names no address: every term has a letter or a digit.
    """
    folded = fold(query)
    words = dict.fromkeys(content_words(folded))
    addresses = dict.fromkeys(_address_word(address) for address in _ADDRESS.findall(folded))
    named = [word for word in (*words, *addresses) if word]
    return list(dict.fromkeys(map(term, named[:_MAX_QUERY_WORDS])))


def query_wholes(query: str) -> list[str]:
    """The wholes of compounds in the question."""
    return text_wholes(fold(query))[:_MAX_QUERY_WORDS]


@lru_cache(maxsize=65536)
def term(word: str) -> str:
    """What a folded word counts as: its stem in one of its spellings. Measured against others: docs/decisions/0019."""
    return alike_stem(word, "porter")[:_MAX_TERM]


def _address_word(address: str) -> str:
    """A folded address, as one word."""
    return "".join(_WORD.findall(_ADDRESS_START.sub("", address)))


def _whole(compound: str) -> str:
    return _SEPARATORS.sub("", compound)[:_MAX_TERM]
