"""Prompts with which chat windows ask the model for a title, tags and the like of a conversation.

They come as questions, but no document answers them, and a refusal would stand as the title of the chat. Open WebUI
sends `### Task:`, what it wants, the JSON that it expects, and the conversation in `<chat_history>`. The answer is made
of the user's own words by rule: a language model that obeys such a prompt would write unchecked text for anybody who
begins a question like this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from portfolio_rag.domain.answers import Answer, AnswerMode
from portfolio_rag.text.language.content_words import content_words

_BEGIN: Final = "### Task:"
_HISTORY = re.compile(r"<chat_history>(.*)</chat_history>", re.DOTALL)
_WANTED = re.compile(r'\{\s*"(title|tags|follow_ups|queries|text|prompt)"\s*:')
_TURN = re.compile(r"^(USER|ASSISTANT|SYSTEM|TOOL): ?", re.MULTILINE)
_WORD = re.compile(r"\w[\w.-]*\w|\w")

_TITLE_CHARACTERS: Final = 60
_TAGS: Final = 3


def is_task(text: str) -> bool:
    return text.startswith(_BEGIN) and "<chat_history>" in text


def answer_task(text: str) -> Answer | None:
    """The answer to such a prompt; None for a question. It cites nothing, as the documents were not asked."""
    if not is_task(text):
        return None
    return Answer(
        text=_reply(text),
        answered=False,
        mode=AnswerMode.EXTRACTIVE,
        model="",
        citations=[],
        validation=[],
        validation_score=0.0,
        passages=[],
        question=text.splitlines()[1] if len(text.splitlines()) > 1 else text,
    )


def _reply(text: str) -> str:
    instruction = text.partition("<chat_history>")[0]
    history = _HISTORY.search(text)
    asked = _asked_by_user(history[1] if history else "")
    wanted = _WANTED.search(instruction)
    if wanted is None:
        # Older templates want the title as it is.
        return _title(asked)
    return json.dumps({wanted[1]: _value(wanted[1], asked)}, ensure_ascii=False)


def _value(wanted: str, asked: Sequence[str]) -> Any:
    match wanted:
        case "title":
            return _title(asked)
        case "tags":
            return _tags(asked)
        case "queries":
            return list(asked[-1:])
        case "prompt":
            return asked[-1] if asked else ""
        case "follow_ups":
            return []
        case _:
            return ""  # An autocompletion, of which nothing is known.


def _asked_by_user(history: str) -> list[str]:
    """What the user has said, oldest first: `USER: …` up to the next speaker."""
    pieces = _TURN.split(history)
    said = zip(pieces[1::2], pieces[2::2], strict=True)
    return [" ".join(words.split()) for speaker, words in said if speaker == "USER" and words.strip()]


def _title(asked: Sequence[str]) -> str:
    """The first question, as far as there is room for it."""
    if not asked:
        return "Chat"
    first = asked[0].rstrip("?!. ")
    if len(first) <= _TITLE_CHARACTERS:
        return first
    return first[:_TITLE_CHARACTERS].rpartition(" ")[0] + "…" if " " in first[:_TITLE_CHARACTERS] else first[:59] + "…"


def _tags(asked: Sequence[str]) -> list[str]:
    """What the user speaks of: names first, then the longest words."""
    words = dict.fromkeys(word for question in asked for word in _WORD.findall(question)[1:] if content_words(word))
    ranked = sorted(words, key=lambda word: (word.islower(), -len(word)))
    return ranked[:_TAGS] or ["General"]
