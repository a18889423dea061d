"""Questions that are told from their answers by a label (`Q:`, `Frage 3:`) or bold type: headings of what follows."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_QUESTION_CHARACTERS = 200
_MAX_LABEL_CHARACTERS = 18

_LABEL_WORDS = (
    "question|frage|pregunta|domanda|pergunta|vraag|fråga|spørgsmål|spørsmål|pytanie|otázka|kérdés|вопрос|питання"
)
_ANSWER_WORDS = (
    "answer|antwort|réponse|reponse|respuesta|risposta|resposta|antwoord|svar|odpowiedź|odpověď|válasz|ответ|відповідь"
)
_NUMBER = r"(?:\s?(?P<number>\d{1,3}))?"
_QUESTION_WORD = re.compile(rf"(?:q|{_LABEL_WORDS}){_NUMBER}\s?[:：]\s*|(?:问|問|質問)\s?[:：]\s*", re.IGNORECASE)
"""Labels that nothing but a question has."""
_QUESTION_LETTER = re.compile(rf"(?:[QFPDV]{_NUMBER}\s?[:.)]|Q{_NUMBER.replace('number', 'bare')}\s?[-–—])\s+")
"""Labels that other things have too: what they stand before must end with a question mark."""
_ANSWER = re.compile(
    rf"(?:[AR](?:\s?\d{{1,3}})?\s?[:)：]|(?:{_ANSWER_WORDS})(?:\s?\d{{1,3}})?\s?[:：]|(?:答|回答)\s?[:：])\s*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\(?\d{1,3}[.)]\s+\S")
_END_OF_QUESTION = re.compile(r"([?？؟][*_)\"'”»]*)\s+\S")
_MARKS = ("?", "？", "؟", ";?")


class Question(NamedTuple):
    """What is asked, and what stands behind it in the same paragraph (most often nothing)."""

    text: str
    answer: str


def split_question(text: str, bold: str = "") -> Question | None:
    """The question that a paragraph is or begins with, or None.

    `text` is the paragraph with its lines, `bold` what is in bold type at its start. A label without a number is left
    out: it is to a question what `#` is to a heading.
    """
    text = text.strip()
    bold = bold.strip()
    if bold and ends_as_question(bold) and text.startswith(bold):
        return _question(bold, text[len(bold) :])
    if not _may_be_labelled(text):
        return None
    lines = text.split("\n")
    label = _QUESTION_WORD.match(text) or _QUESTION_LETTER.match(text)
    if label is None:
        return None
    count = _lines_of_question(lines)
    question = "\n".join(lines[:count])
    on_one_line = _END_OF_QUESTION.search(question)
    if on_one_line is not None and not ends_as_question(question):
        place = on_one_line.end(1)
        return _question(text[:place], text[place:])
    certain = label.re is _QUESTION_WORD and (count < len(lines) or ends_as_question(question) or len(lines) == 1)
    if not certain and not ends_as_question(question):
        return None
    return _question(question, "\n".join(lines[count:]))


def split_at_questions(text: str) -> list[str]:
    """A paragraph that begins with a labelled question, cut before each line that begins with another."""
    if not _may_be_labelled(text) or not _is_labelled(text.partition("\n")[0]):
        return [text]
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if _is_labelled(line)]
    return ["\n".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _may_be_labelled(text: str) -> bool:
    """Few paragraphs are: this spares the others the search for words."""
    start = text[:_MAX_LABEL_CHARACTERS]
    return ":" in start or "：" in start or text[:1] in "QFPDV"


def _is_labelled(line: str) -> bool:
    line = line.strip()
    return bool(_QUESTION_WORD.match(line) or (_QUESTION_LETTER.match(line) and ends_as_question(line)))


def split_numbered_question(text: str) -> Question | None:
    """The question with a number that the first line of a paragraph is, its answer on the lines behind it, or None."""
    first, _, rest = text.strip().partition("\n")
    if not rest.strip() or not _NUMBERED.match(first) or not ends_as_question(first):
        return None
    return _question(first, rest)


def is_numbered_question(text: str) -> bool:
    """Whether a paragraph of one line is a question with a number."""
    return "\n" not in text.strip() and bool(_NUMBERED.match(text.strip())) and ends_as_question(text)


def without_answer_label(text: str) -> str:
    """The answer without `A:` in front of it."""
    label = _ANSWER.match(text)
    return text[label.end() :] if label and not re.search(r"\d", label.group()) else text


def ends_as_question(text: str) -> bool:
    return text.rstrip().rstrip("*_:)”»\"' ").endswith(_MARKS)


def _lines_of_question(lines: list[str]) -> int:
    """Up to the line with the answer's label, or the one that ends with a question mark."""
    for position, line in enumerate(lines):
        if position and _ANSWER.match(line.strip()):
            return position
        if ends_as_question(line):
            return position + 1
    return len(lines)


def _question(text: str, answer: str) -> Question | None:
    label = _QUESTION_WORD.match(text) or _QUESTION_LETTER.match(text)
    if label and not re.search(r"\d", label.group()):
        text = text[label.end() :]
    text = " ".join(text.split())
    if not text or len(text) > MAX_QUESTION_CHARACTERS:
        return None
    return Question(text, without_answer_label(answer.strip()))
