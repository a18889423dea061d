"""`rag sync` against the real pipeline on the models: what it sends, leaves alone and deletes."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portfolio_rag.cli.sync import Sync
from portfolio_rag.domain.errors import InvalidRequest
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.local.sync.plan import Action
from portfolio_rag.local.uploads import Uploader, collect
from tests.support.office import mail

from .fast import install
from .s3 import S3Model
from .schedule import BAD, TEXTS
from .world import RAW, World

OTHER = "team-documents"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents, one of them with a sidecar; what else lies about is hidden or no document."""
    write(tmp_path / "a.md", TEXTS["short"])
    write(tmp_path / "dir" / "b.md", TEXTS["other"])
    write(tmp_path / "dir" / "c.md", TEXTS["long"])
    write(tmp_path / "a.md.metadata.json", '{"metadataAttributes": {"team": "platform"}}')
    write(tmp_path / ".git" / "config", "[core]")
    (tmp_path / "tool.bin").write_bytes(BAD)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def syncing(world: World, source: Path | str, *, prefix: str | None = "team", delete: bool = False) -> Sync:
    services = {"s3": world.s3, "dynamodb": world.dynamo}
    return Sync(services.__getitem__, world.container.settings, str(source), prefix=prefix, delete=delete)  # type: ignore[arg-type]


def sync(world: World, source: Path | str, *, prefix: str | None = "team", delete: bool = False) -> dict[str, Action]:
    """One pass and all that follows; what became of each document."""
    work = syncing(world, source, prefix=prefix, delete=delete)
    plan = work.plan()
    assert work.apply(plan) == []
    world.run()
    world.check()
    return {step.logical_key: step.action for step in plan.steps}


def live(world: World, key: str) -> int:
    return world.live(document_id_for(RAW, key))


ALL_NEW = {
    "team/a.md": Action.NEW,
    "team/dir/b.md": Action.NEW,
    "team/dir/c.md": Action.NEW,
    "team/tool.bin": Action.SKIPPED,
}


def test_what_is_new_is_sent_and_the_second_time_nothing_is(world: World, folder: Path) -> None:
    assert sync(world, folder) == ALL_NEW
    assert world.version(document_id_for(RAW, "team/a.md"), 1).metadata == {"team": "platform"}
    objects = json.dumps(sorted(world.s3.objects[RAW]))
    world.s3.put_object = None  # type: ignore[assignment,method-assign]
    assert sync(world, folder) == {
        key: Action.UNCHANGED if action is Action.NEW else action for key, action in ALL_NEW.items()
    }
    assert json.dumps(sorted(world.s3.objects[RAW])) == objects


