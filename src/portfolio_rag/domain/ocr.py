"""When pictures of text are read (OCR), and in which languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SCRIPTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it", "lt", "lv", "ms", "nl", "no"),
        ("LATIN",),
    ),
    **dict.fromkeys(("pl", "pt", "ro", "sk", "sl", "sq", "sv", "tr"), ("LATIN",)),
    "el": ("GREEK", "LATIN"),
    "ja": ("HIRAGANA", "KATAKANA", "CJK", "LATIN"),
    "zh": ("CJK", "LATIN"),
}
"""Language (ISO 639-1) -> the scripts that it is written in, as Unicode's names of letters begin.

The languages whose letters the models know: no Cyrillic, Arabic, Hebrew, Korean, Thai, Devanagari."""


class OcrMode(StrEnum):
    AUTO = "auto"
    """Pages without text, and large pictures on other pages."""
    OFF = "off"
    ALWAYS = "always"
    """Every page: for files whose text layer is wrong."""


@dataclass(frozen=True, slots=True)
class OcrRules:
    """`max_pages` bounds what is read of one document; a page that takes longer than `page_seconds` ends it FAILED."""

    mode: OcrMode = OcrMode.AUTO
    languages: tuple[str, ...] = ("en",)
    max_pages: int = 1000
    page_seconds: float = 30.0
