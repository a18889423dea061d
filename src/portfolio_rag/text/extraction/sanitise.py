"""Bytes to text, and text to clean text: pure functions that never raise but for bytes that are no text.

What is taken out is what a reader cannot see but a model, a store or a terminal would: control characters, NUL,
noncharacters, lone surrogates, private-use glyphs, zero-width and bidirectional controls, Unicode tags. Canonical
composition (NFC) makes equal texts equal. Compatibility composition (NFKC) is used for presentation forms alone
(the `ﬁ` ligature and its like, Arabic letter shapes), which only typesetting produces and nobody types into a
search; applied to everything it would turn `x²` into `x2`.
"""

from __future__ import annotations

import re
import unicodedata

from portfolio_rag.domain.errors import DocumentRejected, FailureReason

BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    # UTF-32 first: its little-endian mark starts with the one of UTF-16.
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

_TERMINAL_CODES = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_INVISIBLE_CLASS = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters but tab, newline and what _LINE_ENDS has replaced
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners without a use, fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # zero-width space, bidirectional controls, invisible operators
    "\u3164\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"  # fillers, byte order mark, specials but the replacement character
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef"  # surrogates, private use, noncharacters
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical format controls
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tags (text hidden in plain sight)
    "\U000f0000-\U0010ffff"  # private planes
) + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 15))
_JOINER_CLASS = "\u200c\u200d"
_VARIATION_CLASS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PRESENTATION_CLASS = "\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdcf\ufe70-\ufefc"

_INVISIBLE = re.compile(f"[{_INVISIBLE_CLASS}]+")
_JOINERS = re.compile(f"[{_JOINER_CLASS}]+")
_VARIATIONS = re.compile(f"([{_VARIATION_CLASS}])[{_VARIATION_CLASS}]+")
_PRESENTATION_FORMS = re.compile(f"[{_PRESENTATION_CLASS}]")
# Most texts have none of these: one search then spares a pass for each kind.
_UNUSUAL = re.compile(f"[{_INVISIBLE_CLASS}{_JOINER_CLASS}{_VARIATION_CLASS}{_PRESENTATION_CLASS}\r\v\f\u2028\u2029]")

_BLANKS = re.compile("[^\\S\n]{2,}|[^\\S\n ]")
_BLANKS_AT_LINE_ENDS = re.compile(" \n ?|\n ")
_ODD_BLANKS = re.compile("[^\\S\n\t ]")
_EMPTY_LINES = re.compile("\n{3,}")


def clean(text: str) -> str:
    """`text` without what cannot be seen, in NFC, with `\\n` line ends; blanks stay as they are. Idempotent."""
    if not _UNUSUAL.search(text):
        return unicodedata.normalize("NFC", text)
    text = _LINE_ENDS.sub("\n", _TERMINAL_CODES.sub("", text))
    text = _PRESENTATION_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    text = _VARIATIONS.sub(r"\1", _INVISIBLE.sub("", text))
    # Composed before joiners are judged by their neighbours, and again because a joiner may have stood between.
    text = unicodedata.normalize("NFC", text)
    text = _JOINERS.sub(_joiner, text)
    return unicodedata.normalize("NFC", text)


def clean_prose(text: str) -> str:
    """Clean running text: one blank between words, none at line ends, at most one empty line. Idempotent."""
    text = _BLANKS.sub(" ", clean(text))
    text = _BLANKS_AT_LINE_ENDS.sub("\n", text)
    return _EMPTY_LINES.sub("\n\n", text).strip()


def clean_line(text: str) -> str:
    """Clean running text on one line, as for a heading or a table cell. Idempotent."""
    return " ".join(clean(text).split())


def clean_code(text: str) -> str:
    """Clean text whose indentation has a meaning: only blanks at line ends and empty lines around it go. Idempotent."""
    text = _ODD_BLANKS.sub(" ", clean(text))
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _joiner(match: re.Match[str]) -> str:
    """One joiner where it shapes a word (Persian, Indic scripts) or an emoji; nothing elsewhere."""
    text, (start, end) = match.string, match.span()
    if start == 0 or end == len(text):
        return ""
    joins = all(not char.isascii() and unicodedata.category(char)[0] in "LMS" for char in (text[start - 1], text[end]))
    return match.group()[0] if joins else ""


