"""Versions: questions as of a time, old versions kept and let go, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.errors import Conflict, NotFound
from portfolio_rag.domain.identifiers import document_id_for, iso
from portfolio_rag.domain.jobs import JobType
from portfolio_rag.domain.versions import history_collection, known_versions
from portfolio_rag.pipeline.documents.lifecycle import Lifecycle
from portfolio_rag.pipeline.maintenance.differences import DifferenceKind

from .fast import install
from .models import HashEmbedder
from .schedule import TEXTS, name_of
from .world import RAW, World

KEY = "guides/queues.md"
DOCUMENT = document_id_for(RAW, KEY)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def world() -> World:
    return World()


def put(world: World, name: str) -> str:
    """Upload that text, let it answer, and let a day pass; the time in the middle of that day."""
    world.upload(KEY, TEXTS[name])
    world.run()
    assert name_of(world, DOCUMENT) == name
    world.clock.advance(DAY / 2)
    noon = iso(world.clock.time)
    world.clock.advance(DAY / 2)
    return noon


def head_of(world: World) -> DocumentHead:
    head = world.container.registry.head(DOCUMENT)
    assert head is not None
    return head


def found(world: World, as_of: str | None = None) -> set[int]:
    return world.found("Paragraph 1 of long", as_of=as_of).get(DOCUMENT, set())


def history(world: World) -> set[str]:
    return set(world.chroma.data.get(history_collection(world.container.index_aliases.current().live), {}))


def texts_as_of(world: World, as_of: str) -> str:
    """All that a search as of that time could show of the document, in order."""
    (version,) = found(world, as_of)
    chunks = world.container.chunks.of_document(DOCUMENT, version=version)
    return " ".join(" ".join(chunk.content.split()) for chunk in chunks)


def test_each_time_is_answered_from_what_was_live_then(world: World) -> None:
    before = iso(world.clock.time)
    first, second, third = (put(world, name) for name in ("short", "long", "other"))
    embedded = world.embedder.embedded.total()
    assert set(world.windows(DOCUMENT).values()) == {3}
    assert [found(world, moment) for moment in (before, first, second, third)] == [set(), {1}, {2}, {3}]
    assert found(world) == {3}
    assert "of short says" in texts_as_of(world, first)
    # Only questions were embedded: the windows of what was replaced have moved by their backup.
    assert world.embedder.embedded.total() == embedded + 6
    world.rest()
    world.check()
    assert [found(world, moment) for moment in (before, first, second, third)] == [set(), {1}, {2}, {3}]


def test_the_moment_of_the_switch_belongs_to_the_new_version(world: World) -> None:
    put(world, "short")
    put(world, "long")
    switch = head_of(world).publications[1].at
    just_before = iso(datetime.fromisoformat(switch) - timedelta(microseconds=1))
    assert found(world, just_before) == {1}
    assert found(world, switch) == {2}


def test_the_registry_decides_whatever_an_index_holds(world: World) -> None:
    first, second = put(world, "short"), put(world, "long")
    both = [(DOCUMENT, 1), (DOCUMENT, 2)]
    live = world.container.live_documents
    assert set(live.read(both, []).documents) == {(DOCUMENT, 2)}
    assert set(live.read_as_of(first, both, []).documents) == {(DOCUMENT, 1)}
    assert set(live.read_as_of(second, both, []).documents) == {(DOCUMENT, 2)}
    # Who may not see what answers now may not see what did.
    assert live.read_as_of(first, both, []).current[DOCUMENT].version == 2


def test_what_is_deleted_answers_for_no_time(world: World) -> None:
    first, second = put(world, "short"), put(world, "long")
    world.delete(f"processed/{KEY}")
    world.run()
    assert [found(world, moment) for moment in (first, second)] == [set(), set()]
    assert not history(world)
    assert not list(world.container.chunks.of_document(DOCUMENT))
    assert not world.container.backup.of_document(DOCUMENT).versions
    world.rest()
    world.check()
    # What is uploaded again begins a history of its own.
    third = put(world, "other")
    assert [found(world, moment) for moment in (first, second, third)] == [set(), set(), {3}]


def test_a_version_that_is_taken_out_for_a_newer_one_is_forgotten(world: World) -> None:
    """Its owner has deleted it while a new upload was on its way: that was a deletion all the same."""
    first, second = put(world, "short"), put(world, "long")
    world.upload(KEY, TEXTS["other"])
    world.invoke(*world.next_event())
    world.delete(f"processed/{KEY}")
    world.run()
    assert name_of(world, DOCUMENT) == "other"
    assert known_versions(head_of(world).publications) == {3}
    assert [found(world, moment) for moment in (first, second)] == [set(), set()]
    world.rest()
    world.check()


def test_versions_are_kept_by_number(world: World) -> None:
    world.remember(versions=2, days=0)
    moments = [put(world, name) for name in ("short", "long", "other", "longer", "short")]
    world.rest()
    world.check()
    assert known_versions(head_of(world).publications) == {3, 4, 5}
    assert [found(world, moment) for moment in moments] == [set(), set(), {3}, {4}, {5}]
    assert world.container.backup.of_document(DOCUMENT).versions == {3, 4, 5}


def test_versions_are_kept_for_days_after_they_were_replaced(world: World) -> None:
    world.remember(versions=10, days=5)
    moments = [put(world, name) for name in ("short", "long", "other")]
    world.rest()
    assert [found(world, moment) for moment in moments] == [{1}, {2}, {3}]
    # Version 1 was replaced two days ago, version 2 one.
    world.clock.advance(3 * DAY + DAY / 2)
    world.rest()
    world.check()
    assert [found(world, moment) for moment in moments] == [set(), {2}, {3}]
    world.clock.advance(100 * DAY)
    world.rest()
    world.check()
    assert [found(world, moment) for moment in moments] == [set(), set(), {3}]
    assert not history(world)


def test_without_a_memory_only_what_is_live_answers(world: World) -> None:
    world.remember(versions=0, days=0)
    first, second = put(world, "short"), put(world, "long")
    world.rest()
    world.check()
    assert [found(world, first), found(world, second)] == [set(), {2}]
    assert world.container.backup.of_document(DOCUMENT).versions == {2}


def test_what_answered_before_publications_were_recorded_is_not_kept(world: World) -> None:
    first = put(world, "short")
    row = next(item for item in world.dynamo.tables["document_registry"].items.values() if "live_version" in item)
    del row["publications"]
    assert found(world, first) == {1}
    assert found(world, iso(datetime.fromisoformat(first) - DAY)) == set()
    second = put(world, "long")
    assert not list(world.container.chunks.of_document(DOCUMENT, version=1))
    assert [found(world, first), found(world, second)] == [set(), {2}]
    world.rest()
    world.check()


def test_a_reindex_keeps_the_history_under_another_model_too(world: World) -> None:
    first, second = put(world, "short"), put(world, "long")
    for number, fingerprint in enumerate(("sim", "another model"), 1):
        world.embedder = HashEmbedder(fingerprint)
        world.remember(versions=10, days=0)
        world.attempt("batch_reindex", {"job_id": f"{number:08d}-job", "job_type": "REINDEX"})
        world.run()
        assert set(world.windows(DOCUMENT).values()) == {2}
        assert [found(world, first), found(world, second)] == [{1}, {2}]
        world.rest()
        assert [found(world, first), found(world, second)] == [{1}, {2}]
        found_now = list(world.container.full_scan.run(repair=False))
        assert not found_now, found_now


def test_a_search_that_lasts_follows_a_reindex_now_and_as_of_a_time(world: World) -> None:
    first, second = put(world, "long"), put(world, "short")
    search = world.container.retrieval

    def versions(as_of: str | None = None) -> set[int]:
        return {passage.document.version for passage in search.search("Paragraph 1 of long", top_k=50, as_of=as_of)}

    assert [versions(moment) for moment in (None, first, second)] == [{2}, {1}, {2}]
    old = world.container.index_aliases.current().live
    world.start_job(JobType.REINDEX)
    world.rest()
    assert not world.chroma.data.get(old)
    third = put(world, "other")
    assert [versions(moment) for moment in (first, second, third, None)] == [{1}, {2}, {3}, {3}]
    world.start_job(JobType.REINDEX)
    world.rest()
    assert [versions(moment) for moment in (None, second)] == [{3}, {2}]


def test_what_chroma_loses_of_the_history_is_put_back_from_the_backup(world: World) -> None:
    first = put(world, "long")
    put(world, "short")
    world.rest()
    name = history_collection(world.container.index_aliases.current().live)
    lost = sorted(world.chroma.data[name])[::2]
    for id_ in lost:
        del world.chroma.data[name][id_]
    embedded = world.embedder.embedded.total()
    kinds = [difference.kind for difference in world.container.full_scan.run(repair=True)]
    assert kinds == [DifferenceKind.VECTORS_MISSING]
    assert world.embedder.embedded.total() == embedded
    world.check()
    assert found(world, first) == {1}


def test_a_version_that_has_lost_its_backup_is_forgotten_and_the_one_before_does_not_answer_for_it(
    world: World,
) -> None:
    first, second, third = (put(world, name) for name in ("short", "long", "other"))
    world.rest()
    world.container.backup.delete(DOCUMENT, 2)
    assert list(world.container.full_scan.run(repair=True))
    assert [found(world, moment) for moment in (first, second, third)] == [{1}, set(), {3}]
    world.rest()
    world.check()
    assert [found(world, moment) for moment in (first, second, third)] == [{1}, set(), {3}]


def test_a_rollback_answers_with_the_old_text_and_embeds_nothing(world: World) -> None:
    first, second = put(world, "long"), put(world, "short")
    embedded = world.embedder.embedded.total()
    old = [chunk.content for chunk in world.container.chunks.of_document(DOCUMENT, version=1)]
    restored = world.container.rollback.to(DOCUMENT, 1, by="ann")
    assert (restored.version, restored.restores, restored.restored_by) == (3, 1, "ann")
    # Until its chunks are there, the current version answers.
    assert name_of(world, DOCUMENT) == "short"
    world.run()
    assert [chunk.content for chunk in world.chunks(DOCUMENT)] == old
    assert world.embedder.embedded.total() == embedded
    assert world.bytes_of(world.version(DOCUMENT, 3)) == TEXTS["long"].encode()
    assert world.version(DOCUMENT, 3).s3_key == f"processed/{KEY}"
    world.clock.advance(DAY)
    assert [found(world, moment) for moment in (first, second, iso(world.clock.time))] == [{1}, {2}, {3}]
    world.rest()
    world.check()
    # And back again.
    world.container.rollback.to(DOCUMENT, 2)
    world.run()
    assert name_of(world, DOCUMENT) == "short"
    world.rest()
    world.check()


def test_a_rollback_embeds_nothing_though_a_later_version_took_the_addresses_with_it(world: World) -> None:
    put(world, "long")
    put(world, "short")
    # A later version that shares the text has the addresses point to its own vectors, and takes them along.
    addresses = world.container.embedding_locations
    addresses.remove([vector_id for vector_id, _ in addresses.all()], "vectors/")
    embedded = world.embedder.embedded.total()
    world.container.rollback.to(DOCUMENT, 1)
    world.run()
    assert name_of(world, DOCUMENT) == "long"
    assert world.embedder.embedded.total() == embedded
    world.rest()
    world.check()


def test_a_rollback_waits_until_all_of_the_old_chunks_can_be_seen(world: World) -> None:
    put(world, "long")
    put(world, "short")
    chunks, lags = world.container.chunks, [True]
    read = chunks.of_document

    def lagging(document_id: str, *, version: int | None = None, **options: Any) -> Iterator[Chunk]:
        seen = list(read(document_id, version=version, **options))
        return iter(seen[:-1] if version == 1 and lags and lags.pop() else seen)

    chunks.of_document = lagging  # type: ignore[method-assign]
    world.container.rollback.to(DOCUMENT, 1)
    world.run()
    assert name_of(world, DOCUMENT) == "long"
    assert world.version(DOCUMENT, 3).chunk_count == world.version(DOCUMENT, 1).chunk_count


def _nothing(_: World) -> None:
    return None


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("late", [False, True], ids=["in order", "its event comes again"])
def test_an_upload_on_its_way_never_replaces_a_rollback_that_came_after_it(
    world: World, steps: int, late: bool
) -> None:
    put(world, "short")
    put(world, "long")
    world.upload(KEY, TEXTS["other"])
    event = world.next_event()
    if steps:
        world.invoke(*event)
    for _ in range(steps - 1):
        world.step()
    if world.live(DOCUMENT) == 3:
        return  # It has come first.
    world.container.rollback.to(DOCUMENT, 1, by="ann")
    if late or not steps:
        world.invoke(*event)
    world.run()
    world.attempt("check_health", {})
    world.run()
    assert name_of(world, DOCUMENT) == "short"
    world.rest()
    world.check()
    assert name_of(world, DOCUMENT) == "short"
    assert world.bytes_of(world.version(DOCUMENT, world.live(DOCUMENT))) == TEXTS["short"].encode()


def test_an_upload_whose_event_has_not_come_is_older_than_a_rollback(world: World) -> None:
    test_an_upload_on_its_way_never_replaces_a_rollback_that_came_after_it(world, 0, late=True)


def test_the_leftover_of_an_upload_that_a_rollback_has_overtaken_is_cleared_away(world: World) -> None:
    """A crash after the rollback's registration leaves the older upload unended, its object in incoming/."""
    put(world, "short")
    put(world, "long")
    world.upload(KEY, TEXTS["other"])
    event = world.next_event()
    world.invoke(*event)
    intake = world.container.intake
    world.container.lifecycle.supersede_older = lambda *_: None  # type: ignore[method-assign]
    world.container.rollback.to(DOCUMENT, 1)
    world.remember(versions=10, days=0)
    assert world.container.intake is not intake
    world.clock.advance(timedelta(minutes=30))
    world.invoke(*event)
    world.rest()
    world.check()
    assert name_of(world, DOCUMENT) == "short"
    assert not world.s3.current_keys(RAW, "incoming/")


