"""Questions by the dozen while documents are replaced again and again: no reply mixes versions, citations resolve."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from portfolio_rag.domain.documents import DocumentStatus
from tests.e2e.live import LiveStack, eventually

TOWNS = ("Brevik", "Vardo", "Sandnes")
EDITIONS = 4
READERS = 8
SECTIONS = ("Fares", "Timetable", "Freight")


def text_of(town: str, edition: int) -> str:
    """Every sentence names the edition, so that a passage tells which upload it is from."""
    sections = [
        f"## {section}\n\n"
        + " ".join(
            f"In edition {edition}, rule {n} on {section.lower()} of the ferry of {town} is {edition * 1000 + n}."
            for n in range(25)
        )
        for section in SECTIONS
    ]
    return f"# The ferry of {town}\n\n" + "\n\n".join(sections) + "\n"


Cited = tuple[str, str, int]
"""document_id, chunk_id, version."""


@dataclass
class Seen:
    """What the readers have been told; `problems` is empty if all of it was right."""

    api: httpx.Client
    towns: dict[str, str]
    done: threading.Event = field(default_factory=threading.Event)
    cited: set[Cited] = field(default_factory=set)
    versions: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    problems: list[str] = field(default_factory=list)
    replies: int = 0

    def ask(self, route: str, question: str) -> dict[str, Any]:
        body = {"query": question, "top_k": 8} if route == "search" else {"question": question}

        def answer() -> httpx.Response | None:
            # Beyond what it takes at once the server says so, and the client comes back.
            reply = self.api.post(f"/api/{route}", json=body)
            return None if reply.status_code == httpx.codes.TOO_MANY_REQUESTS else reply

        found: dict[str, Any] = eventually(answer, f"an answer of {route}").raise_for_status().json()
        return found

    def read(self, number: int) -> None:
        last: dict[str, int] = {}
        while not self.done.is_set():
            town = TOWNS[number % len(TOWNS)]
            number += 1
            question = f"What is rule {number % 25} on the {SECTIONS[number % 3].lower()} of the ferry of {town}?"
            if number % 2:
                told = [
                    (one["document_id"], one["version"], one["chunk_ids"], one["text"])
                    for one in self.ask("search", question)["passages"]
                ]
            else:
                told = [
                    (one["document_id"], one["version"], [one["chunk_id"]], one["quote"])
                    for one in self.ask("chat", question)["citations"]
                ]
            self.check([one for one in told if one[0] in self.towns], last)
            self.replies += 1

    def past(self, replies: int) -> bool:
        return self.replies >= replies

    def check(self, told: list[tuple[str, int, list[str], str]], last: dict[str, int]) -> None:
        for document_id, version, chunk_ids, text in told:
            if {other[1] for other in told if other[0] == document_id} != {version}:
                self.problems.append(f"one reply has several versions of {self.towns[document_id]}")
            if wrong := editions(text) - {version}:
                self.problems.append(f"a passage of version {version} is from edition {wrong}: {text[:200]}")
            if version < last.get(document_id, 0):
                self.problems.append(f"{self.towns[document_id]} went back from {last[document_id]} to {version}")
            last[document_id] = version
            self.versions[document_id].add(version)
            for chunk_id in chunk_ids:
                self.resolve((document_id, chunk_id, version))
                self.cited.add((document_id, chunk_id, version))

    def resolve(self, cited: Cited) -> None:
        document_id, chunk_id, version = cited
        found = self.api.get(f"/api/documents/{document_id}/chunks/{chunk_id}", params={"version": version})
        if found.status_code != httpx.codes.OK:
            self.problems.append(f"{cited} does not resolve: {found.status_code} {found.text[:300]}")
        elif editions(found.json()["chunk"]["content"]) != {version}:
            self.problems.append(f"{cited} resolves to another text")


def editions(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"edition (\d+)", text)}


@pytest.mark.failure(40)
def test_questions_while_documents_are_replaced(stack: LiveStack) -> None:
    keys = {town: f"load/{town.lower()}.md" for town in TOWNS}
    seen = Seen(stack.api, {stack.document_id(key): town for town, key in keys.items()})

    def put(town: str, edition: int) -> None:
        body = text_of(town, edition).encode()
        bucket = stack.settings.s3_raw_bucket
        stack.clients("s3").put_object(Bucket=bucket, Key=f"incoming/{keys[town]}", Body=body)

    def replaced(edition: int) -> None:
        for town in TOWNS:
            put(town, edition)
        for town in TOWNS:
            assert stack.ended(keys[town], edition).status is DocumentStatus.COMPLETED

    replaced(1)
    with ThreadPoolExecutor(READERS) as readers:
        reading = [readers.submit(seen.read, number) for number in range(READERS)]
        try:
            for edition in range(2, EDITIONS + 1):
                replaced(edition)
                eventually(partial(seen.past, seen.replies + READERS), f"questions to edition {edition}", timeout=120)
        finally:
            seen.done.set()
        for reader in reading:
            reader.result()
    assert not seen.problems, "\n".join(dict.fromkeys(seen.problems))
    # The readers were at it when the versions changed.
    assert all(len(versions) > 1 for versions in seen.versions.values()), seen.versions
