"""Where sentences begin and end, by Wikimedia's sentencex: abbreviations, decimals, URLs and CJK are known to it."""

from __future__ import annotations

import sentencex


def sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """[start, end) of each sentence of `text`, without the blanks around it; together they hold all that is not blank.

    An empty line ends a sentence. `language` (ISO 639) chooses the abbreviations that are known.
    """
    spans: list[tuple[int, int]] = []
    for boundary in sentencex.get_sentence_boundaries(language, text):
        piece = text[boundary["start_index"] : boundary["end_index"]]
        stripped = piece.strip()
        if stripped:
            start = boundary["start_index"] + piece.index(stripped)
            spans.append((start, start + len(stripped)))
    return spans