def test_a_version_keeps_its_bytes_that_the_next_one_of_the_same_upload_has_moved(world: World) -> None:
    """New attributes come after the first version has answered, and before its bytes are moved."""
    finalize = Lifecycle._finalize_completed

    def crash(lifecycle: Lifecycle, head: DocumentHead, version: DocumentVersion) -> None:
        if head.live_version > 1:
            finalize(lifecycle, head, version)

    with pytest.MonkeyPatch.context() as crashed:
        crashed.setattr(Lifecycle, "_finalize_completed", crash)
        world.upload(KEY, TEXTS["short"])
        world.run()
        world.upload(f"{KEY}.metadata.json", '{"metadataAttributes": {"n": 1}}')
        world.run()
    assert head_of(world).live_version == 2
    first = world.version(DOCUMENT, 1)
    assert first.s3_key == "archived/guides/queues.v1.md"
    assert world.bytes_of(first) == TEXTS["short"].encode()
    world.rest()
    world.check()
    world.container.rollback.to(DOCUMENT, 1)
    world.run()
    assert head_of(world).live_version == 3


def test_an_upload_after_a_rollback_replaces_it(world: World) -> None:
    put(world, "short")
    put(world, "long")
    world.container.rollback.to(DOCUMENT, 1)
    world.upload(KEY, TEXTS["other"])
    world.run()
    assert name_of(world, DOCUMENT) == "other"
    world.rest()
    world.check()


