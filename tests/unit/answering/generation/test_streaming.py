"""The stream shows what the whole answer says, sentence by sentence, and nothing that was not checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from portfolio_rag.answering.generation.chat import NOT_FOUND
from portfolio_rag.answering.generation.prompts import NOT_IN_DOCUMENTS
from portfolio_rag.answering.generation.streaming import SentenceReader
from portfolio_rag.answering.grounding.drafted_answer import parse_draft, render
from portfolio_rag.domain.answers import Answer, Cited, Done, Retrieved, Token, Validated
from portfolio_rag.domain.errors import InvalidRequest
from tests.support.answers import Corpus, ScriptedModel
from tests.unit.answering.generation.test_chat import QUESTION, TRUE, chat

FALSE = "Amazon SQS keeps messages in a queue for 99 days by default [1]."
SECOND = "The retention period can be set from 60 seconds to 14 days [1]."
DRAFTS = [
    TRUE,
    f"{TRUE} {SECOND}",
    "Amazon SQS keeps messages in a queue for 4 days by default. [1] The retention period can be set to 14 days. [1]",
    f"- {TRUE}\n- {FALSE}\n- {SECOND}",
    f"# Answer\n\n**{TRUE}**\n\n{SECOND} ![x](http://evil.example/a.b.c) Bye [1].",
    f"{FALSE} {TRUE}",
    f"<script>alert(1). Really. {TRUE}</script> {TRUE}",
    f"{TRUE.replace('[1]', '[2]')} {SECOND}",
    f"{TRUE} The default visibility timeout is 30 seconds, and administrators always receive a free refund [1].",
    "No mark here. None there",
    "",
]


def texts(events: Sequence[object]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def whole(events: Sequence[object]) -> Answer:
    assert isinstance(events[0], Retrieved)
    assert isinstance(events[-1], Done)
    assert sum(isinstance(event, Done) for event in events) == 1
    return events[-1].answer


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("draft", DRAFTS)
def test_the_stream_ends_as_the_whole_answer_reads(corpus: Corpus, draft: str, piece: int) -> None:
    model = ScriptedModel(draft, piece=piece)
    events = list(chat(corpus, model).stream(QUESTION))
    answer = chat(corpus, ScriptedModel(draft)).answer(QUESTION)
    assert whole(events) == answer
    assert texts(events) == (answer.text if answer.answered else "")
    assert [event.sentence for event in events if isinstance(event, Validated)] == list(answer.validation)
    assert model.closed


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_token_follows_its_verdict_and_its_citations(corpus: Corpus, draft: str) -> None:
    supported: list[str] = []
    cited: set[int] = set()
    for event in chat(corpus, ScriptedModel(draft)).stream(QUESTION):
        if isinstance(event, Validated) and event.sentence.verdict.shown:
            supported.append(event.sentence.text.rstrip("."))
        elif isinstance(event, Cited):
            cited.add(event.citation.number)
        elif isinstance(event, Token):
            assert any(sentence in event.text for sentence in supported)
            assert "99 days" not in event.text
            assert all(f"[{number}]" in event.text.replace("?]", "]") for number in cited)


def test_the_extractive_answer_streams_too(corpus: Corpus) -> None:
    events = list(chat(corpus).stream(QUESTION))
    assert whole(events) == chat(corpus).answer(QUESTION)
    assert texts(events) == whole(events).text
    assert [event.citation for event in events if isinstance(event, Cited)]


def test_a_sentence_is_shown_before_the_draft_is_complete(corpus: Corpus) -> None:
    model = ScriptedModel(f"{TRUE} {SECOND} {TRUE} {SECOND} {TRUE} {SECOND}")
    events = chat(corpus, model).stream(QUESTION)
    shown = next(event for event in events if isinstance(event, Token))
    assert shown.text == TRUE
    assert not model.closed


def test_whoever_goes_away_closes_the_models_stream(corpus: Corpus) -> None:
    model = ScriptedModel(f"{TRUE} {SECOND} {TRUE} {SECOND}")
    events = chat(corpus, model).stream(QUESTION)
    assert isinstance(next(event for event in events if not isinstance(event, Retrieved)), Validated)
    assert not model.closed
    events.close()
    assert model.closed


def test_a_refusal_shows_nothing(corpus: Corpus) -> None:
    events = list(chat(corpus, ScriptedModel(NOT_IN_DOCUMENTS)).stream(QUESTION))
    assert [type(event) for event in events] == [Retrieved, Done]
    assert whole(events).text == NOT_FOUND


def test_a_draft_that_mostly_fails_shows_nothing(corpus: Corpus) -> None:
    events = list(chat(corpus, ScriptedModel(f"{TRUE} {FALSE} {FALSE} {FALSE}")).stream(QUESTION))
    assert texts(events) == ""
    assert (whole(events).answered, whole(events).text) == (False, NOT_FOUND)


def test_what_starts_badly_is_held_back_until_enough_of_it_holds(corpus: Corpus) -> None:
    kinds = [type(event) for event in chat(corpus, ScriptedModel(f"{FALSE} {FALSE} {TRUE} {TRUE}")).stream(QUESTION)]
    assert kinds == [Retrieved, Validated, Validated, Validated, Validated, Cited, Token, Token, Done]


def test_what_the_documents_do_not_speak_of_asks_no_model(corpus: Corpus) -> None:
    model = ScriptedModel(TRUE)
    events = list(chat(corpus, model).stream("Who won the football world cup in Brazil?"))
    assert [type(event) for event in events] == [Retrieved, Done]
    assert model.asked == []


def test_errors_come_through(corpus: Corpus) -> None:
    def down(messages: Sequence[Mapping[str, str]]) -> str:
        raise InvalidRequest("no")

    events = chat(corpus, ScriptedModel(down)).stream(QUESTION)
    assert isinstance(next(events), Retrieved)
    with pytest.raises(InvalidRequest):
        next(events)
    with pytest.raises(InvalidRequest):
        next(chat(corpus).stream("  "))


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_reader_gives_every_sentence_once(draft: str) -> None:
    reader = SentenceReader()
    found = [sentence for character in draft for sentence in reader.feed(character)] + reader.finish()
    assert [sentence.text for sentence in found] == [sentence.text for sentence in parse_draft(draft)]
    assert render(found) == render(parse_draft(draft))
