"""Text in, clean text out: nothing invisible, nothing lost, no mojibake."""

from __future__ import annotations

import codecs
import contextlib
import unicodedata
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.sanitise import clean, clean_code, clean_line, clean_prose, decode

ANY_TEXT = st.text(alphabet=st.characters(codec=None, categories=None))  # lone surrogates and noncharacters too
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "\x00\x07\x1b\r\n\t\x0b\x0c\x85\xa0\xad\u034f\u061c\u115f\u200b\u200c\u200d\u200e\u202e\u2028\u2029\u2060"
            "\u2066\u2069\u3164\ufe0f\ufeff\ufffd\ufffe\uffff\ud800\udfff\ue000\ufb01\ufdfa\ufe70\u212a\u0301\u0308"
            "\u1100\u1161\U0001f468\U0001f469\U000e0041\U000e0100\U0010ffff eaK\u0646\u06cc\u0915\u094d"
        ),
        st.characters(codec=None, categories=None),
    )
)
CLEANERS = [clean, clean_prose, clean_line, clean_code]


@pytest.mark.parametrize("cleaner", CLEANERS)
@given(text=st.one_of(ANY_TEXT, NASTY))
def test_cleaning_twice_is_cleaning_once(cleaner: Callable[[str], str], text: str) -> None:
    once = cleaner(text)
    assert cleaner(once) == once


@pytest.mark.parametrize("cleaner", CLEANERS)
@given(text=st.one_of(ANY_TEXT, NASTY))
@pytest.mark.failure(14)
def test_nothing_forbidden_is_left(cleaner: Callable[[str], str], text: str) -> None:
    cleaned = cleaner(text)
    cleaned.encode("utf-8")  # no lone surrogates
    assert unicodedata.is_normalized("NFC", cleaned)
    for char in cleaned:
        assert char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Co"), hex(ord(char))
        assert ord(char) & 0xFFFE != 0xFFFE
        assert not 0xFDD0 <= ord(char) <= 0xFDEF
        assert char not in "\u200b\u200e\u200f\u2060\ufeff\xad"
        assert not 0x202A <= ord(char) <= 0x202E
        assert not 0x2066 <= ord(char) <= 0x2069
        assert not 0xE0000 <= ord(char) <= 0xE00FF


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x24F)))
def test_letters_digits_and_punctuation_are_kept(text: str) -> None:
    assert clean_prose(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eﬃcient ﬁles ﬂow", "efficient files flow"),
        ("x² + ½ = №1 ①", "x² + ½ = №1 ①"),
        ("cafe\u0301", "café"),
        ("soft\xadhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("ignore\U000e0069\U000e0067 this", "ignore this"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner shapes the word
        ("pass\u200cword", "password"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f", "👨\u200d👩\u200d👧 ❤\ufe0f"),
        ("a\ufe0f\ufe0e\U000e0101b", "a\ufe0fb"),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("a\xa0\u2009 b  \t c \n\n\n\n d", "a b c\n\nd"),
        ("\x1b[1;31mred\x1b[0m light", "red light"),
        ("bell\x07 nul\x00 del\x7f", "bell nul del"),
        ("\ufeffstart", "start"),
        ("lost \ufffd stays", "lost \ufffd stays"),
    ],
)
def test_prose(text: str, expected: str) -> None:
    assert clean_prose(text) == expected


def test_code_keeps_its_indentation() -> None:
    assert clean_code("\n\ndef f():  \n\treturn\xa01\n\n    # end\n") == "def f():\n\treturn 1\n\n    # end"


def test_a_line_stays_on_one_line() -> None:
    assert clean_line("  Chapter\n 1\t of  many\x00 ") == "Chapter 1 of many"


GERMAN = "Größe und Übermaß führen zu Ärger. Die Straße hält, was der Bürgermeister verspricht."
FRENCH = "L’été dernier, à l’hôtel où j’étais, le garçon m’a servi un café crème très sucré."
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. Быстрая лиса прыгает через забор."
JAPANESE = "これは日本語の文章です。文字コードを正しく判定できるかどうかを確かめます。東京は日本の首都です。"
CHINESE = "这是一段用来检测编码的中文文本。北京是中国的首都，上海是最大的城市。我们希望它能被正确识别。"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [GERMAN, FRENCH, RUSSIAN, JAPANESE, CHINESE, "a"])
@pytest.mark.failure(19)
def test_unicode_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_either_byte_order(encoding: str, mark: bytes) -> None:
    assert decode(mark + JAPANESE.encode(encoding)) == JAPANESE
    assert decode(GERMAN.encode(encoding)) == GERMAN  # without a mark, told by the zero bytes


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "latin-1"),
        (FRENCH, "cp1252"),
        ("naïve", "latin-1"),
        (RUSSIAN * 3, "cp1251"),
        (JAPANESE * 3, "shift_jis"),
        (JAPANESE * 3, "euc_jp"),
        (CHINESE * 3, "gb18030"),
        (CHINESE * 3, "big5hkscs"),
    ],
)
@pytest.mark.failure(19)
def test_legacy_encodings(text: str, encoding: str) -> None:
    if encoding == "big5hkscs":
        text = "這是一段用來檢測編碼的中文文本。臺北是臺灣的首都，高雄是最大的港口。我們希望它能被正確識別。" * 3
    assert decode(text.encode(encoding)) == text


def test_a_declared_encoding_is_believed_when_it_fits() -> None:
    greek = "Η γρήγορη αλεπού"
    assert decode(greek.encode("iso8859-7"), "iso-8859-7") == greek
    assert decode("schon UTF-8: ü".encode(), "iso-8859-1") == "schon UTF-8: ü"
    assert decode("naïve".encode("latin-1"), "no-such-encoding") == "naïve"


@pytest.mark.parametrize(
    "data",
    [
        "Grüße aus München, schöne Straßen".encode() + b" and a broken \xc3( byte",
        GERMAN.encode()[:-30] + b"\xff\xfe\xfa" + GERMAN.encode(),
        codecs.BOM_UTF8 + b"abc\xff",
        codecs.BOM_UTF16_LE + b"\x00\xd8a\x00",
        codecs.BOM_UTF32_BE + b"\x00\x11\x00\x00",
        bytes(Random(7).choices(range(0x80, 0x100), k=300)),
        b"text with \x00 and \xff inside",
    ],
)
@pytest.mark.failure(19)
def test_broken_bytes_are_rejected_not_guessed_at(data: bytes) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        decode(data)
    assert rejected.value.reason is FailureReason.UNDECODABLE
    assert "UTF-8" in str(rejected.value)


@given(text=ANY_TEXT.filter(lambda text: not any(0xD800 <= ord(char) <= 0xDFFF for char in text)))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    data = text.encode()
    if b"\x00" not in data and not data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        assert decode(data) == text


@given(data=st.binary(max_size=400))
@pytest.mark.failure(19)
def test_any_bytes_are_decoded_or_rejected(data: bytes) -> None:
    with contextlib.suppress(DocumentRejected):
        decode(data).encode("utf-8", "surrogatepass")
