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
from portfolio_rag.answering.retrieval.fair_semaphore import Turns as FairTurns
from portfolio_rag.answering.retrieval.search import Retrieval
from portfolio_rag.composition.answering import QUESTIONS_A_CPU, AnsweringParts
from portfolio_rag.domain.answers import Done
from portfolio_rag.ports.language_model import ChatCompletion
from portfolio_rag.settings.environment import Settings
from tests.support.answers import Corpus, ScriptedModel

QUESTION = "How long does Amazon SQS keep messages in a queue by default?"
TRUE = "Amazon SQS keeps messages in a queue for 4 days by default [1]."


class Turns:
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
    """Fails when somebody holds the turn while it thinks or writes."""

    turns: Turns

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        for piece in super().stream(messages, temperature=temperature):
            assert not self.turns.held
            yield piece


def watchful(say: str, turns: Turns) -> WatchfulModel:
    def thinking(_: Sequence[Mapping[str, str]]) -> str:
        assert not turns.held
        return say

    model = WatchfulModel(thinking)
    model.turns = turns
    return model


def retrieval(corpus: Corpus, turns: Turns) -> Retrieval:
    return corpus.retrieval(turns=turns)


def test_searches_take_turns(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, under_way, most = Turns(), [0], [0]
    embed = corpus.embedder.embed

    def watched(texts: Sequence[str]) -> object:
        assert turns.held
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        found = embed(texts)
        under_way[0] -= 1
        return found

    monkeypatch.setattr(corpus.embedder, "embed", watched)
    search = retrieval(corpus, turns).search
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(search, [QUESTION] * 40))
    assert all(found)
    assert (turns.taken, most) == (40, [1])


@pytest.mark.parametrize("streamed", [False, True])
def test_nobody_waits_for_another_questions_model(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    turns = Turns()
    monkeypatch.setattr(chat_module, "check", lambda *given: check(*given) if turns.held else pytest.fail("no turn"))
    model = watchful(TRUE, turns)
    chat = Chat(retrieval(corpus, turns), model, corpus.embedder, turns=turns)
    if streamed:
        *_, last = chat.stream(QUESTION)
        assert isinstance(last, Done)
        answer = last.answer
    else:
        answer = chat.answer(QUESTION)
    assert answer.text == TRUE
    assert len(model.asked) == 1
    assert not turns.held


@pytest.mark.parametrize("streamed", [False, True])
def test_extracting_is_done_in_turn(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    turns = Turns()
    monkeypatch.setattr(
        chat_module, "extract_answer", lambda *given: extract_answer(*given) if turns.held else pytest.fail("no turn")
    )
    chat = Chat(retrieval(corpus, turns), None, corpus.embedder, turns=turns)
    if streamed:
        assert list(chat.stream(QUESTION))
    else:
        assert chat.answer(QUESTION).answered
    assert not turns.held


def test_there_are_as_many_turns_as_the_cpus_allow_and_one_set_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portfolio_rag.composition.answering.available_cpus", lambda: 3)
    parts = AnsweringParts(Settings.from_env({}))
    assert parts.turns is parts.turns
    assert most_at_once(parts.turns, threads=20) == 3 * QUESTIONS_A_CPU


def most_at_once(turns: FairTurns, *, threads: int) -> int:
    """How many of so many threads are in at once, when none leaves before that many could have come."""
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with turns:
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
    turns, order = FairTurns(1), list[int]()

    def work(number: int) -> None:
        with turns:
            order.append(number)

    waiting = []
    with turns:
        for number in range(20):
            waiting.append(threading.Thread(target=work, args=(number,)))
            waiting[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in waiting:
        thread.join(10)
    assert order == list(range(20))


def test_a_turn_is_given_back_after_an_error() -> None:
    turns = FairTurns(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="no luck"), turns:
            raise ValueError("no luck")
    with turns:
        pass
