"""`rag feedback`: what people say of answers, and questions for `rag eval` made of it, through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.table import Column, Table

from portfolio_rag.cli.http import ApiClient
from portfolio_rag.cli.output import print_json, print_json_line, screen
from portfolio_rag.cli.terminal import escape_line
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.feedback import AnswerKind
from portfolio_rag.local.config import StackConfig

_PAGE = 100


def show_all(*, kind: AnswerKind | None, limit: int, as_json: bool = False, api: ApiClient | None = None) -> None:
    """A line for each of the newest answers: refused ones and rated ones, or those of one kind."""
    with api or ApiClient(StackConfig.load()) as client:
        answers = _newest(client, [kind] if kind else list(AnswerKind), limit)
    if as_json:
        print_json({"items": answers[:limit]})
        return
    table = Table(
        Column("Asked (UTC)", no_wrap=True),
        *("Answered", "Rating", Column("Question", overflow="fold"), Column("Comment", overflow="fold")),
        box=None,
    )
    for answer in answers[:limit]:
        table.add_row(
            answer["asked_at"][:19].replace("T", " "),
            "yes" if answer["answered"] else "no",
            answer["rating"] or "",
            escape_line(answer["question"]),
            escape_line(answer["comment"]),
        )
    screen().print(table if answers else "Nobody has rated an answer, and no question was refused.")


def export(output: Path | None, *, as_json: bool = False, api: ApiClient | None = None) -> None:
    """Write everything that is listed as questions for `rag eval`, one a line; without `output` to standard output.

    With `as_json` one object tells what was done, and holds the questions where no file does.

    Raises InvalidRequest when the file cannot be written.
    """
    with api or ApiClient(StackConfig.load()) as client:
        questions = questions_of(_newest(client, list(AnswerKind), None))
    reviews = sum(question.get("expect") == "review" for question in questions)
    if output is None and as_json:
        print_json({"questions": questions, "reviews": reviews})
        return
    if output is None:
        for question in questions:
            print_json_line(question)
        return
    text = "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{output} cannot be written: {error.strerror}.") from None
    if as_json:
        print_json({"output": str(output), "questions": len(questions), "reviews": reviews})
    else:
        print(f"{len(questions)} questions in {output}, {reviews} of them for review.")


def questions_of(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each question, by what was said of it last, or where nobody has said anything, by its last answer.

    `answers` are the API's, newest first. A liked answer names its documents; `expect` says what is known of the
    others: `refusal` (a refusal that was liked), `answer` (one that was disliked), `review` (nobody has judged it, or
    the answer is wrong, and what would be right is not known).
    """
    asked: dict[str, list[Mapping[str, Any]]] = {}
    for answer in answers:
        asked.setdefault(" ".join(answer["question"].casefold().split()), []).append(answer)
    entries = []
    for same in asked.values():
        rated = [answer for answer in same if answer["rating"]]
        decisive = max(rated, key=lambda answer: str(answer["rated_at"])) if rated else same[0]
        entries.append(_question(decisive, times=len(same)))
    return entries


def _question(answer: Mapping[str, Any], *, times: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"question": answer["question"]}
    documents = list(dict.fromkeys(source["logical_key"] for source in answer["sources"]))
    match answer["rating"], answer["answered"]:
        case "up", True if documents:
            entry["document"] = documents
        case "up", False:
            entry["expect"] = "refusal"
        case "down", False:
            entry["expect"] = "answer"
        case _:
            entry["expect"] = "review"
    if answer["comment"]:
        entry["comment"] = answer["comment"]
    return entry | {"asked": times}


def _newest(client: ApiClient, kinds: Sequence[AnswerKind], limit: int | None) -> list[dict[str, Any]]:
    """Each answer once, newest first."""
    found = {answer["answer_id"]: answer for kind in kinds for answer in _listed(client, kind, limit)}
    return sorted(found.values(), key=lambda answer: str(answer["asked_at"]), reverse=True)


def _listed(client: ApiClient, kind: AnswerKind, limit: int | None) -> Iterator[dict[str, Any]]:
    """The newest `limit` of a kind; all of them without."""
    cursor, left = "", limit
    while left is None or left > 0:
        query = {"kind": kind.value, "limit": min(_PAGE, left or _PAGE), **({"cursor": cursor} if cursor else {})}
        page = client.get(f"/api/answers?{urlencode(query)}")
        yield from page["items"]
        left = None if left is None else left - len(page["items"])
        if not page["next_cursor"]:
            return
        cursor = page["next_cursor"]
