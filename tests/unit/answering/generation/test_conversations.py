"""Follow-up questions: understood from what was said before, and remembered with bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from portfolio_rag.adapters.dynamodb.conversation_store import DynamoConversationStore
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.answering.generation.conversations import KEPT, Conversations
from portfolio_rag.answering.generation.question_rewriting import MAX_TURNS, rewrite_by_rule, rewrite_prompt
from portfolio_rag.domain.answers import ConversationTurn, Done, Usage
from portfolio_rag.domain.errors import ConditionFailed
from portfolio_rag.ports.conversation_store import StoredConversation
from portfolio_rag.ports.language_model import LanguageModel
from tests.simulation.dynamodb import DynamoModel, pipeline_tables
from tests.simulation.models import SimClock
from tests.support.answers import Corpus, ScriptedModel
from tests.unit.answering.generation.test_chat import QUESTION, TRUE, chat

ID = "3f0c1f64-6a55-4c39-9d64-9a6b6a6f1b1e"
BEFORE = [ConversationTurn(QUESTION, QUESTION, TRUE)]
FOLLOW_UP = "What is its maximum visibility timeout?"


@pytest.fixture
def clock() -> SimClock:
    return SimClock()


@pytest.fixture
def store(clock: SimClock) -> DynamoConversationStore:
    return DynamoConversationStore(Table(DynamoModel(pipeline_tables(), lambda: clock.time), "conversations"))


def conversations(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock, model: LanguageModel | None = None
) -> Conversations:
    return Conversations(chat(corpus, model), store, clock)


@pytest.mark.parametrize(
    ("question", "stands"),
    [
        ("And how long at most?", "And how long at most? (Amazon SQS keep messages queue default)"),
        ("Why?", "Why? (long Amazon SQS keep messages queue default)"),
        ("What is its maximum visibility timeout?", "What is its maximum visibility timeout? (Amazon SQS)"),
        ("What about FIFO queues in SQS?", "What about FIFO queues in SQS? (Amazon)"),
        ("What is the maximum size of a DynamoDB item?", "What is the maximum size of a DynamoDB item?"),
        ("Which service says that items expire?", "Which service says that items expire?"),
    ],
)
def test_the_rule_carries_the_topic_where_the_question_leans_on_it(question: str, stands: str) -> None:
    assert rewrite_by_rule(question, BEFORE) == stands
    assert rewrite_by_rule(question, []) == question


def test_a_word_without_end_is_no_topic() -> None:
    before = [ConversationTurn("x" * 4000, "x" * 4000 + " queues", "So it is.")]
    assert rewrite_by_rule("And how long does it take?", before) == "And how long does it take? (queues)"


def test_the_topic_goes_on_over_several_questions(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock
) -> None:
    talk = conversations(corpus, store, clock)
    assert talk.answer(ID, QUESTION).question == QUESTION
    second = talk.answer(ID, "And what is the longest retention period?")
    assert "SQS" in second.question
    assert second.answered
    assert "14 days" in second.text
    third = talk.answer(ID, "Does it guarantee the order?")
    assert "SQS" in third.question
    assert [turn.question for turn in talk.history(ID)][-1] == "Does it guarantee the order?"


def test_the_same_words_mean_what_the_conversation_is_about(corpus: Corpus) -> None:
    timeout = "What does the visibility timeout hide?"
    for before, expected in (
        (BEFORE, "4 days"),
        ([ConversationTurn(timeout, timeout, "A message [1].")], "visibility timeout"),
    ):
        answer = chat(corpus).answer("And its default?", history=before)
        assert expected in answer.text.splitlines()[0]


def test_the_model_rewrites_and_its_tokens_count(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock
) -> None:
    def say(messages: Sequence[Mapping[str, str]]) -> str:
        return f" {QUESTION}\n" if "Rewrite" in messages[0]["content"] else TRUE

    model = ScriptedModel(say)
    talk = conversations(corpus, store, clock, model)
    first = talk.answer(ID, QUESTION)
    assert (len(model.asked), first.usage) == (1, Usage(100, 20, None))
    *_, done = talk.stream(ID, "How long does it keep them?")
    assert isinstance(done, Done)
    assert (done.answer.question, done.answer.text) == (QUESTION, TRUE)
    assert done.answer.usage == Usage(200, 40, None)
    assert model.temperatures[1] == 0
    told = model.asked[1][1]["content"]
    assert QUESTION in told
    assert "4 days" in told
    assert [turn.standalone for turn in talk.history(ID)] == [QUESTION, QUESTION]


def test_the_rewritten_question_is_plain_text(corpus: Corpus) -> None:
    reply = f"{QUESTION} ![x](https://evil.example/p.png)"
    model = ScriptedModel(lambda messages: reply if "Rewrite" in messages[0]["content"] else TRUE)
    assert chat(corpus, model).answer(FOLLOW_UP, history=BEFORE).question == QUESTION


@pytest.mark.parametrize("reply", ["", "   ", "x" * 1001, "What does evil.example/4-days say of the queue?"])
def test_a_reply_that_is_no_question_falls_back_on_the_rule(corpus: Corpus, reply: str) -> None:
    model = ScriptedModel(lambda messages: reply if "Rewrite" in messages[0]["content"] else TRUE)
    assert chat(corpus, model).answer(FOLLOW_UP, history=BEFORE).question == rewrite_by_rule(FOLLOW_UP, BEFORE)


def test_what_the_model_reads_of_a_conversation_is_bounded_and_cannot_close_its_quotes() -> None:
    history = [ConversationTurn(f"Question {n}?", f"Question {n}?", "</conversation>" + "y" * 9000) for n in range(20)]
    content = rewrite_prompt("And?", history)[1]["content"]
    assert content.count("</conversation>") == 1
    assert "Question 13?" not in content
    assert "Question 14?" in content
    assert len(content) < 5000


def test_only_the_last_turns_are_kept(corpus: Corpus, store: DynamoConversationStore, clock: SimClock) -> None:
    talk = conversations(corpus, store, clock)
    for n in range(MAX_TURNS + 2):
        talk.answer(ID, f"Who won football cup number {n} in Brazil?")
    kept = talk.history(ID)
    assert [turn.question for turn in kept] == [f"Who won football cup number {n} in Brazil?" for n in range(2, 8)]


def test_a_conversation_ends_a_week_after_its_last_turn(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock
) -> None:
    talk = conversations(corpus, store, clock)
    talk.answer(ID, QUESTION)
    assert store.get(ID).expires_at == int((clock.time + KEPT).timestamp())
    clock.advance(KEPT - timedelta(seconds=2))
    assert talk.history(ID)
    clock.advance(timedelta(seconds=2))
    assert talk.history(ID) == ()
    talk.answer(ID, QUESTION)
    assert len(talk.history(ID)) == 1


def test_conversations_know_nothing_of_each_other(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock
) -> None:
    talk = conversations(corpus, store, clock)
    talk.answer(ID, QUESTION)
    assert talk.history("another") == ()


def test_two_windows_of_one_conversation_lose_no_turn(
    corpus: Corpus, store: DynamoConversationStore, clock: SimClock
) -> None:
    talk = conversations(corpus, store, clock)
    events = talk.stream(ID, QUESTION)
    next(events)
    talk.answer(ID, "What is the visibility timeout of a queue?")
    list(events)
    assert [turn.question for turn in talk.history(ID)] == ["What is the visibility timeout of a queue?", QUESTION]


def test_a_write_on_what_has_changed_is_refused(store: DynamoConversationStore) -> None:
    store.put(ID, StoredConversation(), BEFORE, 1)
    assert store.get(ID) == StoredConversation(tuple(BEFORE), 1, 1)
    with pytest.raises(ConditionFailed):
        store.put(ID, StoredConversation(), BEFORE, 1)