def decode(data: bytes, declared: str | None = None) -> str:
    """The text in `data`: by byte order mark, as UTF-8, as `declared`, as UTF-16/32 without a mark, else by guess.

    Raises DocumentRejected(UNDECODABLE) rather than return mojibake.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    if _ISO_2022.search(data):
        shifted = _as_declared(data, declared if declared and declared.startswith("iso-2022") else "iso2022_jp_2")
        if shifted is not None:
            return shifted
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        broken_at = error.start
    else:
        return text if text.count("\x00") * 8 <= len(text) else _strictly(data, wide_encoding(data))
    if b"\x00" in data:
        return _strictly(data, wide_encoding(data))
    if _is_broken_utf8(data):
        raise _undecodable(f"The text is UTF-8 with broken bytes (the first at byte {broken_at}).")
    if declared:
        as_declared = _as_declared(data, declared)
        if as_declared is not None:
            return as_declared
    return _guess(data)


def _strictly(data: bytes, encoding: str | None) -> str:
    if encoding is None:
        raise _undecodable("The file holds NUL bytes and is not text.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(
            f"The text is {encoding.upper()} with broken bytes (the first at byte {error.start})."
        ) from None


def _undecodable(what: str) -> DocumentRejected:
    return DocumentRejected(FailureReason.UNDECODABLE, f"{what} Save it as UTF-8 and upload it again.")


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, told by where the NUL bytes of Western letters and blanks stand."""
    sample = data[:4096]
    quarter = len(sample) // 4 or 1
    nuls = [sample[offset::4].count(0) / quarter for offset in range(4)]
    for encoding, width, pattern in (
        ("utf-32-le", 4, (0, 1, 1, 1)),
        ("utf-32-be", 4, (1, 1, 1, 0)),
        ("utf-16-le", 2, (0, 1, 0, 1)),
        ("utf-16-be", 2, (1, 0, 1, 0)),
    ):
        agrees = all(share > 0.5 if wanted else share < 0.05 for share, wanted in zip(nuls, pattern, strict=True))
        if agrees and len(data) % width == 0:
            return encoding
    return None


_ISO_2022 = re.compile(rb"\x1b\$\(?[@A-DO-Q]|\x1b\$\)C")
"""Where text of seven bits turns to Japanese, Chinese or Korean: read as ASCII it is rubbish."""
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]+")


def _is_broken_utf8(data: bytes) -> bool:
    """Whether most non-ASCII bytes are well-formed UTF-8, which hardly happens by chance in another encoding."""
    sequences = _MULTIBYTE.findall(data)
    well_formed = sum(map(len, sequences))
    high = sum(map(len, _HIGH.findall(data)))
    return bool(sequences) and well_formed * 2 > high


def _as_declared(data: bytes, declared: str) -> str | None:
    try:
        text = data.decode(declared)
    except (LookupError, UnicodeDecodeError):
        return None
    return text if isinstance(text, str) and _is_plausible(text) else None


def _guess(data: bytes) -> str:
    """Western single-byte text first, as it is by far the most common; then what charset-normalizer finds."""
    import charset_normalizer

    western = _as_declared(data, "cp1252")
    if western is not None and _reads_western(western):
        return western
    best = charset_normalizer.from_bytes(data).best()
    text = None if best is None else str(best)
    if text is None or not _is_plausible(text):
        raise _undecodable("The encoding of the text cannot be told.")
    return text


def _is_plausible(text: str) -> bool:
    """No control characters, which a wrong single-byte decoding produces."""
    return not re.search("[\x00-\x08\x0e-\x1a\x7f-\x84\x86-\x9f\ufffd]", text)


_WESTERN_WORD = re.compile("[^\\W\\d_]+")
_WESTERN_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ")
_WESTERN_SIGNS = frozenset("\xa0¡£§©«®°±²³´·»¿×–—‘’“”•…€™")


def _reads_western(text: str) -> bool:
    """Whether the non-ASCII characters look like accents and typographic signs in Western words.

    In text of another encoding read as cp1252 most letters are accented, or capitals follow small letters.
    """
    high = [char for char in text if not char.isascii()]
    known = sum(char in _WESTERN_LETTERS or char in _WESTERN_SIGNS for char in high)
    if known < 0.95 * len(high):
        return False
    accented = [word for word in _WESTERN_WORD.findall(text) if not word.isascii()]
    natural = sum(_natural(word) for word in accented)
    return natural >= 0.9 * len(accented)


def _natural(word: str) -> bool:
    """Few accents beside many plain letters, and capitals only at the start or throughout."""
    high = sum(not char.isascii() for char in word)
    return high <= max(1, len(word) // 2) and (word[1:].islower() or word.isupper() or len(word) == 1)
