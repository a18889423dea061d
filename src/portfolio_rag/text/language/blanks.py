"""Text with a part of it blanked, so that what is read later does not find it again and places stay what they are."""

from __future__ import annotations


def blanked(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
