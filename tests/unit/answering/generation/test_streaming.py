"""The stream shows what the whole answer says, sentence by sentence, and nothing that was not checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portfolio_rag.answering.generation.chat import CUT_SHORT, NOT_FOUND, Chat
from portfolio_rag.answering.generation.judge import Judge
from portfolio_rag.answering.generation.prompts import NOT_IN_DOCUMENTS
from portfolio_rag.answering.generation.streaming import SentenceReader
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.domain.answers import Answer, Cited, Done, FinishReason, Retrieved, Token, Validated, Verdict
from portfolio_rag.domain.errors import InvalidRequest
from tests.support.answers import Corpus, ScriptedModel, render
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


PIECES = [
    "One. ",
    "two ",
    "Three. ",
    "*",
    "**",
    "_",
    "`",
    "[a](",
    "u)",
    "\n",
    "\n\n",
    "- ",
    "<b>",
    "<b ",
    "[1]",
    "[1]. ",
]
MORE_PIECES = [
    "![",
    "](",
    "[x]: /u",
    "---\n",
    "===\n",
    "<script>",
    "</script>",
    "&amp;",
    "```\n",
    "# ",
    "12. ",
    "> ",
    "(",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, *MORE_PIECES, ")", '"', "“", "”", "'"]), max_size=30).map("".join))
@example("**One. Two.** Three. Four. Five. ")
@example("`a. b. c` d. e. f. ")
@example("[a. b. c. d.](u) e. ")
@example("two ![![![two ")
@example("](One. One. One. [a](")
def test_what_is_written_later_does_not_change_a_sentence_that_was_given(draft: str) -> None:
    """Emphasis, code, a link, a tag or a bracket that is still open holds its sentences back."""
    reader = SentenceReader()
    found = [sentence for character in draft for sentence in reader.feed(character)] + reader.finish()
    assert render(found) == render(parse_draft(draft))


SENTENCES = {Verdict.SUPPORTED: TRUE, Verdict.DROPPED: FALSE, None: f"{NOT_IN_DOCUMENTS}."}
REASONS = list(FinishReason)
# No draft changes the corpus.
SCRIPTED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SCRIPTED
@given(
    st.lists(st.sampled_from([Verdict.SUPPORTED, Verdict.SUPPORTED, Verdict.DROPPED, None]), max_size=9),
    st.sampled_from(REASONS),
    st.integers(1, 40),
    st.sampled_from([" ", "\n\n", "\n- "]),
)
@example([Verdict.SUPPORTED] * 2 + [Verdict.DROPPED] * 6, FinishReason.STOP, 7, " ")
def test_a_stream_never_takes_back(
    corpus: Corpus, kinds: list[Verdict | None], reason: FinishReason, piece: int, between: str
) -> None:
    draft = between.join(SENTENCES[kind] for kind in kinds)
    asked = chat(corpus, ScriptedModel(draft, piece=piece, finish_reason=reason))
    events = list(asked.stream(QUESTION))
    assert_nothing_is_taken_back(events)
    assert whole(events) == chat(corpus, ScriptedModel(draft, finish_reason=reason)).answer(QUESTION)


@SCRIPTED
@given(
    st.lists(st.sampled_from(["supported", "unclear", "contradicted"]), min_size=1, max_size=6),
    st.sampled_from(REASONS),
)
def test_a_stream_with_a_judge_never_takes_back(corpus: Corpus, verdicts: list[str], reason: FinishReason) -> None:
    reply = json.dumps(
        {"verdicts": [{"number": n, "verdict": kind, "reason": "x"} for n, kind in enumerate(verdicts, start=1)]}
    )
    draft = ScriptedModel(" ".join([TRUE] * len(verdicts)), finish_reason=reason)
    asked = Chat(corpus.retrieval(), draft, corpus.embedder, judge=Judge(ScriptedModel(reply)))
    events = list(asked.stream(QUESTION))
    assert_nothing_is_taken_back(events)
    assert whole(events) == asked.answer(QUESTION)


def assert_nothing_is_taken_back(events: Sequence[object]) -> None:
    answer, shown = whole(events), texts(events)
    assert shown == (answer.text if answer.answered else "")
    cited = [event.citation for event in events if isinstance(event, Cited)]
    assert bool(cited) == answer.answered
    assert {citation.number for citation in cited} == {citation.number for citation in answer.citations}
    assert [event.sentence for event in events if isinstance(event, Validated)] == list(answer.validation)


def test_what_the_model_says_after_declining_is_not_read(corpus: Corpus) -> None:
    opening = f"{TRUE} {SECOND} {TRUE}"
    answered = chat(corpus, ScriptedModel(f"{opening} Alas, {NOT_IN_DOCUMENTS}. {FALSE}")).answer(QUESTION)
    assert answered.text == opening
    refused = chat(corpus, ScriptedModel(f"{TRUE} {NOT_IN_DOCUMENTS}")).answer(QUESTION)
    assert (refused.answered, refused.text) == (False, NOT_FOUND)


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.CONTENT_FILTER, FinishReason.INCOMPLETE])
def test_half_a_sentence_is_neither_shown_nor_cited(corpus: Corpus, reason: FinishReason) -> None:
    draft = f"{TRUE} The retention period can be set to a value from 60 seconds to"
    for events in (
        list(chat(corpus, ScriptedModel(draft, finish_reason=reason)).stream(QUESTION)),
        [Retrieved([]), Done(chat(corpus, ScriptedModel(draft, finish_reason=reason)).answer(QUESTION))],
    ):
        answer = whole(events)
        assert (answer.text, answer.finish_reason) == (TRUE, reason)
        assert [sentence.text for sentence in answer.validation] == [TRUE.replace(" [1]", "")]
    nothing = chat(corpus, ScriptedModel("Amazon SQS keeps", finish_reason=reason)).answer(QUESTION)
    assert (nothing.answered, nothing.text, nothing.finish_reason) == (False, CUT_SHORT[reason], reason)