def test_of_each_document_the_head_and_the_newest_version_are_read_once(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(world, folder)
    keys: list[tuple[str, str]] = []
    read = world.dynamo.batch_get_item

    def noted(RequestItems: dict[str, dict[str, Any]]) -> dict[str, Any]:
        for asked in RequestItems.values():
            keys.extend((key["document_id"]["S"], key["version"]["N"]) for key in asked["Keys"])
        return read(RequestItems=RequestItems)

    monkeypatch.setattr(world.dynamo, "batch_get_item", noted)
    plan = syncing(world, folder).plan()
    assert {step.logical_key for step in plan.of(Action.UNCHANGED)} == {"team/a.md", "team/dir/b.md", "team/dir/c.md"}
    ids = [document_id_for(RAW, key) for key in ALL_NEW]
    assert sorted(keys) == sorted([*((id_, "0") for id_ in ids), *((id_, "1") for id_ in ids[:3])])


def test_the_keys_are_those_of_the_folder_below_the_prefix(world: World, folder: Path) -> None:
    assert set(sync(world, folder, prefix=None)) == {"a.md", "dir/b.md", "dir/c.md", "tool.bin"}
    assert set(sync(world, folder, prefix="/x/y/")) == {"x/y/a.md", "x/y/dir/b.md", "x/y/dir/c.md", "x/y/tool.bin"}


def test_what_has_changed_is_sent_whether_or_not_its_size_has(world: World, folder: Path) -> None:
    sync(world, folder)
    write(folder / "a.md", TEXTS["short"].replace("short", "shirt"))
    write(folder / "dir" / "b.md", TEXTS["other"] + "More.\n")
    actions = sync(world, folder)
    changed = {key for key, action in actions.items() if action is Action.CHANGED}
    assert changed == {"team/a.md", "team/dir/b.md"}
    assert "shirt" in world.texts(document_id_for(RAW, "team/a.md"))
    assert live(world, "team/dir/b.md") == 2


def test_other_attributes_are_sent_alone(world: World, folder: Path) -> None:
    sync(world, folder)
    uploads = len(world.s3.objects[RAW]["incoming/team/a.md"])
    write(folder / "a.md.metadata.json", '{"metadataAttributes": {"team": "security"}}')
    work = syncing(world, folder)
    plan = work.plan()
    assert [step.logical_key for step in plan.of(Action.CHANGED)] == ["team/a.md"]
    work.apply(plan)
    assert len(world.s3.objects[RAW]["incoming/team/a.md"]) == uploads
    world.run()
    assert live(world, "team/a.md") == 2
    assert world.version(document_id_for(RAW, "team/a.md"), 2).metadata == {"team": "security"}


def test_without_its_sidecar_a_document_has_no_attributes_any_more(world: World, folder: Path) -> None:
    sync(world, folder)
    (folder / "a.md.metadata.json").unlink()
    assert sync(world, folder)["team/a.md"] is Action.CHANGED
    assert world.version(document_id_for(RAW, "team/a.md"), 2).metadata == {}
    assert sync(world, folder)["team/a.md"] is Action.UNCHANGED


def test_what_is_under_way_is_not_sent_again(world: World, folder: Path) -> None:
    old = world.clock.now().timestamp() - 60
    for path in folder.rglob("*.md"):
        os.utime(path, (old, old))
    work = syncing(world, folder)
    work.apply(work.plan())
    for waiting in (6, 0):
        # In `incoming/` alone, and then registered, too.
        while len(world.notifications) > waiting:
            world.step()
        assert [step.logical_key for step in syncing(world, folder).plan().of(Action.NEW)] == []
    plan = syncing(world, folder).plan()
    assert plan.of(Action.UNDER_WAY)
    assert not plan.of(Action.CHANGED)
    new = world.clock.now().timestamp() + 60
    os.utime(folder / "a.md", (new, new))
    assert [step.logical_key for step in syncing(world, folder).plan().of(Action.CHANGED)] == ["team/a.md"]


def test_an_upload_whose_turn_comes_during_the_comparison_is_not_sent_again(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not registered at the first look and no longer in `incoming/` at the second."""
    work = syncing(world, folder)
    work.apply(work.plan())
    listed = world.s3.get_paginator

    def after_its_turn(operation: str) -> Any:
        world.run()
        return listed(operation)

    monkeypatch.setattr(world.s3, "get_paginator", after_its_turn)
    plan = syncing(world, folder).plan()
    assert {step.logical_key for step in plan.of(Action.UNCHANGED)} == {"team/a.md", "team/dir/b.md", "team/dir/c.md"}


def test_where_nothing_is_new_s3_is_not_asked(world: World, folder: Path) -> None:
    (folder / "tool.bin").unlink()
    sync(world, folder)
    services = {"dynamodb": world.dynamo}  # without "s3": a client of it takes longer than the rest
    work = Sync(services.__getitem__, world.container.settings, str(folder), prefix="team", delete=False)  # type: ignore[arg-type]
    plan = work.plan()
    assert {step.action for step in plan.steps} == {Action.UNCHANGED}
    assert work.apply(plan) == []


def test_what_has_failed_is_told_and_not_sent_again(world: World, folder: Path) -> None:
    old = world.clock.now().timestamp() - 60
    write(folder / "empty.txt", "\n")
    os.utime(folder / "empty.txt", (old, old))
    sync(world, folder)
    plan = syncing(world, folder).plan()
    assert [(step.logical_key, step.reason) for step in plan.of(Action.FAILED)] == [
        ("team/empty.txt", "The document holds no text.")
    ]


def test_what_is_gone_is_deleted_when_asked_and_only_below_the_prefix(world: World, folder: Path) -> None:
    for key in ("other.md", "teams/d.md", "team/gone.md"):
        world.upload(key, TEXTS["short"])
    world.run()
    sync(world, folder)
    (folder / "dir" / "c.md").unlink()
    assert Action.DELETED not in sync(world, folder).values()
    actions = sync(world, folder, delete=True)
    assert {key for key, action in actions.items() if action is Action.DELETED} == {"team/gone.md", "team/dir/c.md"}
    assert [live(world, key) for key in ("other.md", "teams/d.md", "team/gone.md", "team/dir/c.md")] == [1, 1, 0, 0]
    assert Action.DELETED not in sync(world, folder, delete=True).values()
    write(folder / "dir" / "c.md", TEXTS["long"])
    assert sync(world, folder, delete=True)["team/dir/c.md"] is Action.NEW
    assert live(world, "team/dir/c.md") == 2


def test_what_is_there_and_cannot_be_ingested_any_more_is_no_deletion(world: World, folder: Path) -> None:
    sync(world, folder)
    (folder / "a.md").write_bytes(BAD)
    assert sync(world, folder, delete=True)["team/a.md"] is Action.SKIPPED
    assert live(world, "team/a.md") == 1


def test_attachments_stay_with_their_mail(world: World, folder: Path) -> None:
    (folder / "offer.eml").write_bytes(mail("Our offer.", {"terms.md": b"# Terms\n\nPay within 30 days.\n"}))
    sync(world, folder)
    assert live(world, "team/offer.eml/terms.md") == 1
    assert Action.DELETED not in sync(world, folder, delete=True).values()
    (folder / "offer.eml").unlink()
    sync(world, folder, delete=True)
    assert live(world, "team/offer.eml/terms.md") == 0


def test_an_empty_folder_deletes_nothing(world: World, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert sync(world, empty, delete=True) == {}
    sync(world, folder)
    with pytest.raises(InvalidRequest, match="all 3 below"):
        syncing(world, empty, delete=True).plan()


def test_a_deletion_needs_a_prefix(world: World, folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="--prefix"):
        syncing(world, folder, prefix=None, delete=True)
    world.upload("other.md", TEXTS["short"])
    world.run()
    assert sync(world, folder, prefix="/", delete=True)["other.md"] is Action.DELETED


def test_a_file_is_no_folder_and_a_wrong_sidecar_is_named(world: World, folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="is no folder"):
        syncing(world, folder / "a.md")
    write(folder / "a.md.metadata.json", "{}")
    with pytest.raises(InvalidRequest, match=r"a\.md"):
        syncing(world, folder).plan()


def test_one_that_cannot_be_sent_does_not_keep_the_others(world: World, folder: Path) -> None:
    work = syncing(world, folder)
    plan = work.plan()
    (folder / "a.md").unlink()
    failures = work.apply(plan)
    assert [step.logical_key for step, _ in failures] == ["team/a.md"]
    world.run()
    assert [live(world, key) for key in ("team/dir/b.md", "team/dir/c.md")] == [1, 1]


def test_who_waits_for_an_upload_that_changes_nothing_is_told_of_the_version_that_answers(
    world: World, folder: Path
) -> None:
    services = {"s3": world.s3, "dynamodb": world.dynamo}
    uploader = Uploader(services.__getitem__, world.container.settings)  # type: ignore[arg-type]
    [upload], _ = collect([folder / "a.md"], prefix="team")
    for _ in range(2):
        sent = uploader.put(upload)
        assert uploader.ended([sent]) == {}
        world.run()
        assert [version.version for version in uploader.ended([sent]).values()] == [1]
        world.clock.advance(timedelta(minutes=1))
    assert sent.version == 2


# --- from a bucket


def bucket(world: World, objects: dict[str, bytes | str]) -> S3Model:
    world.s3.objects.setdefault(OTHER, {})
    for key, body in objects.items():
        world.s3.put_object(Bucket=OTHER, Key=key, Body=body.encode() if isinstance(body, str) else body)
    return world.s3


BUCKET = {
    "shared/": b"",
    "shared/a.md": TEXTS["short"],
    "shared/a.md.metadata.json": '{"metadataAttributes": {"team": "platform"}}',
    "shared/dir/b.md": TEXTS["other"],
    "shared/.hidden/c.md": TEXTS["long"],
    "shared/tool.bin": BAD,
    "shared-too/d.md": TEXTS["long"],
}


def test_a_prefix_of_another_bucket_is_copied_and_compared_without_reading_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket(world, BUCKET)  # type: ignore[arg-type]
    source = f"s3://{OTHER}/shared/"
    assert sync(world, source) == {
        "team/a.md": Action.NEW,
        "team/dir/b.md": Action.NEW,
        "team/tool.bin": Action.SKIPPED,
    }
    assert world.version(document_id_for(RAW, "team/a.md"), 1).metadata == {"team": "platform"}
    read: list[str] = []
    get = world.s3.get_object

    def reading(**asked: str) -> dict[str, object]:
        read.append(asked["Key"])
        return get(**asked)

    monkeypatch.setattr(world.s3, "get_object", reading)
    assert Action.NEW not in sync(world, source).values()
    assert "shared/dir/b.md" not in read
    bucket(world, {"shared/a.md": TEXTS["short"].replace("short", "shirt")})
    assert sync(world, source)["team/a.md"] is Action.CHANGED
    assert "shirt" in world.texts(document_id_for(RAW, "team/a.md"))
    world.s3.delete_object(Bucket=OTHER, Key="shared/dir/b.md")
    assert sync(world, source, delete=True)["team/dir/b.md"] is Action.DELETED
    assert live(world, "team/dir/b.md") == 0


def test_where_etags_differ_the_bytes_decide(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket(world, BUCKET)  # type: ignore[arg-type]
    source = f"s3://{OTHER}/shared"
    sync(world, source)
    listed = world.s3.list_objects_v2

    def in_parts(**asked: str) -> dict[str, object]:
        answer = listed(**asked)
        for entry in answer["Contents"] if asked["Bucket"] == OTHER else ():
            entry["ETag"] = '"of-parts-2"'
        return answer

    monkeypatch.setattr(world.s3, "list_objects_v2", in_parts)
    assert set(sync(world, source).values()) == {Action.UNCHANGED, Action.SKIPPED}


def test_what_changes_between_the_comparison_and_the_copy_is_left_to_the_next_sync(world: World) -> None:
    bucket(world, BUCKET)  # type: ignore[arg-type]
    work = syncing(world, f"s3://{OTHER}/shared")
    plan = work.plan()
    bucket(world, {"shared/a.md": TEXTS["long"]})
    assert [step.logical_key for step, _ in work.apply(plan)] == ["team/a.md"]
    world.clock.advance(timedelta(minutes=1))
    world.run()
    assert sync(world, f"s3://{OTHER}/shared")["team/a.md"] is Action.NEW


@pytest.mark.parametrize("address", ["s3://", f"s3://{RAW}/processed/"])
def test_a_bucket_must_be_another_one(world: World, address: str) -> None:
    with pytest.raises(InvalidRequest, match="another bucket"):
        syncing(world, address)
