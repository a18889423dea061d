"""Questions take turns at what this process computes, and never while a language model thinks."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import pytest

from portfolio_rag.answering.generation import chat as chat_module
from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.extractive import extract_answer
from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.retrieval.fair_semaphore import FairSemaphore
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.composition.answering import QUESTIONS_PER_CPU, AnsweringParts
from portfolio_rag.domain.answers import Done
from portfolio_rag.ports.language_model import ChatCompletion
from portfolio_rag.settings.environment import Settings
from tests.support.answers import Corpus, ScriptedModel

QUESTION = "How long does Amazon SQS keep messages in a queue by default?"
TRUE = "Amazon SQS keeps messages in a queue for 4 days by default [1]."


class WatchedSlots:
    """A semaphore of one that says whether it is held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def held(self) -> bool:
        return self._lock.locked()


class WatchfulModel(ScriptedModel):
    """Fails when somebody holds a slot while it thinks or writes."""

    slots: WatchedSlots

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        for piece in super().stream(messages, temperature=temperature):
            assert not self.slots.held
            yield piece


def watchful(say: str, slots: WatchedSlots) -> WatchfulModel:
    def thinking(_: Sequence[Mapping[str, str]]) -> str:
        assert not slots.held
        return say

    model = WatchfulModel(thinking)
    model.slots = slots
    return model


def retrieval(corpus: Corpus, slots: WatchedSlots) -> PassageSearch:
    return corpus.retrieval(compute_slots=slots)


def test_searches_take_turns(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    slots, under_way, most = WatchedSlots(), [0], [0]
    embed = corpus.embedder.embed

    def watched(texts: Sequence[str]) -> object:
        assert slots.held
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        found = embed(texts)
        under_way[0] -= 1
        return found

    monkeypatch.setattr(corpus.embedder, "embed", watched)
    search = retrieval(corpus, slots).search
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(search, [QUESTION] * 40))
    assert all(found)
    assert (slots.taken, most) == (40, [1])


@pytest.mark.parametrize("streamed", [False, True])
def test_nobody_waits_for_another_questions_model(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    slots = WatchedSlots()
    monkeypatch.setattr(chat_module, "check", lambda *given: check(*given) if slots.held else pytest.fail("no slot"))
    model = watchful(TRUE, slots)
    chat = Chat(retrieval(corpus, slots), model, corpus.embedder, compute_slots=slots)
    if streamed:
        *_, last = chat.stream(QUESTION)
        assert isinstance(last, Done)
        answer = last.answer
    else:
        answer = chat.answer(QUESTION)
    assert answer.text == TRUE
    assert len(model.asked) == 1
    assert not slots.held


@pytest.mark.parametrize("streamed", [False, True])
def test_extracting_is_done_in_turn(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    slots = WatchedSlots()
    monkeypatch.setattr(
        chat_module, "extract_answer", lambda *given: extract_answer(*given) if slots.held else pytest.fail("no slot")
    )
    chat = Chat(retrieval(corpus, slots), None, corpus.embedder, compute_slots=slots)
    if streamed:
        assert list(chat.stream(QUESTION))
    else:
        assert chat.answer(QUESTION).answered
    assert not slots.held


def test_there_are_as_many_turns_as_the_cpus_allow_and_one_set_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portfolio_rag.composition.answering.available_cpus", lambda: 3)
    parts = AnsweringParts(Settings.from_env({}))
    assert parts.compute_slots is parts.compute_slots
    assert most_at_once(parts.compute_slots, threads=20) == 3 * QUESTIONS_PER_CPU


def most_at_once(slots: FairSemaphore, *, threads: int) -> int:
    """How many of so many threads are in at once, when none leaves before that many could have come."""
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with slots:
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.5)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(threads):
            pool.submit(work)
    return most


def test_who_came_first_is_next() -> None:
    slots, order = FairSemaphore(1), list[int]()

    def work(number: int) -> None:
        with slots:
            order.append(number)

    waiting = []
    with slots:
        for number in range(20):
            waiting.append(threading.Thread(target=work, args=(number,)))
            waiting[-1].start()
            while len(slots._waiting) <= number:
                time.sleep(0.001)
    for thread in waiting:
        thread.join(10)
    assert order == list(range(20))


def test_a_turn_is_given_back_after_an_error() -> None:
    slots = FairSemaphore(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="no luck"), slots:
            raise ValueError("no luck")
    with slots:
        pass
