"""Where sentences begin and end, by Wikimedia's sentencex: abbreviations, decimals, URLs and CJK are known to it.

It cuts at some dots that end nothing: before `.env`, `.NET` and `./job.py`, in `ASP.NET`, behind `approx.`, and behind
the number of a date in other languages than that of its abbreviations. What it has cut there is put together again.
Two short words with dots are one abbreviation to it: what it leaves whole in `by the end of May. Ms. Ode` is cut here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from portfolio_rag.text.language.months import MONTHS
from portfolio_rag.text.language.struck_out import STRUCK_MARK

# Behind these a sentence goes on, whatever follows: none of them ends one.
_ABBREVIATION_LIST = """
    approx appr e.g i.e cf viz vs ca resp incl excl max min avg fig figs nr nrs vol chap sec
    sect par para eq ref refs p pp tel dept temp qty mr mrs ms dr prof st mt capt sgt
    tél adr abt dok réf tlf verantw zust bez dpto máx mín qté kd
    z.b d.h u.a bzw bspw ggf evtl vgl abs ziff kap abb hr fr inkl exkl mio mrd tsd zzgl
    p.ex núm pág aprox ej
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
# Behind these, too, where a word in lower case or a number follows: they may be words by themselves.
_SHORT_WORD_LIST = "spec specs cust art rev ext serv mod cat ser doc no vers ver ed n.º"
_SHORT_WORDS = frozenset(_SHORT_WORD_LIST.split())
_GOES_ON = re.compile(r"[a-zäöüßàâçéèêëîïôûñáíóú]|\S{0,6}\d")
_MONTH = re.compile(rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b", re.IGNORECASE)
# German sentences begin with these, and nothing that an ordinal counts does.
_OPENER = re.compile(r"(?:der|die|das|es|er|sie|wir|ich|man|ein|eine|dies|diese[rs]?|danach|dann|dort|hier)\b", re.I)
# Words before a German ordinal: "am 3. Oktober", "im 2. Stock", "die 4. Auflage".
_BEFORE_ORDINAL = re.compile(
    r"(?:am|vom|zum|beim|im|den|dem|der|des|die|das|ab|bis|seit|und|oder|jede[rmns]?|ein|eine[rmns]?)\s+\d{1,3}\.$",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"(?:^|[\s(\[\"'“„])([^\s(\[\"'“„]+)\.$")
_DAY = re.compile(r"\b\d{1,2}\.$")
_LIST_NUMBER = re.compile(r"(?:\d{1,3}|[a-zA-Z])[.)]")
_LIST_ITEM = re.compile(r"[-*+•]\s|\d{1,3}[.)]\s")
# A dot that begins a word or stands alone: `.env`, `./job.py`, `--out ..`.
_LONE_DOT = re.compile(r"(?:^|[\s(\[\"'`])\.{1,2}$")
# Right behind a dot these end a name: `ASP.NET`, `Node.JS`, `REPORT.PDF`.
_NAME_BEHIND_DOT = re.compile(r"(?:[A-Z]{2,4}|Js|Net)\b")
# A person begins the next sentence, behind a word that is no abbreviation: `... in May. Ms. Ode ...`.
_PERSON_BEHIND = re.compile(r"\.\s+(?=M(?:r|s|rs)\.\s+[A-ZÄÖÜÀÂÇÉÈÊ])")
_WHOLE_WORD = re.compile(r"\s(May|[a-zäöüßàâçéèêëîïôûñáíóú]{2,})$")
_LOOKED_BACK = 40
"""Characters before a cut in which an abbreviation or a date is looked for."""


def sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """[start, end) of each sentence of `text`, without the blanks around it; together they hold all that is not blank.

    An empty line ends a sentence. `language` (ISO 639) chooses the abbreviations that are known.
    """
    spans: list[tuple[int, int]] = []
    is_open = False
    for boundary in sentencex.get_sentence_boundaries(language, text):
        first = boundary["start_index"]
        piece = text[first : boundary["end_index"]]
        if is_open and spans and piece.startswith(STRUCK_MARK):
            # The mark that ends struck-out text belongs to the sentence before it.
            spans[-1] = (spans[-1][0], first + len(STRUCK_MARK))
            first, piece, is_open = spans[-1][1], piece[len(STRUCK_MARK) :], False
        is_open ^= piece.count(STRUCK_MARK) % 2 == 1
        stripped = piece.strip()
        if not stripped:
            continue
        start = first + piece.index(stripped)
        if spans and _goes_on(text, spans[-1], start):
            spans[-1] = (spans[-1][0], start + len(stripped))
        else:
            spans.append((start, start + len(stripped)))
    return [part for span in spans for part in _before_persons(text, *span)]


def _before_persons(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) cut where the next sentence begins with the title of a person."""
    for match in _PERSON_BEHIND.finditer(text, start, end):
        word = _WHOLE_WORD.search(text[max(start, match.start() - _LOOKED_BACK) : match.start()])
        if word and word.group(1) not in _ABBREVIATIONS | _SHORT_WORDS:
            yield start, match.start() + 1
            start = match.end()
    yield start, end


def _goes_on(text: str, sentence: tuple[int, int], start: int) -> bool:
    """Whether what begins at `start` belongs to the sentence, whose last dot ends nothing."""
    before = text[max(sentence[0], sentence[1] - _LOOKED_BACK) : sentence[1]]
    between, behind = text[sentence[1] : start], text[start : start + _LOOKED_BACK]
    if not before.endswith(".") or between.count("\n") > 1 or ("\n" in between and _LIST_ITEM.match(behind)):
        return False
    if _LONE_DOT.search(before):
        return "\n" not in between
    if not between:
        return bool(_NAME_BEHIND_DOT.match(behind)) or behind.startswith(("-Nr", "-nr", "-No", "-no"))
    if _LIST_NUMBER.fullmatch(text[sentence[0] : sentence[1]]):
        return "\n" not in between
    if _BEFORE_ORDINAL.search(before) and not _OPENER.match(behind):
        return True
    if _DAY.search(before) and _MONTH.match(behind):
        return True
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    last = word.group(1).casefold().rsplit("-", 1)[-1]
    return last in _ABBREVIATIONS or (last in _SHORT_WORDS and bool(_GOES_ON.match(behind)))