@pytest.mark.parametrize("steps", range(4))
def test_a_deletion_during_a_rollback_counts_though_its_event_comes_last(world: World, steps: int) -> None:
    put(world, "short")
    put(world, "long")
    world.container.rollback.to(DOCUMENT, 1)
    for _ in range(steps):
        world.step()
    world.delete(f"processed/{KEY}")
    held = list(world.notifications)
    world.notifications.clear()
    world.run()
    world.notifications.extend(held)
    world.rest()
    world.check()
    assert world.live(DOCUMENT) == 0
    assert found(world, iso(world.clock.time)) == set()


@pytest.mark.parametrize("steps", range(6))
def test_attributes_that_come_during_a_rollback_are_those_of_the_restored_version(world: World, steps: int) -> None:
    put(world, "short")
    put(world, "long")
    world.container.rollback.to(DOCUMENT, 1)
    for _ in range(steps):
        world.step()
    world.upload(f"{KEY}.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    world.run()
    assert name_of(world, DOCUMENT) == "short"
    assert world.version(DOCUMENT, world.live(DOCUMENT)).metadata["team"] == "platform"
    world.rest()
    world.check()


def test_attributes_that_come_before_the_restored_chunks(world: World) -> None:
    test_attributes_that_come_during_a_rollback_are_those_of_the_restored_version(world, 1)


def test_a_rollback_keeps_the_access_list_of_now(world: World) -> None:
    open_list = '{"AccessControlList": [{"Name": "staff", "Type": "GROUP", "Access": "ALLOW"}]}'
    world.upload(f"{KEY}.metadata.json", open_list)
    put(world, "short")
    world.upload(f"{KEY}.metadata.json", open_list.replace("staff", "board"))
    put(world, "long")
    assert world.version(DOCUMENT, 1).access_list[0].name == "staff"
    world.container.rollback.to(DOCUMENT, 1)
    world.run()
    assert [entry.name for entry in world.version(DOCUMENT, world.live(DOCUMENT)).access_list] == ["board"]


def test_a_rollback_that_fails_is_tried_again_and_a_batch_still_finds_the_document(world: World) -> None:
    put(world, "short")
    put(world, "long")
    world.container.rollback.to(DOCUMENT, 1)
    world.chroma.down = True
    world.run()
    world.clock.advance(DAY)
    world.run()
    world.chroma.down = False
    world.rest()
    assert name_of(world, DOCUMENT) == "short"
    world.check()


def forget(world: World) -> None:
    """Version 1 is kept no longer from the next look on."""
    world.remember(versions=1, days=0)
    put(world, "other")
    world.rest()


@pytest.mark.parametrize(
    ("before", "number", "error"),
    [
        (_nothing, 2, Conflict),
        (_nothing, 7, Conflict),
        (forget, 1, Conflict),
        (lambda world: world.delete(f"processed/{KEY}"), 1, NotFound),
        (lambda world: world.container.documents.delete(DOCUMENT), 1, NotFound),
    ],
    ids=["answers already", "unknown", "not kept", "being deleted", "deleted"],
)
def test_a_rollback_that_cannot_be_is_refused_and_changes_nothing(
    world: World, before: Callable[[World], None], number: int, error: type[Exception]
) -> None:
    put(world, "short")
    put(world, "long")
    before(world)
    latest = head_of(world).latest_version
    with pytest.raises(error):
        world.container.rollback.to(DOCUMENT, number)
    assert head_of(world).latest_version == latest
    world.rest()
    world.check()


def test_asked_twice_a_rollback_is_made_once(world: World) -> None:
    put(world, "short")
    put(world, "long")
    first, second = (world.container.rollback.to(DOCUMENT, 1) for _ in range(2))
    assert first.version == second.version == 3
    world.run()
    with pytest.raises(Conflict):
        world.container.rollback.to(DOCUMENT, 1)


def test_a_version_is_not_forgotten_while_a_rollback_to_it_is_on_its_way(world: World) -> None:
    world.remember(versions=1, days=0)
    put(world, "short")
    put(world, "long")
    world.rest()
    restored = world.container.rollback.to(DOCUMENT, 1)
    world.attempt("check_health", {})
    assert known_versions(head_of(world).publications) == {1, 2}
    world.run()
    assert world.live(DOCUMENT) == restored.version
    world.rest()
    assert known_versions(head_of(world).publications) == {2, 3}
    world.check()


def test_a_version_does_not_expire_while_a_rollback_to_it_is_on_its_way(world: World) -> None:
    world.remember(versions=10, days=3)
    put(world, "short")
    put(world, "long")
    world.rest()
    world.clock.advance(3 * DAY)
    expiring = list(world.container.registry.expiring(before=iso(world.clock.time)))
    assert [head.document_id for head in expiring] == [DOCUMENT]
    restored = world.container.rollback.to(DOCUMENT, 1)
    # The index lags.
    world.container.registry.expiring = lambda **_: iter(expiring)  # type: ignore[method-assign]
    world.attempt("check_health", {})
    assert known_versions(head_of(world).publications) == {1, 2}
    world.run()
    assert world.live(DOCUMENT) == restored.version
    assert name_of(world, DOCUMENT) == "short"
    world.rest()
    world.check()
    assert known_versions(head_of(world).publications) == {2, 3}


def test_what_was_forgotten_does_not_come_back_by_a_registration_that_began_before(world: World) -> None:
    world.remember(versions=1, days=0)
    first = put(world, "short")
    put(world, "long")
    put(world, "other")
    registry = world.container.registry
    stale = head_of(world)
    assert known_versions(stale.publications) == {1, 2, 3}
    world.rest()
    assert known_versions(head_of(world).publications) == {2, 3}
    target = world.version(DOCUMENT, 1)
    with pytest.raises(Conflict):
        world.container.intake.register_restored(stale, target, by=None)
    assert known_versions(registry.head(DOCUMENT).publications) == {2, 3}  # type: ignore[union-attr]
    assert found(world, first) == set()
