"""Dead letters: what each was about, and what a redrive does about it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.errors import Conflict, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.pipeline.maintenance.dead_letters import DeadLetter, DeadLetters, Remedy
from tests.simulation.sqs import Message
from tests.simulation.world import EMBEDDING, INGESTION, RAW, World

GUIDE = "# Kites\n\n" + "\n\n".join(f"Paragraph {n} says something about kite {n} at length." for n in range(30))
EVENTS_DLQ = "portfolio-events-dlq"
INGESTION_DLQ = "portfolio-ingestion-dlq"
EMBEDDING_DLQ = "portfolio-embedding-dlq"


def letters_of(world: World) -> DeadLetters:
    return world.container.dead_letters


def listed(world: World) -> list[DeadLetter]:
    return letters_of(world).listed().items


def failed(world: World, key: str = "a.md") -> str:
    """A document that failed because Chroma was down; its messages are dead letters."""
    world.chroma.down = True
    document_id = world.upload(key, GUIDE)
    world.run()
    world.chroma.down = False
    return document_id


def lay(world: World, queue: str, body: Any, **attributes: str) -> str:
    """A message in a dead-letter queue; returns its id."""
    told = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    text = body if isinstance(body, str) else json.dumps(body)
    now = world.clock.now()
    message = Message(f"laid-{len(world.sqs.queues[queue].messages)}-{queue}", text, now, now, attributes=told)
    world.sqs.queues[queue].messages.append(message)
    return message.message_id


def test_a_letter_names_its_document_and_tells_why_and_since_when(world: World) -> None:
    document_id = failed(world)
    letters = listed(world)
    version = world.version(document_id, 1)
    assert len(letters) == letters_of(world).listed().total > 0
    for letter in letters:
        assert (letter.document_id, letter.version, letter.queue) == (document_id, 1, EMBEDDING_DLQ)
        assert letter.status is DocumentStatus.FAILED
        assert letter.reason == version.error_message
        assert letter.error_code == version.error_code
        assert letter.remedy is Remedy.RETRY
        assert letter.sent_at < world.clock.now() - timedelta(minutes=1)


def test_a_look_leaves_the_letters_to_the_next_one(world: World) -> None:
    failed(world)
    assert [letter.message_id for letter in listed(world)] == [letter.message_id for letter in listed(world)]


def test_a_redrive_takes_the_document_in_again_and_removes_all_its_letters(world: World) -> None:
    document_id, other = failed(world), failed(world, "b.md")
    letter = next(letter for letter in listed(world) if letter.document_id == document_id)
    assert letters_of(world).redrive(letter.message_id).version == 2
    assert {letter.document_id for letter in listed(world)} == {other}
    world.run()
    assert world.live(document_id) == 2
    with pytest.raises(NotFound, match="driven again already"):
        letters_of(world).redrive(letter.message_id)


def test_all_are_driven_again_each_document_once(world: World) -> None:
    ids = {failed(world), failed(world, "b.md")}
    results = letters_of(world).redrive_all()
    assert {result.letter.document_id for result in results} == ids
    assert {(result.version, result.refusal) for result in results} == {(2, None)}
    assert listed(world) == []
    world.run()
    assert {world.live(document_id) for document_id in ids} == {2}


def test_what_cannot_be_tried_again_stays_and_says_why(world: World) -> None:
    document_id = failed(world)
    version = world.version(document_id, 1)
    world.s3.delete_object(Bucket=RAW, Key=version.s3_key, VersionId=version.s3_version_id)
    letter = listed(world)[0]
    with pytest.raises(Conflict, match="bytes of the failed version are gone"):
        letters_of(world).redrive(letter.message_id)
    before = len(listed(world))
    results = letters_of(world).redrive_all()
    assert {result.refusal is not None for result in results} == {True}
    assert len(listed(world)) == before


@pytest.mark.parametrize(("queue", "source"), [(INGESTION_DLQ, INGESTION), (EMBEDDING_DLQ, EMBEDDING)])
def test_a_message_whose_workers_vanished_goes_back_to_its_queue(world: World, queue: str, source: str) -> None:
    document_id = world.upload("a.md", GUIDE)
    while not world.sqs.queues[source].messages:
        world.step()
    (message, *_) = world.sqs.queues[source].messages
    world.sqs.queues[source].messages.remove(message)
    world.sqs.queues[queue].messages.append(message)
    (letter,) = listed(world)
    assert (letter.remedy, letter.document_id) == (Remedy.SEND_AGAIN, document_id)
    letters_of(world).redrive(letter.message_id)
    assert listed(world) == []
    world.run()
    assert world.live(document_id) == 1


def test_the_event_of_an_upload_is_handled(world: World) -> None:
    world.upload("a b.md", GUIDE)
    world.notifications.clear()  # It never came.
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": RAW}, "object": {"key": "incoming/a+b.md"}}}
    message_id = lay(world, EVENTS_DLQ, {"Records": [record]}, ErrorMessage="2026 Task timed out after 30 seconds")
    (letter,) = listed(world)
    assert letter.document_id == document_id_for(RAW, "a b.md")
    assert letter.s3_key == "incoming/a b.md"
    assert letter.reason.startswith("2026 Task timed out after 30 seconds")
    assert letters_of(world).redrive(message_id).letter.remedy is Remedy.TAKE_IN
    assert listed(world) == []
    world.run()
    assert world.live(document_id_for(RAW, "a b.md")) == 1


def test_the_event_of_a_deletion_is_handled(world: World) -> None:
    document_id = world.upload("a.md", GUIDE)
    world.rest()
    world.delete("processed/a.md")
    world.notifications.clear()
    record = {
        "eventName": "ObjectRemoved:DeleteMarkerCreated",
        "s3": {"bucket": {"name": RAW}, "object": {"key": "processed/a.md"}},
    }
    letters_of(world).redrive(lay(world, EVENTS_DLQ, {"Records": [record]}))
    assert world.live(document_id) == 0


def test_what_is_void_is_discarded(world: World) -> None:
    done, gone, anew = world.upload("done.md", GUIDE), world.upload("gone.md", GUIDE), world.upload("anew.md", GUIDE)
    world.rest()
    world.delete("processed/gone.md")
    world.upload("anew.md", GUIDE + "\n\nAnd more.")
    world.rest()
    for document_id, version in ((done, 1), (gone, 1), (anew, 1), ("nobody", 1)):
        lay(world, INGESTION_DLQ, {"document_id": document_id, "version": version})
    lay(world, EVENTS_DLQ, {"source": "aws.events", "detail-type": "Scheduled Event"})
    assert {letter.remedy for letter in listed(world)} == {Remedy.DISCARD}
    told = "\n".join(letter.reason for letter in listed(world))
    for words in (
        "has been completed since",
        "has been deleted since",
        "tried anew since",
        "knows no such",
        "schedule",
    ):
        assert words in told
    letters_of(world).redrive_all()
    assert listed(world) == []
    assert world.live(done) == 1
    assert world.live(anew) == 2


@pytest.mark.parametrize("body", ["not JSON", "[1]", '{"document_id": 7}', '{"document_id": "d", "version": 0}'])
def test_what_is_no_message_of_the_pipeline_stays(world: World, body: str) -> None:
    message_id = lay(world, INGESTION_DLQ, body)
    assert listed(world)[0].remedy is Remedy.NONE
    with pytest.raises(Conflict, match="no message of the pipeline"):
        letters_of(world).redrive(message_id)
    assert letters_of(world).redrive_all()[0].refusal
    assert len(listed(world)) == 1


@pytest.mark.parametrize("records", [[1], [{"eventName": 5}], [{"s3": {}}], "text", 5])
def test_an_event_that_is_none_breaks_nothing(world: World, records: Any) -> None:
    lay(world, EVENTS_DLQ, {"Records": records})
    assert listed(world)[0].remedy is Remedy.DISCARD
